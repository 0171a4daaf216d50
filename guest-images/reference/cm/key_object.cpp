// SPDX-License-Identifier: MIT
// cm/key_object.cpp
//
// Keys as objects: the type, the way a name takes through the tree, and the lock.
#include "cm/cm.hpp"
#include "rtl/literal.hpp"

extern "C" POBJECT_TYPE* CmKeyObjectType;  // ob/type.cpp: what drivers import

namespace cm {

POBJECT_TYPE KeyType;

namespace {

constexpr ULONG kTag = 'yeKC';  // "CKey"
KMUTEX mutex;

/// The next component of a path; false when none is left.
bool next_component(UNICODE_STRING* rest, Name* component) {
    while (rest->Length != 0 && rest->Buffer[0] == '\\') {
        ++rest->Buffer;
        rest->Length -= sizeof(WCHAR);
    }
    USHORT length = 0;
    while (length < rest->Length / sizeof(WCHAR) && rest->Buffer[length] != '\\') ++length;
    *component = {reinterpret_cast<const uint16_t*>(rest->Buffer), length};
    rest->Buffer += length;
    rest->Length = static_cast<USHORT>(rest->Length - length * sizeof(WCHAR));
    return length != 0;
}

/// Follows or, at the last component and when asked to, extends the path. Opens the key found. Under Lock.
Result walk(Key* key, UNICODE_STRING rest, CreateRequest* request, Key** found) {
    if (key->is_deleted) return Result::key_deleted;
    Name component;
    while (next_component(&rest, &component)) {
        Key* next = find_subkey(key, component);
        if (!next) {
            UNICODE_STRING after = rest;
            Name more;
            if (!request || next_component(&after, &more)) return Result::not_found;
            const Result result = create_subkey(key, component, request->class_name, request->is_volatile, now(), &next);
            if (result != Result::done) return result;
            request->created = true;
        }
        key = next;
    }
    open(key);
    *found = key;
    return Result::done;
}

/// An object for a key that has been opened for it; takes that over. Not under Lock.
NTSTATUS make_object(Key* key, KeyObject** made) {
    PVOID body;
    const NTSTATUS status =
        ObCreateObject(KernelMode, KeyType, nullptr, KernelMode, nullptr, sizeof(KeyObject), 0, 0, &body);
    if (!NT_SUCCESS(status)) {
        const Lock lock;
        close(key);
        return status;
    }
    *made = static_cast<KeyObject*>(body);
    (*made)->key = key;
    return STATUS_SUCCESS;
}

NTSTATUS parse_key(OB_PARSE* parse) {
    if (parse->WantedType && parse->WantedType != KeyType) return STATUS_OBJECT_TYPE_MISMATCH;
    Key* key;
    Result result;
    {
        const Lock lock;
        result = walk(
            static_cast<KeyObject*>(parse->ParseObject)->key, parse->RemainingName,
            static_cast<CreateRequest*>(parse->Context), &key);
    }
    if (result != Result::done) return status_of(result);
    KeyObject* object;
    const NTSTATUS status = make_object(key, &object);
    if (NT_SUCCESS(status)) parse->Object = object;
    return status;
}

VOID NTAPI delete_key_object(PVOID object) {
    Key* key = static_cast<KeyObject*>(object)->key;
    if (!key) return;  // its creation failed half-way
    const Lock lock;
    close(key);
}

NTSTATUS query_key_name(PVOID object, PWCHAR buffer, ULONG bytes, ULONG* needed) {
    const Lock lock;
    const Key* key = static_cast<KeyObject*>(object)->key;
    if (key->is_deleted) return STATUS_KEY_DELETED;
    constexpr UNICODE_STRING prefix = rtl::literal(L"\\REGISTRY");
    *needed = static_cast<ULONG>(prefix.Length + full_name_length(key) * sizeof(WCHAR));
    if (*needed > bytes) return STATUS_INFO_LENGTH_MISMATCH;
    RtlCopyMemory(buffer, prefix.Buffer, prefix.Length);
    write_full_name(key, reinterpret_cast<uint16_t*>(buffer + prefix.Length / sizeof(WCHAR)));
    return STATUS_SUCCESS;
}

NTSTATUS create_type() {
    OB_TYPE_INFO info = {};
    info.Pool = PagedPool;
    info.Tag = kTag;
    info.MinimumBody = sizeof(KeyObject);
    info.WaitOffset = OB_NOT_WAITABLE;
    info.Mapping = {KEY_READ, KEY_WRITE, KEY_EXECUTE, KEY_ALL_ACCESS};
    info.ValidAccess = KEY_ALL_ACCESS;
    info.Delete = delete_key_object;
    info.Parse = parse_key;
    info.QueryName = query_key_name;
    const NTSTATUS status = ObCreateType(L"Key", &info, &KeyType);
    if (NT_SUCCESS(status)) *CmKeyObjectType = KeyType;
    return status;
}

}  // namespace

Lock::Lock() { KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, nullptr); }
Lock::~Lock() { KeReleaseMutex(&mutex, FALSE); }

uint64_t now() {
    LARGE_INTEGER time;
    KeQuerySystemTime(&time);
    return static_cast<uint64_t>(time.QuadPart);
}

NTSTATUS status_of(Result result) {
    switch (result) {
    case Result::done:
    case Result::exists: return STATUS_SUCCESS;
    case Result::no_memory: return STATUS_INSUFFICIENT_RESOURCES;
    case Result::not_found: return STATUS_OBJECT_NAME_NOT_FOUND;
    case Result::key_deleted: return STATUS_KEY_DELETED;
    case Result::has_subkeys:
    case Result::is_root: return STATUS_CANNOT_DELETE;
    case Result::must_be_volatile: return STATUS_CHILD_MUST_BE_VOLATILE;
    case Result::name_invalid: return STATUS_OBJECT_NAME_INVALID;
    case Result::data_too_long: return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_INTERNAL_ERROR;
}

NTSTATUS create_registry_object(Key* root) {
    KeInitializeMutex(&mutex, 0);
    NTSTATUS status = create_type();
    if (!NT_SUCCESS(status)) return status;
    UNICODE_STRING name = rtl::literal(L"\\Registry");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, nullptr, nullptr);
    PVOID body;
    status = ObCreateObject(KernelMode, KeyType, &attributes, KernelMode, nullptr, sizeof(KeyObject), 0, 0, &body);
    if (!NT_SUCCESS(status)) return status;
    static_cast<KeyObject*>(body)->key = root;
    open(root);
    return ObInsertObject(body, nullptr, KEY_ALL_ACCESS, 0, nullptr, nullptr);
}

void* tree_allocate(size_t bytes) { return ExAllocatePoolWithTag(PagedPool, bytes, 'rTmC'); }
void tree_free(void* block) { ExFreePoolWithTag(block, 'rTmC'); }

}  // namespace cm
