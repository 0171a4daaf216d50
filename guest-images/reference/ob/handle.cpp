// SPDX-License-Identifier: MIT
// ob/handle.cpp
//
// Handles: one table, the System process's, because there is no user mode. Kernel handles (OBJ_KERNEL_HANDLE) have the sign
// bit set, as on 64-bit Windows. Closing what is not open stops the guest, as it does on Windows.
#include "ke/ki.hpp"
#include "ob/handle_table.hpp"
#include "ob/object.hpp"

extern "C" PEPROCESS PsInitialSystemProcess;

namespace {

constexpr ULONG64 kKernelFlag = 0xFFFFFFFF80000000;
constexpr ULONG kTableTag = 'btbO';
constexpr ULONG kAttributesKept = OBJ_INHERIT | OBJ_KERNEL_HANDLE | OBJ_PROTECT_CLOSE_HANDLE;
const HANDLE kCurrentProcess = reinterpret_cast<HANDLE>(-1), kCurrentThread = reinterpret_cast<HANDLE>(-2);

ob::HandleTable table;

HANDLE handle_of(ULONG slot, ULONG attributes) {
    return reinterpret_cast<HANDLE>((attributes & OBJ_KERNEL_HANDLE ? kKernelFlag : 0) | ULONG64{slot} * 4);
}

ULONG slot_of(HANDLE handle) { return static_cast<ULONG>((reinterpret_cast<ULONG64>(handle) & ~kKernelFlag) / 4); }

/// Atomic. The entry must have been made with the flag the handle has; the two lowest bits are the caller's own.
ob::HandleEntry* find(HANDLE handle) {
    const ULONG64 flag = reinterpret_cast<ULONG64>(handle) & kKernelFlag;
    if (flag != 0 && flag != kKernelFlag) return nullptr;
    ob::HandleEntry* entry = table.find(slot_of(handle));
    return entry && !(entry->attributes & OBJ_KERNEL_HANDLE) == (flag == 0) ? entry : nullptr;
}

NTSTATUS grow() {
    ULONG capacity;
    {
        KiAtomic atomic;
        if (!table.must_grow()) return STATUS_SUCCESS;
        capacity = table.next_capacity();
    }
    auto* entries = static_cast<ob::HandleEntry*>(
        ExAllocatePoolWithTag(NonPagedPool, SIZE_T{capacity} * sizeof(ob::HandleEntry), kTableTag));
    if (!entries) return STATUS_INSUFFICIENT_RESOURCES;
    ob::HandleEntry* unused;
    {
        KiAtomic atomic;
        unused = table.extend(entries, capacity);
    }
    if (unused) ExFreePoolWithTag(unused, kTableTag);
    return STATUS_SUCCESS;
}

/// Takes a handle back out of its object's counts, after its slot is free again.
void drop_handle(PVOID object, ACCESS_MASK access) {
    ob::Header* header = ob::header_of(object, "ZwClose");
    const POBJECT_TYPE type = header->type;
    ULONG left;
    {
        KiAtomic atomic;
        left = static_cast<ULONG>(--header->handles);
        --type->HandleCount;
    }
    if (type->Info.Close) type->Info.Close(object, access, left);
    if (left == 0) ob::remove_unused_name(header);
    ObfDereferenceObject(object);
}

NTSTATUS close(HANDLE handle, ULONG64 caller) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwClose");
    if (!handle || handle == kCurrentProcess || handle == kCurrentThread) return STATUS_INVALID_HANDLE;
    ob::HandleInfo info;
    if (!NT_SUCCESS(ob::reference_handle(handle, KernelMode, &info))) {
        KiPrint("ZwClose: handle %p is not open\n", handle);
        KeBugCheckEx(0x93, reinterpret_cast<ULONG_PTR>(handle), 1, 0, caller);  // INVALID_KERNEL_HANDLE
    }
    if (info.attributes & OBJ_PROTECT_CLOSE_HANDLE) {
        KiPrint("ZwClose: handle %p is protected from being closed\n", handle);
        KeBugCheckEx(0x93, reinterpret_cast<ULONG_PTR>(handle), 0, 0, caller);
    }
    const OB_OKAY_TO_CLOSE_PROCEDURE okay = ObGetObjectType(info.object)->Info.OkayToClose;
    if (okay && !okay(info.object, handle)) {
        ObfDereferenceObject(info.object);
        return STATUS_HANDLE_NOT_CLOSABLE;
    }
    bool mine = false;
    {
        KiAtomic atomic;
        const ob::HandleEntry* entry = find(handle);
        mine = entry && entry->object == info.object;
        if (mine) table.release(slot_of(handle));
    }
    if (!mine) {
        KiPrint("ZwClose: handle %p was closed by two threads at once\n", handle);
        KeBugCheckEx(0x93, reinterpret_cast<ULONG_PTR>(handle), 1, 0, caller);
    }
    drop_handle(info.object, info.access);
    ObfDereferenceObject(info.object);
    return STATUS_SUCCESS;
}

}  // namespace

namespace ob {

ACCESS_MASK map_access(POBJECT_TYPE type, ACCESS_MASK access) {
    const GENERIC_MAPPING& mapping = type->Info.Mapping;
    const ACCESS_MASK valid = type->Info.ValidAccess ? type->Info.ValidAccess | SYNCHRONIZE : ~0u;
    ACCESS_MASK granted = access & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL | MAXIMUM_ALLOWED);
    if (access & GENERIC_READ) granted |= mapping.GenericRead;
    if (access & GENERIC_WRITE) granted |= mapping.GenericWrite;
    if (access & GENERIC_EXECUTE) granted |= mapping.GenericExecute;
    if (access & GENERIC_ALL) granted |= mapping.GenericAll;
    if (access & MAXIMUM_ALLOWED) granted |= mapping.GenericAll ? mapping.GenericAll : valid;
    return granted & valid;
}

NTSTATUS reference_handle(HANDLE handle, KPROCESSOR_MODE mode, HandleInfo* info) {
    if (handle == kCurrentProcess || handle == kCurrentThread) {
        PVOID object = handle == kCurrentProcess ? static_cast<PVOID>(PsInitialSystemProcess) : KeGetCurrentThread();
        // The kernel's own few threads are no objects.
        if (!object || (handle == kCurrentThread && !KeGetCurrentThread()->Managed)) return STATUS_INVALID_HANDLE;
        ObfReferenceObject(object);
        *info = {object, ~0u, 0};
        return STATUS_SUCCESS;
    }
    if (mode != KernelMode && reinterpret_cast<LONG64>(handle) < 0) return STATUS_INVALID_HANDLE;
    KiAtomic atomic;
    const HandleEntry* entry = find(handle);
    if (!entry) return STATUS_INVALID_HANDLE;
    ObfReferenceObject(entry->object);
    *info = {entry->object, entry->access, entry->attributes};
    return STATUS_SUCCESS;
}

}  // namespace ob

extern "C" {

NTSTATUS ObCreateHandle(OB_OPEN_REASON reason, PVOID object, ULONG attributes, ACCESS_MASK access, HANDLE* handle) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "making a handle");
    ob::Header* header = ob::header_of(object, "making a handle");
    const POBJECT_TYPE type = header->type;
    const ACCESS_MASK granted = ob::map_access(type, access);
    ULONG handles;
    ObfReferenceObject(object);
    {
        KiAtomic atomic;
        handles = static_cast<ULONG>(++header->handles);
        ++type->HandleCount;
    }
    NTSTATUS status = grow();
    if (NT_SUCCESS(status) && type->Info.Open) status = type->Info.Open(reason, object, granted, handles);
    const bool opened = NT_SUCCESS(status);
    ULONG slot = 0;
    if (opened) {
        KiAtomic atomic;
        slot = table.allocate(object, granted, attributes & kAttributesKept);
    }
    if (slot) {
        *handle = handle_of(slot, attributes);
        return STATUS_SUCCESS;
    }
    if (opened) {  // the table is at its limit: the type has been told of a handle that is not to be
        drop_handle(object, granted);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    {
        KiAtomic atomic;
        --header->handles;
        --type->HandleCount;
    }
    ObfDereferenceObject(object);
    return status;
}

ULONG ObQueryHandleCount(void) {
    KiAtomic atomic;
    return table.used();
}

/// PASSIVE_LEVEL. STATUS_INVALID_HANDLE for null and the pseudo handles; any other handle that is not open stops the guest
/// with 0x93. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntclose
NTSTATUS NTAPI ZwClose(HANDLE Handle) { return close(Handle, KI_CALLER); }
NTSTATUS NTAPI NtClose(HANDLE Handle) { return close(Handle, KI_CALLER); }
NTSTATUS NTAPI ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode) { return close(Handle, KI_CALLER); }

/// PASSIVE_LEVEL. STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, STATUS_ACCESS_DENIED (not for KernelMode, which may
/// do anything). https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obreferenceobjectbyhandle
NTSTATUS NTAPI ObReferenceObjectByHandle(
    HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, PVOID* Object,
    POBJECT_HANDLE_INFORMATION HandleInformation) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObReferenceObjectByHandle");
    *Object = nullptr;
    ob::HandleInfo info;
    NTSTATUS status = ob::reference_handle(Handle, AccessMode, &info);
    if (!NT_SUCCESS(status)) return status;
    if (ObjectType && ObGetObjectType(info.object) != ObjectType)
        status = STATUS_OBJECT_TYPE_MISMATCH;
    else if (AccessMode != KernelMode && ob::map_access(ObGetObjectType(info.object), DesiredAccess) & ~info.access)
        status = STATUS_ACCESS_DENIED;
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(info.object);
        return status;
    }
    if (HandleInformation) *HandleInformation = {info.attributes & (OBJ_INHERIT | OBJ_PROTECT_CLOSE_HANDLE), info.access};
    *Object = info.object;
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI ObReferenceObjectByHandleWithTag(
    HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, ULONG Tag,
    PVOID* Object, POBJECT_HANDLE_INFORMATION HandleInformation) {
    return ObReferenceObjectByHandle(Handle, DesiredAccess, ObjectType, AccessMode, Object, HandleInformation);
}

/// PASSIVE_LEVEL. STATUS_OBJECT_TYPE_MISMATCH.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-obopenobjectbypointer
NTSTATUS NTAPI ObOpenObjectByPointer(
    PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess,
    POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, PHANDLE Handle) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObOpenObjectByPointer");
    const NTSTATUS status = ObReferenceObjectByPointer(Object, DesiredAccess, ObjectType, AccessMode);
    if (!NT_SUCCESS(status)) return status;
    const NTSTATUS made = ObCreateHandle(OB_OPEN_HANDLE, Object, HandleAttributes, DesiredAccess, Handle);
    ObfDereferenceObject(Object);
    return made;
}
NTSTATUS NTAPI ObOpenObjectByPointerWithTag(
    PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess,
    POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, ULONG Tag, PHANDLE Handle) {
    return ObOpenObjectByPointer(
        Object, HandleAttributes, PassedAccessState, DesiredAccess, ObjectType, AccessMode, Handle);
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-obiskernelhandle
BOOLEAN NTAPI ObIsKernelHandle(HANDLE Handle) { return (reinterpret_cast<ULONG64>(Handle) & kKernelFlag) == kKernelFlag; }

/// PASSIVE_LEVEL. Both processes must be the only one there is. Options: DUPLICATE_CLOSE_SOURCE, DUPLICATE_SAME_ACCESS,
/// DUPLICATE_SAME_ATTRIBUTES. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwduplicateobject
NTSTATUS NTAPI ZwDuplicateObject(
    HANDLE SourceProcessHandle, HANDLE SourceHandle, HANDLE TargetProcessHandle, PHANDLE TargetHandle,
    ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Options) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwDuplicateObject");
    const HANDLE processes[] = {SourceProcessHandle, TargetProcessHandle};
    for (HANDLE process : processes) {
        if (!process && !TargetHandle) continue;  // no target wanted: close only
        ob::Reference<void> object;
        const NTSTATUS status = ObReferenceObjectByHandle(
            process, 0x40 /* PROCESS_DUP_HANDLE */, *PsProcessType, KernelMode, object.receive(), nullptr);
        if (!NT_SUCCESS(status)) return status;
    }
    ob::HandleInfo info;
    NTSTATUS status = ob::reference_handle(SourceHandle, KernelMode, &info);
    if (!NT_SUCCESS(status)) return status;
    if (TargetHandle)
        status = ObCreateHandle(
            OB_DUPLICATE_HANDLE, info.object, Options & DUPLICATE_SAME_ATTRIBUTES ? info.attributes : HandleAttributes,
            Options & DUPLICATE_SAME_ACCESS ? info.access : DesiredAccess, TargetHandle);
    ObfDereferenceObject(info.object);
    if (Options & DUPLICATE_CLOSE_SOURCE) close(SourceHandle, KI_CALLER);
    return status;
}

}  // extern "C"
