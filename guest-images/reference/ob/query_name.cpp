// SPDX-License-Identifier: MIT
// ob/query_name.cpp
//
// The whole name of an object: its type's own knowledge (a file's path, a key's), or the directories above it.
#include "ob/object.hpp"

namespace {

constexpr ULONG kDepthMax = 32;

ob::Header* directory_header(ob::Directory* directory) { return reinterpret_cast<ob::Header*>(directory) - 1; }

/// Characters of the name of a named object, and the name itself when `text` has room for them. Name lock held.
ULONG compose(ob::Header* header, PWCHAR text, ULONG room) {
    ob::Header* chain[kDepthMax];
    ULONG depth = 0, characters = 0;
    for (ob::Header* at = header; at->directory && depth < kDepthMax; at = directory_header(at->directory)) {
        chain[depth++] = at;
        characters += 1 + at->name.Length / sizeof(WCHAR);
    }
    if (characters > room) return characters;
    while (depth) {
        const ob::Header* one = chain[--depth];
        *text++ = L'\\';
        RtlCopyMemory(text, one->name.Buffer, one->name.Length);
        text += one->name.Length / sizeof(WCHAR);
    }
    return characters;
}

/// Bytes of the name; it is in `text` when it fits into `bytes`.
NTSTATUS name_of(PVOID object, PWCHAR text, ULONG bytes, ULONG* needed) {
    const POBJECT_TYPE type = ObGetObjectType(object);
    if (type->Info.QueryName) return type->Info.QueryName(object, text, bytes, needed);
    ob::Header* header = ob::header_of(object, "ObQueryNameString");
    const ob::NameLock lock;
    if (object == ob::root_directory) {
        *needed = sizeof(WCHAR);
        if (bytes < *needed) return STATUS_INFO_LENGTH_MISMATCH;
        *text = L'\\';
        return STATUS_SUCCESS;
    }
    *needed = compose(header, text, bytes / sizeof(WCHAR)) * sizeof(WCHAR);
    return *needed > bytes ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
}

}  // namespace

/// The name goes behind the OBJECT_NAME_INFORMATION, with a NUL; an object without a name gives an empty string. *ReturnLength:
/// bytes of all of it. STATUS_INFO_LENGTH_MISMATCH: too small. PASSIVE_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-obquerynamestring
extern "C" NTSTATUS NTAPI ObQueryNameString(PVOID Object, POBJECT_NAME_INFORMATION ObjectNameInfo, ULONG Length, PULONG ReturnLength) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObQueryNameString");
    auto* text = reinterpret_cast<PWCHAR>(ObjectNameInfo + 1);
    const ULONG head = sizeof *ObjectNameInfo + sizeof(WCHAR);
    ULONG bytes = 0;
    const NTSTATUS status = name_of(Object, text, Length > head ? Length - head : 0, &bytes);
    *ReturnLength = bytes ? head + bytes : sizeof *ObjectNameInfo;
    if (status == STATUS_INFO_LENGTH_MISMATCH || *ReturnLength > Length) return STATUS_INFO_LENGTH_MISMATCH;
    if (!NT_SUCCESS(status)) return status;
    ObjectNameInfo->Name = {static_cast<USHORT>(bytes), static_cast<USHORT>(bytes ? bytes + sizeof(WCHAR) : 0), bytes ? text : nullptr};
    if (bytes) text[bytes / sizeof(WCHAR)] = L'\0';
    return STATUS_SUCCESS;
}
