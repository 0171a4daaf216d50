// SPDX-License-Identifier: MIT
// ob/symbolic_link.cpp
//
// Symbolic links between names.
#include "ob/object.hpp"
#include "rtl/literal.hpp"

namespace {

constexpr ULONG kTargetTag = 'knLS';

struct SymbolicLink {
    UNICODE_STRING target;
};

NTSTATUS parse_link(OB_PARSE* parse) {
    auto* link = static_cast<SymbolicLink*>(parse->ParseObject);
    if (parse->RemainingName.Length == 0 && parse->WantedType == ObpSymbolicLinkType) {
        ObfReferenceObject(link);
        parse->Object = link;
        return STATUS_SUCCESS;
    }
    return ObReparse(parse, &link->target, &parse->RemainingName);
}

VOID NTAPI delete_link(PVOID object) {
    auto* link = static_cast<SymbolicLink*>(object);
    if (link->target.Buffer) ExFreePoolWithTag(link->target.Buffer, kTargetTag);
}

}  // namespace

namespace ob {

void create_symbolic_link_type() {
    OB_TYPE_INFO info = {};
    info.WaitOffset = OB_NOT_WAITABLE;
    info.ValidAccess = SYMBOLIC_LINK_ALL_ACCESS;
    info.Mapping = {
        STANDARD_RIGHTS_READ | SYMBOLIC_LINK_QUERY, STANDARD_RIGHTS_WRITE,
        STANDARD_RIGHTS_EXECUTE | SYMBOLIC_LINK_QUERY, SYMBOLIC_LINK_ALL_ACCESS};
    info.Tag = 'bmyS';
    info.Parse = parse_link;
    info.Delete = delete_link;
    if (!NT_SUCCESS(ObCreateType(L"SymbolicLink", &info, &ObpSymbolicLinkType)))
        KiFatal("no memory for object types", 0x5D, 0, 0, 0, 0);
}

NTSTATUS create_symbolic_link(PCWSTR name, PCWSTR target) {
    UNICODE_STRING name_text = rtl::counted(name), target_text = rtl::counted(target);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name_text, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    HANDLE handle;
    const NTSTATUS status = ZwCreateSymbolicLinkObject(&handle, SYMBOLIC_LINK_ALL_ACCESS, &attributes, &target_text);
    return NT_SUCCESS(status) ? ZwClose(handle) : status;
}

}  // namespace ob

extern "C" {

/// PASSIVE_LEVEL. The target is not looked up. STATUS_INVALID_PARAMETER for an empty target.
NTSTATUS NTAPI ZwCreateSymbolicLinkObject(
    PHANDLE SymbolicLinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, PUNICODE_STRING TargetName) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwCreateSymbolicLinkObject");
    if (!TargetName || !TargetName->Length || TargetName->Length & 1) return STATUS_INVALID_PARAMETER;
    PVOID object;
    const NTSTATUS status = ObCreateObject(
        KernelMode, ObpSymbolicLinkType, ObjectAttributes, KernelMode, nullptr, sizeof(SymbolicLink), 0, 0, &object);
    if (!NT_SUCCESS(status)) return status;
    auto* link = static_cast<SymbolicLink*>(object);
    link->target.Buffer = static_cast<PWCHAR>(ExAllocatePoolWithTag(NonPagedPool, TargetName->Length, kTargetTag));
    if (!link->target.Buffer) {
        ObfDereferenceObject(object);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    link->target.Length = link->target.MaximumLength = TargetName->Length;
    RtlCopyMemory(link->target.Buffer, TargetName->Buffer, TargetName->Length);
    return ObInsertObject(object, nullptr, DesiredAccess, 0, nullptr, SymbolicLinkHandle);
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwopensymboliclinkobject
NTSTATUS NTAPI ZwOpenSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes) {
    return ObOpenObjectByName(
        ObjectAttributes, ObpSymbolicLinkType, KernelMode, nullptr, DesiredAccess, nullptr, LinkHandle);
}

/// PASSIVE_LEVEL. STATUS_BUFFER_TOO_SMALL with the needed length in *ReturnedLength.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwquerysymboliclinkobject
NTSTATUS NTAPI ZwQuerySymbolicLinkObject(HANDLE LinkHandle, PUNICODE_STRING LinkTarget, PULONG ReturnedLength) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwQuerySymbolicLinkObject");
    ob::Reference<SymbolicLink> link;
    const NTSTATUS status = ObReferenceObjectByHandle(
        LinkHandle, SYMBOLIC_LINK_QUERY, ObpSymbolicLinkType, KernelMode, link.receive(), nullptr);
    if (!NT_SUCCESS(status)) return status;
    if (ReturnedLength) *ReturnedLength = link->target.Length;
    if (LinkTarget->MaximumLength < link->target.Length) return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(LinkTarget->Buffer, link->target.Buffer, link->target.Length);
    LinkTarget->Length = link->target.Length;
    return STATUS_SUCCESS;
}

}  // extern "C"
