// SPDX-License-Identifier: MIT
// ob/object.cpp
//
// The birth of an object: creation, and insertion with its name and first handle; permanence.
#include "ob/object.hpp"

namespace {

constexpr ULONG kAttributesKept = OBJ_INHERIT | OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_CASE_INSENSITIVE | OBJ_OPENIF |
                                  OBJ_OPENLINK | OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK | OBJ_PROTECT_CLOSE_HANDLE;

NTSTATUS capture(const OBJECT_ATTRIBUTES* attributes, ob::CreateInfo** info) {
    *info = nullptr;
    if (!attributes) return STATUS_SUCCESS;
    if (attributes->Length != sizeof *attributes || attributes->Attributes & ~kAttributesKept)
        return STATUS_INVALID_PARAMETER;
    const UNICODE_STRING* name = attributes->ObjectName;
    const USHORT bytes = name ? name->Length : 0;
    if (bytes & 1) return STATUS_OBJECT_NAME_INVALID;
    auto* made = static_cast<ob::CreateInfo*>(ExAllocatePoolWithTag(NonPagedPool, sizeof **info + bytes, ob::kNameTag));
    if (!made) return STATUS_INSUFFICIENT_RESOURCES;
    made->root = attributes->RootDirectory;
    made->attributes = attributes->Attributes;
    made->name = {bytes, bytes, reinterpret_cast<PWCHAR>(made + 1)};
    if (bytes) RtlCopyMemory(made->name.Buffer, name->Buffer, bytes);
    *info = made;
    return STATUS_SUCCESS;
}

/// Gives the object its name. `existing`: what has that name already and may be opened instead (OBJ_OPENIF), referenced.
NTSTATUS insert_name(ob::Header* header, const ob::CreateInfo& create, ACCESS_MASK access, PVOID* existing) {
    ob::Lookup lookup = {};
    lookup.root = create.root;
    lookup.name = &create.name;
    lookup.attributes = create.attributes;
    lookup.type = header->type;
    lookup.access = access;
    lookup.insert = header;
    PVOID found;
    NTSTATUS status = ob::look_up(&lookup, &found);
    if (!NT_SUCCESS(status)) return status;
    if (lookup.inserted) {
        ObfDereferenceObject(found);
        return STATUS_SUCCESS;
    }
    if (!(create.attributes & OBJ_OPENIF))
        status = STATUS_OBJECT_NAME_COLLISION;
    else
        status = ObGetObjectType(found) == header->type ? STATUS_OBJECT_NAME_EXISTS : STATUS_OBJECT_TYPE_MISMATCH;
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(found);
        return status;
    }
    *existing = found;
    return status;
}

/// Handle and extra references of the object that came out of the insertion.
NTSTATUS finish_insert(
    PVOID object, bool existed, ULONG attributes, ACCESS_MASK access, ULONG bias, PVOID* new_object, PHANDLE handle) {
    if (handle) {
        const NTSTATUS status =
            ObCreateHandle(existed ? OB_OPEN_HANDLE : OB_CREATE_HANDLE, object, attributes, access, handle);
        if (!NT_SUCCESS(status)) return status;
    }
    for (ULONG extra = 0; extra < bias; ++extra) ObfReferenceObject(object);
    if (new_object) *new_object = object;
    return STATUS_SUCCESS;
}

}  // namespace

extern "C" {

/// PASSIVE_LEVEL (<= APC_LEVEL without attributes). The body is zeroed. Name and attributes are copied and take effect at
/// ObInsertObject. STATUS_INVALID_PARAMETER, STATUS_OBJECT_NAME_INVALID, STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS NTAPI ObCreateObject(
    KPROCESSOR_MODE ObjectAttributesAccessMode, POBJECT_TYPE ObjectType, POBJECT_ATTRIBUTES ObjectAttributes,
    KPROCESSOR_MODE AccessMode, PVOID ParseContext, ULONG ObjectSize, ULONG PagedPoolCharge, ULONG NonPagedPoolCharge,
    PVOID* Object) {
    KiRequireIrqlAtMost(APC_LEVEL, "ObCreateObject");
    if (!ObjectType || ObjectSize < ObjectType->Info.MinimumBody) return STATUS_INVALID_PARAMETER;
    ob::CreateInfo* create;
    const NTSTATUS status = capture(ObjectAttributes, &create);
    if (!NT_SUCCESS(status)) return status;
    const SIZE_T bytes = sizeof(ob::Header) + SIZE_T{ObjectSize};
    auto* header = static_cast<ob::Header*>(ExAllocatePoolWithTag(ObjectType->Info.Pool, bytes, ObjectType->Info.Tag));
    if (!header) {
        if (create) ExFreePoolWithTag(create, ob::kNameTag);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(header, bytes);
    header->magic = ob::kLive;
    header->type = ObjectType;
    header->references = 1;
    header->create = create;
    if (create) header->attributes = create->attributes & (OBJ_PERMANENT | OBJ_EXCLUSIVE);
    const ULONG64 saved = KiEnterAtomic();
    InsertTailList(&ObjectType->Objects, &header->type_entry);
    ++ObjectType->ObjectCount;
    KiLeaveAtomic(saved);
    *Object = header->body();
    return STATUS_SUCCESS;
}

/// PASSIVE_LEVEL. Names the object and makes its first handle. On failure the caller's reference is gone; on success it is
/// gone if a handle was asked for, and ObjectPointerBias more references are the caller's. STATUS_OBJECT_NAME_EXISTS (a
/// success): OBJ_OPENIF was given and the handle, and *NewObject, are those of the object that has the name; the new one is
/// gone. STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_TYPE_MISMATCH.
NTSTATUS NTAPI ObInsertObject(
    PVOID Object, PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess, ULONG ObjectPointerBias, PVOID* NewObject,
    PHANDLE Handle) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObInsertObject");
    ob::Header* header = ob::header_of(Object, "ObInsertObject");
    ob::CreateInfo* create = header->create;
    header->create = nullptr;
    PVOID existing = nullptr;
    NTSTATUS status = STATUS_SUCCESS;
    if (create && create->name.Length) status = insert_name(header, *create, DesiredAccess, &existing);
    const ULONG attributes = create ? create->attributes : 0;
    if (create) ExFreePoolWithTag(create, ob::kNameTag);
    if (NT_SUCCESS(status)) {
        const NTSTATUS finished = finish_insert(
            existing ? existing : Object, existing != nullptr, attributes, DesiredAccess, ObjectPointerBias, NewObject,
            Handle);
        if (!NT_SUCCESS(finished)) {
            status = finished;
            header->attributes &= ~static_cast<ULONG>(OBJ_PERMANENT);
            if (!existing) ob::remove_unused_name(header);
        }
    }
    if (existing) {
        // The caller's reference moves over to the object that he got, unless a handle stands for it.
        ObfDereferenceObject(Object);
        if (Handle || !NT_SUCCESS(status)) ObfDereferenceObject(existing);
    } else if (Handle || !NT_SUCCESS(status)) {
        ObfDereferenceObject(Object);
    }
    return status;
}

/// PASSIVE_LEVEL. The object loses its name with its last handle (now, if none is open).
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-obmaketemporaryobject
VOID NTAPI ObMakeTemporaryObject(PVOID Object) {
    KiRequireIrqlAtMost(APC_LEVEL, "ObMakeTemporaryObject");
    ob::Header* header = ob::header_of(Object, "ObMakeTemporaryObject");
    header->attributes &= ~static_cast<ULONG>(OBJ_PERMANENT);
    ob::remove_unused_name(header);
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwmaketemporaryobject
NTSTATUS NTAPI ZwMakeTemporaryObject(HANDLE Handle) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwMakeTemporaryObject");
    PVOID object;
    const NTSTATUS status = ObReferenceObjectByHandle(Handle, DELETE, nullptr, KernelMode, &object, nullptr);
    if (!NT_SUCCESS(status)) return status;
    ObMakeTemporaryObject(object);
    ObfDereferenceObject(object);
    return STATUS_SUCCESS;
}

}  // extern "C"
