// SPDX-License-Identifier: MIT
// cm/selftest_registry.cpp
//
// Keys and values through the functions drivers call: documented sizes and statuses.
#include "cm/cm.hpp"
#include "io/selftest.hpp"
#include "rtl/literal.hpp"

namespace {

/// A key for a scope, deleted with it.
struct TestKey {
    HANDLE handle = nullptr;
    ~TestKey() {
        if (!handle) return;
        ZwDeleteKey(handle);
        ZwClose(handle);
    }
    NTSTATUS make(PCWSTR path, HANDLE root = nullptr, ULONG options = 0, PULONG disposition = nullptr) {
        UNICODE_STRING name = rtl::counted(path);
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root, nullptr);
        return ZwCreateKey(&handle, KEY_ALL_ACCESS, &attributes, 0, nullptr, options, disposition);
    }
};

constexpr WCHAR kPath[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\selftest";

NTSTATUS set_number(HANDLE key, PCWSTR name, ULONG number) {
    UNICODE_STRING counted = rtl::counted(name);
    return ZwSetValueKey(key, &counted, 0, REG_DWORD, &number, sizeof number);
}

NTSTATUS set_raw(HANDLE key, PCWSTR name, ULONG type, const void* data, ULONG bytes) {
    UNICODE_STRING counted = rtl::counted(name);
    return ZwSetValueKey(key, &counted, 0, type, const_cast<PVOID>(data), bytes);
}

const char* test_keys() {
    TestKey key, child;
    ULONG disposition;
    KI_EXPECT(key.make(kPath, nullptr, 0, &disposition) == STATUS_SUCCESS);
    KI_EXPECT(disposition == REG_CREATED_NEW_KEY);
    KI_EXPECT(child.make(L"Child", key.handle, 0, &disposition) == STATUS_SUCCESS);
    KI_EXPECT(ZwDeleteKey(key.handle) == STATUS_CANNOT_DELETE);
    TestKey again;
    KI_EXPECT(again.make(L"cHILD", key.handle, 0, &disposition) == STATUS_SUCCESS);
    KI_EXPECT(disposition == REG_OPENED_EXISTING_KEY);
    KI_EXPECT(ZwDeleteKey(again.handle) == STATUS_SUCCESS);
    KI_EXPECT(set_number(child.handle, L"late", 1) == STATUS_KEY_DELETED);
    TestKey deep;
    KI_EXPECT(deep.make(L"not\\there", key.handle) == STATUS_OBJECT_NAME_NOT_FOUND);
    TestKey shadow, lasting;
    KI_EXPECT(shadow.make(L"Shadow", key.handle, REG_OPTION_VOLATILE) == STATUS_SUCCESS);
    KI_EXPECT(lasting.make(L"Lasting", shadow.handle) == STATUS_CHILD_MUST_BE_VOLATILE);
    return nullptr;
}

const char* test_value_sizes() {
    TestKey key;
    KI_EXPECT(key.make(kPath) == STATUS_SUCCESS);
    KI_EXPECT(set_number(key.handle, L"Number", 0x12345678) == STATUS_SUCCESS);
    UNICODE_STRING name = rtl::literal(L"NUMBER"), absent = rtl::literal(L"absent");
    ULONG needed = 0;
    union {
        KEY_VALUE_PARTIAL_INFORMATION partial;
        KEY_VALUE_FULL_INFORMATION full;
        UCHAR bytes[64];
    } buffer;
    const auto query = [&](KEY_VALUE_INFORMATION_CLASS wanted, ULONG room) {
        return ZwQueryValueKey(key.handle, &name, wanted, &buffer, room, &needed);
    };
    KI_EXPECT(query(KeyValuePartialInformation, 0) == STATUS_BUFFER_TOO_SMALL && needed == 16);
    buffer.partial.DataLength = 0;
    KI_EXPECT(query(KeyValuePartialInformation, 13) == STATUS_BUFFER_OVERFLOW && needed == 16);
    KI_EXPECT(buffer.partial.DataLength == 4 && buffer.partial.Type == REG_DWORD && buffer.partial.Data[0] == 0x78);
    KI_EXPECT(query(KeyValuePartialInformation, 16) == STATUS_SUCCESS && buffer.partial.Data[3] == 0x12);
    KI_EXPECT(query(KeyValueFullInformation, sizeof buffer) == STATUS_SUCCESS && needed == 36);
    KI_EXPECT(buffer.full.NameLength == 12 && buffer.full.DataOffset == 32 && buffer.bytes[32] == 0x78);
    KI_EXPECT(
        ZwQueryValueKey(key.handle, &absent, KeyValuePartialInformation, &buffer, sizeof buffer, &needed) ==
        STATUS_OBJECT_NAME_NOT_FOUND);
    KI_EXPECT(
        ZwEnumerateValueKey(key.handle, 1, KeyValueFullInformation, &buffer, sizeof buffer, &needed) ==
        STATUS_NO_MORE_ENTRIES);
    KI_EXPECT(ZwDeleteValueKey(key.handle, &name) == STATUS_SUCCESS);
    KI_EXPECT(query(KeyValuePartialInformation, sizeof buffer) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_key_information() {
    TestKey key, first, second;
    KI_EXPECT(key.make(kPath) == STATUS_SUCCESS);
    KI_EXPECT(first.make(L"zz", key.handle) == STATUS_SUCCESS && second.make(L"Aaa", key.handle) == STATUS_SUCCESS);
    KI_EXPECT(set_number(key.handle, L"n", 1) == STATUS_SUCCESS);
    UCHAR buffer[256];
    ULONG needed;
    auto* full = reinterpret_cast<PKEY_FULL_INFORMATION>(buffer);
    KI_EXPECT(ZwQueryKey(key.handle, KeyFullInformation, buffer, sizeof buffer, &needed) == STATUS_SUCCESS);
    KI_EXPECT(full->SubKeys == 2 && full->MaxNameLen == 6 && full->Values == 1 && full->MaxValueDataLen == 4);
    auto* basic = reinterpret_cast<PKEY_BASIC_INFORMATION>(buffer);
    KI_EXPECT(ZwEnumerateKey(key.handle, 0, KeyBasicInformation, buffer, sizeof buffer, &needed) == STATUS_SUCCESS);
    KI_EXPECT(basic->NameLength == 6 && basic->Name[0] == 'A');
    KI_EXPECT(ZwEnumerateKey(key.handle, 2, KeyBasicInformation, buffer, sizeof buffer, &needed) == STATUS_NO_MORE_ENTRIES);
    struct NameInformation {  // KEY_NAME_INFORMATION, which the DDK headers have only in some versions
        ULONG NameLength;
        WCHAR Name[1];
    };
    auto* name = reinterpret_cast<NameInformation*>(buffer);
    KI_EXPECT(ZwQueryKey(first.handle, KeyNameInformation, buffer, sizeof buffer, &needed) == STATUS_SUCCESS);
    KI_EXPECT(needed == sizeof(ULONG) + name->NameLength);
    KI_EXPECT(name->Name[0] == '\\' && name->Name[name->NameLength / sizeof(WCHAR) - 1] == 'z');
    return nullptr;
}

struct Seen {
    ULONG calls, type, bytes;
    WCHAR last[16];
};

NTSTATUS NTAPI note(PWSTR, ULONG type, PVOID data, ULONG bytes, PVOID, PVOID context) {
    auto* seen = static_cast<Seen*>(context);
    ++seen->calls;
    seen->type = type;
    seen->bytes = bytes;
    RtlZeroMemory(seen->last, sizeof seen->last);
    if (data) RtlCopyMemory(seen->last, data, bytes < sizeof seen->last ? bytes : sizeof seen->last);
    return STATUS_SUCCESS;
}

NTSTATUS run(RTL_QUERY_REGISTRY_TABLE entry) {
    RTL_QUERY_REGISTRY_TABLE table[2] = {entry, {}};
    return RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"selftest", table, nullptr, nullptr);
}

const char* test_query_routines() {
    TestKey key;
    KI_EXPECT(key.make(kPath) == STATUS_SUCCESS);
    constexpr WCHAR multi[] = L"one\0two\0";
    KI_EXPECT(set_raw(key.handle, L"Multi", REG_MULTI_SZ, multi, sizeof multi) == STATUS_SUCCESS);
    constexpr WCHAR path[] = L"%systemroot%\\x";
    KI_EXPECT(set_raw(key.handle, L"Path", REG_EXPAND_SZ, path, sizeof path) == STATUS_SUCCESS);
    Seen seen = {};
    KI_EXPECT(run({note, 0, L"Multi", &seen, 0, nullptr, 0}) == STATUS_SUCCESS);
    KI_EXPECT(seen.calls == 2 && seen.type == REG_SZ && seen.bytes == 8 && seen.last[1] == 'w');
    seen = {};
    KI_EXPECT(run({note, RTL_QUERY_REGISTRY_NOEXPAND, L"Multi", &seen, 0, nullptr, 0}) == STATUS_SUCCESS);
    KI_EXPECT(seen.calls == 1 && seen.type == REG_MULTI_SZ && seen.bytes == sizeof multi);
    KI_EXPECT(run({note, 0, L"Path", &seen, 0, nullptr, 0}) == STATUS_SUCCESS);
    KI_EXPECT(seen.type == REG_SZ && seen.last[0] == 'C' && seen.last[10] == '\\' && seen.last[11] == 'x');
    seen = {};
    KI_EXPECT(run({note, 0, nullptr, &seen, 0, nullptr, 0}) == STATUS_SUCCESS && seen.calls == 3);
    KI_EXPECT(run({note, RTL_QUERY_REGISTRY_NOVALUE, L"x", &seen, 0, nullptr, 0}) == STATUS_SUCCESS);
    KI_EXPECT(seen.calls == 4 && seen.type == REG_NONE && seen.bytes == 0);
    WCHAR fallback[] = L"fall";
    KI_EXPECT(run({note, 0, L"absent", &seen, REG_SZ, fallback, 0}) == STATUS_SUCCESS);
    KI_EXPECT(seen.bytes == sizeof fallback && seen.last[3] == 'l');
    KI_EXPECT(
        run({note, RTL_QUERY_REGISTRY_REQUIRED, L"absent", &seen, REG_SZ, fallback, 0}) == STATUS_OBJECT_NAME_NOT_FOUND);
    KI_EXPECT(run({note, RTL_QUERY_REGISTRY_DELETE, L"Path", &seen, 0, nullptr, 0}) == STATUS_SUCCESS);
    KI_EXPECT(
        run({note, RTL_QUERY_REGISTRY_REQUIRED, L"Path", &seen, 0, nullptr, 0}) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_query_direct() {
    TestKey key;
    KI_EXPECT(key.make(kPath) == STATUS_SUCCESS);
    ULONG number = 77, read = 0;
    KI_EXPECT(
        RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, L"selftest", L"N", REG_DWORD, &number, sizeof number) == STATUS_SUCCESS);
    KI_EXPECT(run({nullptr, RTL_QUERY_REGISTRY_DIRECT, L"N", &read, 0, nullptr, 0}) == STATUS_SUCCESS && read == 77);
    constexpr WCHAR text[] = L"text";
    KI_EXPECT(set_raw(key.handle, L"T", REG_SZ, text, sizeof text) == STATUS_SUCCESS);
    UNICODE_STRING string = {};
    KI_EXPECT(run({nullptr, RTL_QUERY_REGISTRY_DIRECT, L"T", &string, 0, nullptr, 0}) == STATUS_SUCCESS);
    KI_EXPECT(string.Length == 8 && string.Buffer && string.Buffer[4] == 0);
    RtlFreeUnicodeString(&string);
    WCHAR small[3];
    string = {0, sizeof small, small};
    KI_EXPECT(run({nullptr, RTL_QUERY_REGISTRY_DIRECT, L"T", &string, 0, nullptr, 0}) == STATUS_BUFFER_TOO_SMALL);
    constexpr UCHAR blob[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    KI_EXPECT(set_raw(key.handle, L"B", REG_BINARY, blob, sizeof blob) == STATUS_SUCCESS);
    union {
        LONG size;
        UCHAR bytes[16];
    } raw = {-16}, headed = {16};
    KI_EXPECT(run({nullptr, RTL_QUERY_REGISTRY_DIRECT, L"B", &raw, 0, nullptr, 0}) == STATUS_SUCCESS && raw.bytes[7] == 8);
    KI_EXPECT(run({nullptr, RTL_QUERY_REGISTRY_DIRECT, L"B", &headed, 0, nullptr, 0}) == STATUS_SUCCESS);
    KI_EXPECT(headed.size == 8 && headed.bytes[4] == REG_BINARY && headed.bytes[15] == 8);
    ULONG fallback = 5;
    KI_EXPECT(
        run({nullptr, RTL_QUERY_REGISTRY_DIRECT, L"M", &read, REG_DWORD, &fallback, sizeof fallback}) == STATUS_SUCCESS);
    KI_EXPECT(read == 5);
    WCHAR missing[] = L"no\\such";
    KI_EXPECT(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, missing) == STATUS_OBJECT_NAME_NOT_FOUND);
    KI_EXPECT(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"selftest", L"N") == STATUS_SUCCESS);
    return nullptr;
}

const char* test_query_subkeys() {
    TestKey key, child;
    KI_EXPECT(key.make(kPath) == STATUS_SUCCESS && child.make(L"Parameters", key.handle) == STATUS_SUCCESS);
    KI_EXPECT(set_number(key.handle, L"Top", 1) == STATUS_SUCCESS);
    KI_EXPECT(set_number(child.handle, L"Below", 2) == STATUS_SUCCESS);
    ULONG top = 0, below = 0;
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {nullptr, RTL_QUERY_REGISTRY_SUBKEY, L"Parameters", nullptr, 0, nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED, L"Below", &below, 0, nullptr, 0},
        {nullptr, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_REQUIRED, L"Top", &top, 0,
         nullptr, 0},
        {}};
    KI_EXPECT(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"selftest", table, nullptr, nullptr) == STATUS_SUCCESS);
    KI_EXPECT(top == 1 && below == 2);
    KI_EXPECT(
        RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, static_cast<PCWSTR>(key.handle), table, nullptr, nullptr) ==
        STATUS_SUCCESS);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST CmSelfTests[] = {
    {"cm.keys", test_keys},
    {"cm.value-sizes", test_value_sizes},
    {"cm.key-information", test_key_information},
    {"cm.query-routines", test_query_routines},
    {"cm.query-direct", test_query_direct},
    {"cm.query-subkeys", test_query_subkeys},
    {nullptr, nullptr},
};
