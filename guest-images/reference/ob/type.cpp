// SPDX-License-Identifier: MIT
// ob/type.cpp
//
// Types of objects, and the variables through which drivers name them.
#include "ob/object.hpp"
#include "rtl/literal.hpp"

extern "C" {
// What images import: a pointer to the type (README.md, "imports of object types").
POBJECT_TYPE ObpEventType, ObpSemaphoreType, ObpMutantType, ObpThreadType, ObpProcessType, ObpFileType, ObpDeviceType,
    ObpDriverType, ObpControllerType, ObpAdapterType, ObpKeyType, ObpTokenType;
// What our own sources use, as the DDK headers declare it: where that pointer is.
POBJECT_TYPE* ExEventObjectType = &ObpEventType;
POBJECT_TYPE* ExSemaphoreObjectType = &ObpSemaphoreType;
POBJECT_TYPE* PsThreadType = &ObpThreadType;
POBJECT_TYPE* PsProcessType = &ObpProcessType;
POBJECT_TYPE* IoFileObjectType = &ObpFileType;
POBJECT_TYPE* IoDeviceObjectType = &ObpDeviceType;
POBJECT_TYPE* IoDriverObjectType = &ObpDriverType;
POBJECT_TYPE* IoControllerObjectType = &ObpControllerType;
POBJECT_TYPE* IoAdapterObjectType = &ObpAdapterType;
POBJECT_TYPE* CmKeyObjectType = &ObpKeyType;
POBJECT_TYPE* SeTokenObjectType = &ObpTokenType;

POBJECT_TYPE ObpTypeType, ObpDirectoryType, ObpSymbolicLinkType;
}

namespace {

/// Puts a type into \ObjectTypes. Types made before that directory exists are put there by ObInitSystem.
NTSTATUS name_type(POBJECT_TYPE type) {
    if (!ob::root_directory) return STATUS_SUCCESS;
    WCHAR text[64] = L"\\ObjectTypes\\";
    USHORT length = 13;
    for (USHORT index = 0; index < type->Name.Length / sizeof(WCHAR); ++index) text[length++] = type->NameText[index];
    const USHORT bytes = static_cast<USHORT>(length * sizeof(WCHAR));
    const UNICODE_STRING name = {bytes, bytes, text};
    ob::Lookup lookup = {};
    lookup.name = &name;
    lookup.attributes = OBJ_CASE_INSENSITIVE;
    lookup.insert = ob::header_of(type, "ObCreateType");
    PVOID found;
    const NTSTATUS status = ob::look_up(&lookup, &found);
    if (!NT_SUCCESS(status)) return status;
    ObfDereferenceObject(found);
    return lookup.inserted ? STATUS_SUCCESS : STATUS_OBJECT_NAME_COLLISION;
}

}  // namespace

extern "C" NTSTATUS ObCreateType(PCWSTR name, const OB_TYPE_INFO* info, POBJECT_TYPE* type) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObCreateType");
    POBJECT_TYPE made;
    auto* header = static_cast<ob::Header*>(
        ExAllocatePoolWithTag(NonPagedPool, sizeof(ob::Header) + sizeof(OBJECT_TYPE), ob::kTag));
    if (!header) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(header, sizeof *header + sizeof *made);
    made = static_cast<POBJECT_TYPE>(header->body());
    made->Self = made;
    made->Info = *info;
    if (!made->Info.Tag) made->Info.Tag = ob::kTag;
    InitializeListHead(&made->Objects);
    USHORT length = 0;
    for (; name[length] && length < RTL_NUMBER_OF(made->NameText) - 1; ++length) made->NameText[length] = name[length];
    made->Name = {static_cast<USHORT>(length * sizeof(WCHAR)), sizeof made->NameText, made->NameText};

    header->magic = ob::kLive;
    header->references = 1;
    header->attributes = OBJ_PERMANENT;
    if (!ObpTypeType) ObpTypeType = made;  // the type of types is the first one made
    header->type = ObpTypeType;
    const ULONG64 saved = KiEnterAtomic();
    InsertTailList(&ObpTypeType->Objects, &header->type_entry);
    ++ObpTypeType->ObjectCount;
    KiLeaveAtomic(saved);
    const NTSTATUS status = name_type(made);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(made);
        return status;
    }
    *type = made;
    return STATUS_SUCCESS;
}

extern "C" POBJECT_TYPE NTAPI ObGetObjectType(PVOID object) { return ob::header_of(object, "ObGetObjectType")->type; }

extern "C" PVOID ObGetWaitObject(PVOID object) {
    const POBJECT_TYPE type = ObGetObjectType(object);
    return type->Info.WaitOffset == OB_NOT_WAITABLE ? nullptr : static_cast<PUCHAR>(object) + type->Info.WaitOffset;
}

extern "C" ULONG ObReferenceObjectsOfType(POBJECT_TYPE type, PVOID* objects, ULONG capacity) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ObReferenceObjectsOfType");
    ULONG count = 0;
    const ULONG64 saved = KiEnterAtomic();
    for (PLIST_ENTRY at = type->Objects.Flink; at != &type->Objects; at = at->Flink) {
        auto* header = CONTAINING_RECORD(at, ob::Header, type_entry);
        if (header->references == 0) continue;  // being deleted
        if (count < capacity) {
            ++header->references;
            objects[count] = header->body();
        }
        ++count;
    }
    KiLeaveAtomic(saved);
    return count;
}
