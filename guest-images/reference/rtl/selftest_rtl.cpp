// SPDX-License-Identifier: MIT
// rtl/selftest_rtl.cpp
//
// The run-time library as drivers see it, inside the guest: strings, numbers, bitmaps, tables, time, security data.
#include "ke/selftest.hpp"
#include "rtl/literal.hpp"

extern "C" int __cdecl _snprintf(char* buffer, size_t count, const char* format, ...);

namespace {

/// Every overlap within 70 bytes, against a copy through a second buffer.
const char* test_memory() {
    UCHAR moved[224], expected[224], source[224];
    for (int index = 0; index < 224; ++index) source[index] = static_cast<UCHAR>(index * 7 + 1);
    for (int distance = -70; distance <= 70; ++distance) {
        for (size_t count = 0; count <= 80; count += 1 + count / 9) {
            for (int index = 0; index < 224; ++index) moved[index] = expected[index] = source[index];
            for (size_t index = 0; index < count; ++index) expected[72 + distance + static_cast<int>(index)] = source[72 + index];
            memmove(moved + 72 + distance, moved + 72, count);
            KI_EXPECT(memcmp(moved, expected, sizeof moved) == 0);
        }
    }
    memset(moved + 3, 0x5A, 131);
    KI_EXPECT(moved[2] == expected[2] && moved[3] == 0x5A && moved[133] == 0x5A && moved[134] == expected[134]);
    KI_EXPECT(RtlCompareMemory(source, expected, 0) == 0 && RtlCompareMemoryUlong(moved + 4, 128, 0x5A5A5A5A) == 128);
    return nullptr;
}

bool same(PCUNICODE_STRING string, const WCHAR* text) {
    return string->Length == wcslen(text) * sizeof(WCHAR) && !memcmp(string->Buffer, text, string->Length);
}

const char* test_strings() {
    WCHAR buffer[8];
    UNICODE_STRING small = {0, sizeof buffer, buffer};
    KI_EXPECT(RtlAppendUnicodeToString(&small, L"abcdef") == STATUS_SUCCESS);
    KI_EXPECT(RtlAppendUnicodeToString(&small, L"ghi") == STATUS_BUFFER_TOO_SMALL && same(&small, L"abcdef"));
    UNICODE_STRING other = rtl::literal(L"ABCDEF");
    KI_EXPECT(RtlEqualUnicodeString(&small, &other, TRUE) && !RtlEqualUnicodeString(&small, &other, FALSE));
    KI_EXPECT(RtlCompareUnicodeString(&small, &other, FALSE) > 0);
    UNICODE_STRING prefix = rtl::literal(L"AB");
    KI_EXPECT(RtlPrefixUnicodeString(&prefix, &small, TRUE) && !RtlPrefixUnicodeString(&small, &prefix, TRUE));
    UNICODE_STRING long_one = rtl::literal(L"0123456789");
    RtlCopyUnicodeString(&small, &long_one);
    KI_EXPECT(same(&small, L"01234567"));
    UNICODE_STRING made;
    KI_EXPECT(RtlUpcaseUnicodeString(&made, &prefix, TRUE) == STATUS_SUCCESS && same(&made, L"AB"));
    RtlFreeUnicodeString(&made);
    ANSI_STRING ansi;
    KI_EXPECT(RtlUnicodeStringToAnsiString(&ansi, &other, TRUE) == STATUS_SUCCESS && !strcmp(ansi.Buffer, "ABCDEF"));
    KI_EXPECT(RtlAnsiStringToUnicodeString(&made, &ansi, TRUE) == STATUS_SUCCESS && same(&made, L"ABCDEF"));
    RtlFreeUnicodeString(&made);
    RtlFreeAnsiString(&ansi);
    return nullptr;
}

const char* test_numbers() {
    WCHAR buffer[40];
    UNICODE_STRING text = {0, sizeof buffer, buffer};
    KI_EXPECT(RtlIntegerToUnicodeString(48879, 16, &text) == STATUS_SUCCESS && same(&text, L"BEEF"));
    ULONG value = 0;
    UNICODE_STRING number = rtl::literal(L" -0x10z");
    KI_EXPECT(RtlUnicodeStringToInteger(&number, 0, &value) == STATUS_SUCCESS && value == 0u - 16);
    UNICODE_STRING guid_text = rtl::literal(L"{4D36E972-E325-11CE-BFC1-08002BE10318}"), back;
    GUID guid;
    KI_EXPECT(RtlGUIDFromString(&guid_text, &guid) == STATUS_SUCCESS && guid.Data1 == 0x4D36E972 && guid.Data4[7] == 0x18);
    KI_EXPECT(RtlStringFromGUID(guid, &back) == STATUS_SUCCESS && same(&back, guid_text.Buffer));
    RtlFreeUnicodeString(&back);
    char narrow[16];
    KI_EXPECT(_snprintf(narrow, sizeof narrow, "%d-%s", 5, "x") == 3 && !strcmp(narrow, "5-x"));
    KI_EXPECT(atoi("  42z") == 42);
    return nullptr;
}

const char* test_bitmap() {
    ULONG words[3];
    RTL_BITMAP map;
    RtlInitializeBitMap(&map, words, 70);
    RtlClearAllBits(&map);
    RtlSetBits(&map, 3, 60);
    KI_EXPECT(RtlNumberOfSetBits(&map) == 60 && RtlAreBitsSet(&map, 3, 60) && !RtlAreBitsSet(&map, 2, 3));
    KI_EXPECT(RtlFindClearBits(&map, 5, 0) == 63 && RtlFindClearBits(&map, 8, 0) == 0xFFFFFFFF);
    KI_EXPECT(RtlFindClearBitsAndSet(&map, 3, 0) == 0 && RtlNumberOfClearBits(&map) == 7);
    RtlClearBits(&map, 31, 2);
    KI_EXPECT(RtlAreBitsClear(&map, 31, 2) && RtlFindClearBits(&map, 2, 0) == 31);
    return nullptr;
}

RTL_GENERIC_COMPARE_RESULTS NTAPI compare(PRTL_AVL_TABLE, PVOID left, PVOID right) {
    const ULONG a = *static_cast<PULONG>(left), b = *static_cast<PULONG>(right);
    return a < b ? GenericLessThan : a > b ? GenericGreaterThan : GenericEqual;
}
PVOID NTAPI allocate(PRTL_AVL_TABLE, CLONG bytes) { return ExAllocatePoolWithTag(NonPagedPool, bytes, 'lvAT'); }
VOID NTAPI release(PRTL_AVL_TABLE, PVOID memory) { ExFreePoolWithTag(memory, 'lvAT'); }

const char* test_avl_table() {
    RTL_AVL_TABLE table;
    RtlInitializeGenericTableAvl(&table, compare, allocate, release, nullptr);
    for (ULONG key = 0; key < 200; ++key) {
        ULONG scattered = key * 77 % 200;
        BOOLEAN fresh = FALSE;
        KI_EXPECT(RtlInsertElementGenericTableAvl(&table, &scattered, sizeof scattered, &fresh) && fresh);
    }
    KI_EXPECT(RtlNumberGenericTableElementsAvl(&table) == 200 && table.DepthOfTree <= 11);
    ULONG expected = 0;
    for (PVOID at = RtlEnumerateGenericTableAvl(&table, TRUE); at; at = RtlEnumerateGenericTableAvl(&table, FALSE))
        KI_EXPECT(*static_cast<PULONG>(at) == expected++);
    KI_EXPECT(expected == 200);
    for (ULONG key = 0; key < 200; ++key) KI_EXPECT(RtlDeleteElementGenericTableAvl(&table, &key));
    KI_EXPECT(RtlIsGenericTableEmptyAvl(&table) && table.DepthOfTree == 0);
    return nullptr;
}

const char* test_time() {
    TIME_FIELDS fields = {2000, 2, 29, 23, 59, 58, 999, 0}, back;
    LARGE_INTEGER time;
    ULONG seconds = 0;
    KI_EXPECT(RtlTimeFieldsToTime(&fields, &time));
    RtlTimeToTimeFields(&time, &back);
    KI_EXPECT(back.Month == 2 && back.Day == 29 && back.Second == 58 && back.Milliseconds == 999 && back.Weekday == 2);
    KI_EXPECT(RtlTimeToSecondsSince1970(&time, &seconds) && seconds == 951868798);
    fields.Year = 2001;
    KI_EXPECT(!RtlTimeFieldsToTime(&fields, &time));
    return nullptr;
}

const char* test_security() {
    alignas(8) UCHAR space[128], relative[160];
    SECURITY_DESCRIPTOR descriptor;
    auto* acl = reinterpret_cast<PACL>(space);
    KI_EXPECT(RtlCreateAcl(acl, sizeof space, ACL_REVISION) == STATUS_SUCCESS);
    KI_EXPECT(RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, SeExports->SeLocalSystemSid) == STATUS_SUCCESS);
    KI_EXPECT(RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, SeExports->SeAliasAdminsSid) == STATUS_SUCCESS);
    KI_EXPECT(acl->AceCount == 2 && RtlLengthSid(SeExports->SeAliasAdminsSid) == 16);
    KI_EXPECT(RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION) == STATUS_SUCCESS);
    KI_EXPECT(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, acl, FALSE) == STATUS_SUCCESS);
    KI_EXPECT(RtlSetOwnerSecurityDescriptor(&descriptor, SeExports->SeAliasAdminsSid, FALSE) == STATUS_SUCCESS);
    ULONG bytes = 0;
    KI_EXPECT(RtlAbsoluteToSelfRelativeSD(&descriptor, nullptr, &bytes) == STATUS_BUFFER_TOO_SMALL && bytes == 20 + 16 + 128);
    bytes = sizeof relative;
    KI_EXPECT(RtlAbsoluteToSelfRelativeSD(&descriptor, relative, &bytes) == STATUS_BUFFER_TOO_SMALL);
    acl->AclSize = 80;
    KI_EXPECT(RtlAbsoluteToSelfRelativeSD(&descriptor, relative, &bytes) == STATUS_SUCCESS);
    KI_EXPECT(RtlLengthSecurityDescriptor(relative) == bytes);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST KiLibraryTests[] = {
    {"rtl.memory", test_memory},
    {"rtl.strings", test_strings},     {"rtl.numbers", test_numbers}, {"rtl.bitmap", test_bitmap}, {"rtl.avl-table", test_avl_table},
    {"rtl.time-fields", test_time},    {"rtl.security", test_security}, {nullptr, nullptr},
};
