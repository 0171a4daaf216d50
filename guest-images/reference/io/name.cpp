// SPDX-License-Identifier: MIT
// io/name.cpp
//
// Symbolic links to devices. Everything at PASSIVE_LEVEL.
#include "io/iop.hpp"

/// The link stays until IoDeleteSymbolicLink. STATUS_OBJECT_NAME_COLLISION: the name is taken.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocreatesymboliclink
NTSTATUS NTAPI IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoCreateSymbolicLink");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(
        &attributes, SymbolicLinkName, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, nullptr, nullptr);
    HANDLE link;
    const NTSTATUS status = ZwCreateSymbolicLinkObject(&link, SYMBOLIC_LINK_ALL_ACCESS, &attributes, DeviceName);
    if (NT_SUCCESS(status)) ZwClose(link);
    return status;
}

/// The default security descriptor is unprotected in this guest.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocreateunprotectedsymboliclink
NTSTATUS NTAPI IoCreateUnprotectedSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName) {
    return IoCreateSymbolicLink(SymbolicLinkName, DeviceName);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iodeletesymboliclink
NTSTATUS NTAPI IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoDeleteSymbolicLink");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(
        &attributes, SymbolicLinkName, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    HANDLE link;
    NTSTATUS status = ZwOpenSymbolicLinkObject(&link, DELETE, &attributes);
    if (!NT_SUCCESS(status)) return status;
    status = ZwMakeTemporaryObject(link);
    ZwClose(link);
    return status;
}
