// SPDX-License-Identifier: MIT
// ob/directory.cpp
//
// Directories of named objects, and the system's own: "\", \Device, \Driver, \??, ...
#include "ob/object.hpp"
#include "rtl/literal.hpp"

namespace ob {

PVOID root_directory;

namespace {
KMUTEX name_lock;
}

void initialize_name_lock() { KeInitializeMutex(&name_lock, 0); }
NameLock::NameLock() { KeWaitForSingleObject(&name_lock, Executive, KernelMode, FALSE, nullptr); }
NameLock::~NameLock() { KeReleaseMutex(&name_lock, FALSE); }

Header* find_entry(Directory* directory, const UNICODE_STRING* name, bool insensitive) {
    for (PLIST_ENTRY at = directory->entries.Flink; at != &directory->entries; at = at->Flink) {
        auto* header = CONTAINING_RECORD(at, Header, directory_entry);
        if (header->name.Length == name->Length && RtlEqualUnicodeString(&header->name, name, insensitive)) return header;
    }
    return nullptr;
}

NTSTATUS insert_entry(Directory* directory, Header* header, const UNICODE_STRING* name) {
    if (header->directory) return STATUS_INVALID_PARAMETER;  // inserted twice
    auto* text = static_cast<PWCHAR>(ExAllocatePoolWithTag(NonPagedPool, name->Length, kNameTag));
    if (!text) return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(text, name->Buffer, name->Length);
    header->name = {name->Length, name->Length, text};
    ObfReferenceObject(header->body());
    ObfReferenceObject(directory);
    header->directory = directory;
    InsertTailList(&directory->entries, &header->directory_entry);
    return STATUS_SUCCESS;
}

void remove_unused_name(Header* header) {
    Directory* directory;
    PWCHAR text;
    {
        NameLock lock;
        directory = header->directory;
        if (!directory || header->handles || header->attributes & OBJ_PERMANENT) return;
        RemoveEntryList(&header->directory_entry);
        header->directory = nullptr;
        text = header->name.Buffer;
        header->name = {};
    }
    ExFreePoolWithTag(text, kNameTag);
    ObfDereferenceObject(directory);
    ObfDereferenceObject(header->body());
}

namespace {

NTSTATUS make_directory(const UNICODE_STRING* name, PVOID* made) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(
        &attributes, const_cast<PUNICODE_STRING>(name), OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    PVOID object;
    const NTSTATUS status = ObCreateObject(
        KernelMode, ObpDirectoryType, name ? &attributes : nullptr, KernelMode, nullptr, sizeof(Directory), 0, 0, &object);
    if (!NT_SUCCESS(status)) return status;
    InitializeListHead(&static_cast<Directory*>(object)->entries);
    *made = object;
    return STATUS_SUCCESS;
}

}  // namespace

void create_directory_types() {
    OB_TYPE_INFO info = {};
    info.WaitOffset = OB_NOT_WAITABLE;
    info.ValidAccess = DIRECTORY_ALL_ACCESS;
    info.Mapping = {
        STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
        STANDARD_RIGHTS_WRITE | DIRECTORY_CREATE_OBJECT | DIRECTORY_CREATE_SUBDIRECTORY,
        STANDARD_RIGHTS_EXECUTE | DIRECTORY_QUERY | DIRECTORY_TRAVERSE, DIRECTORY_ALL_ACCESS};
    info.Tag = 'eriD';
    if (!NT_SUCCESS(ObCreateType(L"Directory", &info, &ObpDirectoryType)) ||
        !NT_SUCCESS(make_directory(nullptr, &root_directory)))
        KiFatal("no memory for the root directory", 0x5D, 0, 0, 0, 0);
}

}  // namespace ob

extern "C" {

NTSTATUS ObCreatePermanentDirectory(PCWSTR name) {
    const UNICODE_STRING text = rtl::counted(name);
    PVOID object;
    NTSTATUS status = ob::make_directory(&text, &object);
    if (!NT_SUCCESS(status)) return status;
    HANDLE handle;
    status = ObInsertObject(object, nullptr, DIRECTORY_ALL_ACCESS, 0, nullptr, &handle);
    return NT_SUCCESS(status) ? ZwClose(handle) : status;
}

NTSTATUS ObReferenceDirectoryEntry(PVOID directory, ULONG index, PVOID* object) {
    auto* entries = &static_cast<ob::Directory*>(directory)->entries;
    if (ObGetObjectType(directory) != ObpDirectoryType) return STATUS_OBJECT_TYPE_MISMATCH;
    ob::NameLock lock;
    for (PLIST_ENTRY at = entries->Flink; at != entries; at = at->Flink) {
        if (index--) continue;
        *object = CONTAINING_RECORD(at, ob::Header, directory_entry)->body();
        ObfReferenceObject(*object);  // the name holds one, so there is a count to add to
        return STATUS_SUCCESS;
    }
    return STATUS_NO_MORE_ENTRIES;
}

/// PASSIVE_LEVEL. STATUS_OBJECT_NAME_COLLISION, or the existing one with OBJ_OPENIF.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatedirectoryobject
NTSTATUS NTAPI ZwCreateDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwCreateDirectoryObject");
    PVOID object;
    const NTSTATUS status = ObCreateObject(
        KernelMode, ObpDirectoryType, ObjectAttributes, KernelMode, nullptr, sizeof(ob::Directory), 0, 0, &object);
    if (!NT_SUCCESS(status)) return status;
    InitializeListHead(&static_cast<ob::Directory*>(object)->entries);
    return ObInsertObject(object, nullptr, DesiredAccess, 0, nullptr, DirectoryHandle);
}

/// PASSIVE_LEVEL.
NTSTATUS NTAPI ZwOpenDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes) {
    return ObOpenObjectByName(
        ObjectAttributes, ObpDirectoryType, KernelMode, nullptr, DesiredAccess, nullptr, DirectoryHandle);
}

/// PASSIVE_LEVEL. One entry a call (ReturnSingleEntry) or as many as fit: an array of {name, type name} ended by an empty
/// one, with the texts behind it. STATUS_BUFFER_TOO_SMALL when not even one fits, STATUS_MORE_ENTRIES when not all did,
/// STATUS_NO_MORE_ENTRIES after the last. https://learn.microsoft.com/windows/win32/devnotes/ntquerydirectoryobject
NTSTATUS NTAPI ZwQueryDirectoryObject(
    HANDLE DirectoryHandle, PVOID Buffer, ULONG Length, BOOLEAN ReturnSingleEntry, BOOLEAN RestartScan, PULONG Context,
    PULONG ReturnLength) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwQueryDirectoryObject");
    struct Entry {
        UNICODE_STRING name, type;
    };
    ob::Reference<ob::Directory> directory;
    const NTSTATUS status = ObReferenceObjectByHandle(
        DirectoryHandle, DIRECTORY_QUERY, ObpDirectoryType, KernelMode, directory.receive(), nullptr);
    if (!NT_SUCCESS(status)) return status;
    const ULONG first = RestartScan ? 0 : *Context;
    ULONG index = 0, taken = 0, bytes = sizeof(Entry), needed = 0;
    ob::NameLock lock;
    PLIST_ENTRY const head = &directory->entries;
    PLIST_ENTRY begin = head->Flink;
    for (; begin != head && index < first; begin = begin->Flink) ++index;
    if (begin == head) return STATUS_NO_MORE_ENTRIES;
    PLIST_ENTRY end = begin;
    for (; end != head && !(ReturnSingleEntry && taken == 1); end = end->Flink, ++taken) {
        const auto* header = CONTAINING_RECORD(end, ob::Header, directory_entry);
        needed = bytes + static_cast<ULONG>(sizeof(Entry)) + header->name.Length + header->type->Name.Length +
                 2 * static_cast<ULONG>(sizeof(WCHAR));
        if (needed > Length) break;
        bytes = needed;
    }
    if (ReturnLength) *ReturnLength = taken ? bytes : needed;
    if (!taken) return STATUS_BUFFER_TOO_SMALL;
    auto* entry = static_cast<Entry*>(Buffer);
    auto* text = reinterpret_cast<PUCHAR>(entry + taken + 1);
    const auto copy = [&text](const UNICODE_STRING& from, UNICODE_STRING* to) {
        *to = {from.Length, static_cast<USHORT>(from.Length + sizeof(WCHAR)), reinterpret_cast<PWCHAR>(text)};
        RtlCopyMemory(text, from.Buffer, from.Length);
        to->Buffer[from.Length / sizeof(WCHAR)] = L'\0';
        text += from.Length + sizeof(WCHAR);
    };
    for (PLIST_ENTRY at = begin; at != end; at = at->Flink, ++entry) {
        const auto* header = CONTAINING_RECORD(at, ob::Header, directory_entry);
        copy(header->name, &entry->name);
        copy(header->type->Name, &entry->type);
    }
    *entry = {};
    *Context = first + taken;
    return end == head || ReturnSingleEntry ? STATUS_SUCCESS : STATUS_MORE_ENTRIES;
}

}  // extern "C"
