// SPDX-License-Identifier: MIT
// selftest/tests_rtl.cpp
//
// Rtl*: counted strings, their conversions, bitmaps, AVL tables, time, security.
#include <string.h>

#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

RD_IMPORT(NTSTATUS, RtlInitUnicodeStringEx, PUNICODE_STRING, PCWSTR)
RD_IMPORT(NTSTATUS, RtlInitAnsiStringEx, PANSI_STRING, PCSZ)
RD_IMPORT(BOOLEAN, RtlCreateUnicodeString, PUNICODE_STRING, PCWSTR)
RD_IMPORT(NTSTATUS, RtlDuplicateUnicodeString, ULONG, PCUNICODE_STRING, PUNICODE_STRING)
RD_IMPORT(NTSTATUS, RtlDowncaseUnicodeString, PUNICODE_STRING, PCUNICODE_STRING, BOOLEAN)
RD_IMPORT(NTSTATUS, RtlValidateUnicodeString, ULONG, PCUNICODE_STRING)
RD_IMPORT(NTSTATUS, RtlUpcaseUnicodeStringToAnsiString, PANSI_STRING, PCUNICODE_STRING, BOOLEAN)
RD_IMPORT(NTSTATUS, RtlAppendAsciizToString, PSTRING, PCSZ)
RD_IMPORT(NTSTATUS, RtlAppendStringToString, PSTRING, const STRING*)
RD_IMPORT(BOOLEAN, RtlPrefixString, const STRING*, const STRING*, BOOLEAN)
RD_IMPORT(WCHAR, RtlAnsiCharToUnicodeChar, PUCHAR*)
RD_IMPORT(NTSTATUS, RtlCharToInteger, PCSZ, ULONG, PULONG)
RD_IMPORT(NTSTATUS, RtlIntegerToChar, ULONG, ULONG, ULONG, PSZ)
RD_IMPORT(NTSTATUS, RtlInt64ToUnicodeString, ULONGLONG, ULONG, PUNICODE_STRING)
RD_IMPORT(ULONG, RtlxAnsiStringToUnicodeSize, PCANSI_STRING)
RD_IMPORT(ULONG, RtlxUnicodeStringToAnsiSize, PCUNICODE_STRING)
RD_IMPORT(ULONG, RtlxOemStringToUnicodeSize, PCOEM_STRING)
RD_IMPORT(ULONG, RtlxUnicodeStringToOemSize, PCUNICODE_STRING)
RD_IMPORT(WCHAR, RtlDowncaseUnicodeChar, WCHAR)
RD_IMPORT(WCHAR, RtlUpcaseUnicodeChar, WCHAR)
RD_IMPORT(NTSTATUS, RtlUnicodeToMultiByteN, PCHAR, ULONG, PULONG, PCWCH, ULONG)
RD_IMPORT(NTSTATUS, RtlUpcaseUnicodeToMultiByteN, PCHAR, ULONG, PULONG, PCWCH, ULONG)
RD_IMPORT(NTSTATUS, RtlMultiByteToUnicodeN, PWCH, ULONG, PULONG, const CHAR*, ULONG)
RD_IMPORT(NTSTATUS, RtlUnicodeToMultiByteSize, PULONG, PCWCH, ULONG)
RD_IMPORT(NTSTATUS, RtlMultiByteToUnicodeSize, PULONG, const CHAR*, ULONG)
RD_IMPORT(NTSTATUS, RtlOemToUnicodeN, PWCH, ULONG, PULONG, const CHAR*, ULONG)
RD_IMPORT(NTSTATUS, RtlUnicodeToOemN, PCHAR, ULONG, PULONG, PCWCH, ULONG)
RD_IMPORT(NTSTATUS, RtlUpcaseUnicodeToOemN, PCHAR, ULONG, PULONG, PCWCH, ULONG)
RD_IMPORT(NTSTATUS, RtlOemStringToUnicodeString, PUNICODE_STRING, PCOEM_STRING, BOOLEAN)
RD_IMPORT(NTSTATUS, RtlUnicodeStringToOemString, POEM_STRING, PCUNICODE_STRING, BOOLEAN)
RD_IMPORT(NTSTATUS, RtlUpcaseUnicodeStringToOemString, POEM_STRING, PCUNICODE_STRING, BOOLEAN)
RD_IMPORT(void, RtlFreeOemString, POEM_STRING)
RD_IMPORT(BOOLEAN, RtlTimeToSecondsSince1980, PLARGE_INTEGER, PULONG)
RD_IMPORT(void, RtlSecondsSince1980ToTime, ULONG, PLARGE_INTEGER)
RD_IMPORT(void, RtlSecondsSince1970ToTime, ULONG, PLARGE_INTEGER)
RD_IMPORT(void, RtlMapGenericMask, PACCESS_MASK, PGENERIC_MAPPING)

namespace {

bool is(const UNICODE_STRING& string, PCWSTR text) {
    UNICODE_STRING wanted;
    RtlInitUnicodeString(&wanted, text);
    return RtlEqualUnicodeString(&string, &wanted, FALSE);
}

const char* test_unicode_strings() {
    UNICODE_STRING a, b, made = {};
    RtlInitUnicodeString(&a, L"Abc");
    RD_EXPECT(a.Length == 6 && a.MaximumLength == 8);
    RtlInitUnicodeString(&b, nullptr);
    RD_EXPECT(b.Length == 0 && b.MaximumLength == 0 && !b.Buffer);
    RD_EXPECT(crt::RtlInitUnicodeStringEx(&b, L"Abc") == STATUS_SUCCESS && b.Length == 6);
    WCHAR room[6] = {};
    UNICODE_STRING joined = {0, 10, room};
    RD_EXPECT(RtlAppendUnicodeStringToString(&joined, &a) == STATUS_SUCCESS && is(joined, L"Abc"));
    RD_EXPECT(RtlAppendUnicodeStringToString(&joined, &a) == STATUS_BUFFER_TOO_SMALL && is(joined, L"Abc"));
    RD_EXPECT(crt::RtlCreateUnicodeString(&made, L"own") && is(made, L"own"));
    RtlFreeUnicodeString(&made);
    RD_EXPECT(!made.Buffer);
    RD_EXPECT(crt::RtlDuplicateUnicodeString(1, &a, &made) == STATUS_SUCCESS && made.MaximumLength == 8 && made.Buffer[3] == 0);
    RtlFreeUnicodeString(&made);
    RD_EXPECT(crt::RtlDuplicateUnicodeString(4, &a, &made) == STATUS_INVALID_PARAMETER);
    RD_EXPECT(crt::RtlDowncaseUnicodeString(&made, &a, TRUE) == STATUS_SUCCESS && is(made, L"abc"));
    RtlFreeUnicodeString(&made);
    RD_EXPECT(crt::RtlUpcaseUnicodeChar(L'\u00e4') == L'\u00c4' && crt::RtlDowncaseUnicodeChar(L'Z') == L'z');
    ULONG one = 0, other = 1;
    UNICODE_STRING shouted;
    RtlInitUnicodeString(&shouted, L"ABC");
    RD_EXPECT(RtlHashUnicodeString(&a, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &one) == STATUS_SUCCESS);
    RD_EXPECT(RtlHashUnicodeString(&shouted, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &other) == STATUS_SUCCESS && one == other);
    RD_EXPECT(RtlHashUnicodeString(&shouted, FALSE, 77, &other) == STATUS_INVALID_PARAMETER);
    UNICODE_STRING odd = {3, 8, a.Buffer};
    RD_EXPECT(crt::RtlValidateUnicodeString(0, &a) == STATUS_SUCCESS && crt::RtlValidateUnicodeString(0, &odd) == STATUS_INVALID_PARAMETER);
    return nullptr;
}

const char* test_ansi_strings() {
    ANSI_STRING a, b;
    char room[8] = {};
    RtlInitAnsiString(&a, "Abc");
    RtlInitString(&b, "aBC");
    RD_EXPECT(a.Length == 3 && a.MaximumLength == 4 && RtlEqualString(&a, &b, TRUE) && !RtlEqualString(&a, &b, FALSE));
    RD_EXPECT(RtlCompareString(&a, &b, FALSE) < 0 && RtlCompareString(&a, &b, TRUE) == 0);
    RD_EXPECT(crt::RtlInitAnsiStringEx(&b, "xy") == STATUS_SUCCESS && b.Length == 2);
    STRING to = {0, 5, room};
    RtlCopyString(&to, &a);
    RD_EXPECT(to.Length == 3 && memcmp(room, "Abc", 3) == 0);
    RD_EXPECT(crt::RtlAppendStringToString(&to, &b) == STATUS_SUCCESS && to.Length == 5);
    RD_EXPECT(crt::RtlAppendAsciizToString(&to, "z") == STATUS_BUFFER_TOO_SMALL && to.Length == 5);
    RD_EXPECT(crt::RtlPrefixString(&a, &to, FALSE) && !crt::RtlPrefixString(&to, &a, FALSE));
    RD_EXPECT(RtlUpperChar('q') == 'Q');
    RtlUpperString(&to, &a);
    RD_EXPECT(to.Length == 3 && memcmp(room, "ABC", 3) == 0);
    return nullptr;
}

const char* test_conversions() {
    UNICODE_STRING wide, made = {};
    RtlInitUnicodeString(&wide, L"Wide");
    ANSI_STRING narrow = {};
    RD_EXPECT(crt::RtlUpcaseUnicodeStringToAnsiString(&narrow, &wide, TRUE) == STATUS_SUCCESS && memcmp(narrow.Buffer, "WIDE", 5) == 0);
    RD_EXPECT(crt::RtlxAnsiStringToUnicodeSize(&narrow) == 10 && crt::RtlxUnicodeStringToAnsiSize(&wide) == 5);
    RtlFreeAnsiString(&narrow);
    char bytes[8];
    WCHAR units[8];
    ULONG count;
    RD_EXPECT(crt::RtlUnicodeToMultiByteN(bytes, 3, &count, L"abcd", 8) == STATUS_BUFFER_OVERFLOW && count == 3);
    RD_EXPECT(crt::RtlUpcaseUnicodeToMultiByteN(bytes, 8, &count, L"abcd", 8) == STATUS_SUCCESS && count == 4 && bytes[3] == 'D');
    RD_EXPECT(crt::RtlMultiByteToUnicodeN(units, sizeof units, &count, "abc", 3) == STATUS_SUCCESS && count == 6 && units[2] == L'c');
    RD_EXPECT(crt::RtlUnicodeToMultiByteSize(&count, L"abcd", 8) == STATUS_SUCCESS && count == 4);
    RD_EXPECT(crt::RtlMultiByteToUnicodeSize(&count, "abc", 3) == STATUS_SUCCESS && count == 6);
    UCHAR text[] = "ab";
    PUCHAR at = text;
    RD_EXPECT(crt::RtlAnsiCharToUnicodeChar(&at) == L'a' && at == text + 1);
    OEM_STRING oem = {};
    RD_EXPECT(crt::RtlUnicodeStringToOemString(&oem, &wide, TRUE) == STATUS_SUCCESS && oem.Length == 4);
    RD_EXPECT(crt::RtlxOemStringToUnicodeSize(&oem) == 10 && crt::RtlxUnicodeStringToOemSize(&wide) == 5);
    RD_EXPECT(crt::RtlOemStringToUnicodeString(&made, &oem, TRUE) == STATUS_SUCCESS && is(made, L"Wide"));
    RtlFreeUnicodeString(&made);
    crt::RtlFreeOemString(&oem);
    RD_EXPECT(crt::RtlUpcaseUnicodeStringToOemString(&oem, &wide, TRUE) == STATUS_SUCCESS && oem.Buffer[1] == 'I');
    crt::RtlFreeOemString(&oem);
    RD_EXPECT(crt::RtlOemToUnicodeN(units, sizeof units, &count, "xy", 2) == STATUS_SUCCESS && units[1] == L'y');
    RD_EXPECT(crt::RtlUnicodeToOemN(bytes, 8, &count, L"xy", 4) == STATUS_SUCCESS && bytes[1] == 'y' && count == 2);
    RD_EXPECT(crt::RtlUpcaseUnicodeToOemN(bytes, 8, &count, L"xy", 4) == STATUS_SUCCESS && bytes[1] == 'Y');
    return nullptr;
}

const char* test_numbers() {
    ULONG value = 0;
    RD_EXPECT(crt::RtlCharToInteger("0x1F", 0, &value) == STATUS_SUCCESS && value == 31);
    RD_EXPECT(crt::RtlCharToInteger("-5", 10, &value) == STATUS_SUCCESS && value == static_cast<ULONG>(-5));
    RD_EXPECT(crt::RtlCharToInteger("5", 7, &value) == STATUS_INVALID_PARAMETER);
    char text[12];
    RD_EXPECT(crt::RtlIntegerToChar(255, 16, sizeof text, text) == STATUS_SUCCESS && strcmp(text, "FF") == 0);
    RD_EXPECT(crt::RtlIntegerToChar(255, 16, 1, text) == STATUS_BUFFER_OVERFLOW);
    WCHAR room[24];
    UNICODE_STRING string = {0, sizeof room, room};
    RD_EXPECT(crt::RtlInt64ToUnicodeString(12345678901ull, 10, &string) == STATUS_SUCCESS && is(string, L"12345678901"));
    return nullptr;
}

const char* test_bitmap() {
    ULONG bits[4] = {};
    RTL_BITMAP map;
    RtlInitializeBitMap(&map, bits, 100);
    RtlSetAllBits(&map);
    RD_EXPECT(RtlNumberOfSetBits(&map) == 100);
    RtlClearBit(&map, 40);
    RD_EXPECT(!RtlTestBit(&map, 40) && RtlTestBit(&map, 41));
    RtlSetBit(&map, 40);
    RD_EXPECT(RtlTestBit(&map, 40) && RtlFindSetBits(&map, 60, 0) == 0);
    RtlClearBits(&map, 10, 5);
    RtlClearBits(&map, 50, 20);
    ULONG at = 0;
    RD_EXPECT(RtlFindFirstRunClear(&map, &at) == 5 && at == 10);
    RD_EXPECT(RtlFindLongestRunClear(&map, &at) == 20 && at == 50);
    RD_EXPECT(RtlFindNextForwardRunClear(&map, 15, &at) == 20 && at == 50);
    RD_EXPECT(RtlFindSetBitsAndClear(&map, 30, 0) == 15 && !RtlTestBit(&map, 15) && RtlFindSetBits(&map, 99, 0) == ~0u);
    RD_EXPECT(RtlFindMostSignificantBit(0x8000000001ull) == 39 && RtlFindLeastSignificantBit(0x8000000000ull) == 39);
    RD_EXPECT(RtlFindMostSignificantBit(0) == -1 && RtlFindLeastSignificantBit(0) == -1);
    return nullptr;
}

const char* test_times() {
    LARGE_INTEGER time;
    ULONG seconds = 0;
    crt::RtlSecondsSince1970ToTime(86400, &time);
    RD_EXPECT(time.QuadPart == 116444736000000000 + 864000000000);
    crt::RtlSecondsSince1980ToTime(1000, &time);
    RD_EXPECT(crt::RtlTimeToSecondsSince1980(&time, &seconds) && seconds == 1000);
    time.QuadPart = 1;
    RD_EXPECT(!crt::RtlTimeToSecondsSince1980(&time, &seconds));
    return nullptr;
}

const char* test_security() {
    SID_IDENTIFIER_AUTHORITY authority = {{0, 0, 0, 0, 0, 5}};
    alignas(8) UCHAR memory[68], copy[68];  // the longest there is
    RD_EXPECT(RtlLengthRequiredSid(2) == 16 && RtlInitializeSid(memory, &authority, 2) == STATUS_SUCCESS);
    *RtlSubAuthoritySid(memory, 0) = 32;
    *RtlSubAuthoritySid(memory, 1) = 544;
    RD_EXPECT(RtlValidSid(memory) && RtlCopySid(sizeof copy, copy, memory) == STATUS_SUCCESS && RtlEqualSid(memory, copy));
    RD_EXPECT(RtlCopySid(8, copy, memory) == STATUS_BUFFER_TOO_SMALL);
    UCHAR list[128];
    auto* acl = reinterpret_cast<PACL>(list);
    RD_EXPECT(RtlCreateAcl(acl, sizeof list, ACL_REVISION) == STATUS_SUCCESS);
    RD_EXPECT(RtlAddAccessAllowedAceEx(acl, ACL_REVISION, CONTAINER_INHERIT_ACE, GENERIC_READ, memory) == STATUS_SUCCESS);
    RD_EXPECT(acl->AceCount == 1);
    SECURITY_DESCRIPTOR descriptor;
    RD_EXPECT(RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION) == STATUS_SUCCESS);
    RD_EXPECT(RtlSetGroupSecurityDescriptor(&descriptor, memory, FALSE) == STATUS_SUCCESS && descriptor.Group == memory);
    GENERIC_MAPPING mapping = {1, 2, 4, 7};
    ACCESS_MASK mask = GENERIC_READ | GENERIC_EXECUTE | 0x100;
    crt::RtlMapGenericMask(&mask, &mapping);
    RD_EXPECT(mask == 0x105);
    return nullptr;
}

// -------------------------------------------------------------------------------------------------------- AVL tables

RTL_GENERIC_COMPARE_RESULTS NTAPI compare(PRTL_AVL_TABLE, PVOID a, PVOID b) {
    const ULONG x = *static_cast<ULONG*>(a), y = *static_cast<ULONG*>(b);
    return x < y ? GenericLessThan : x > y ? GenericGreaterThan : GenericEqual;
}
PVOID NTAPI allocate(PRTL_AVL_TABLE, CLONG bytes) { return ExAllocatePoolWithTag(NonPagedPool, bytes, 'tsts'); }
VOID NTAPI release(PRTL_AVL_TABLE, PVOID memory) { ExFreePoolWithTag(memory, 'tsts'); }
NTSTATUS NTAPI match_all(PRTL_AVL_TABLE, PVOID, PVOID) { return STATUS_SUCCESS; }

const char* use_table(PRTL_AVL_TABLE table) {
    for (ULONG value = 0; value < 50; ++value) {
        const ULONG key = value * 37 % 101;
        BOOLEAN added = FALSE;
        PVOID node;
        TABLE_SEARCH_RESULT where;
        RD_EXPECT(!RtlLookupElementGenericTableFullAvl(table, const_cast<ULONG*>(&key), &node, &where));
        RD_EXPECT(RtlInsertElementGenericTableFullAvl(table, const_cast<ULONG*>(&key), sizeof key, &added, node, where) && added);
    }
    ULONG key = 37, after = 0;
    RD_EXPECT(RtlLookupElementGenericTableAvl(table, &key) && RtlNumberGenericTableElementsAvl(table) == 50);
    PVOID restart = nullptr;
    for (ULONG index = 0; index < 50; ++index) {
        auto* element = static_cast<ULONG*>(RtlEnumerateGenericTableWithoutSplayingAvl(table, &restart));
        RD_EXPECT(element && (!index || *element > after) && RtlGetElementGenericTableAvl(table, index) == element);
        after = *element;
    }
    RD_EXPECT(!RtlEnumerateGenericTableWithoutSplayingAvl(table, &restart) && !RtlGetElementGenericTableAvl(table, 50));
    restart = nullptr;
    RD_EXPECT(RtlLookupFirstMatchingElementGenericTableAvl(table, &key, &restart) && restart);
    restart = nullptr;
    ULONG deleted = 0;
    ULONG first = 0;
    const auto* element = static_cast<ULONG*>(
        RtlEnumerateGenericTableLikeADirectory(table, match_all, nullptr, FALSE, &restart, &deleted, &first));
    RD_EXPECT(element && *element == *static_cast<ULONG*>(RtlGetElementGenericTableAvl(table, 0)));
    return nullptr;
}

const char* test_avl_table() {
    RTL_AVL_TABLE table;
    RtlInitializeGenericTableAvl(&table, compare, allocate, release, nullptr);
    const char* wrong = use_table(&table);
    while (PVOID element = RtlGetElementGenericTableAvl(&table, 0)) {
        ULONG key = *static_cast<ULONG*>(element);
        RD_EXPECT(RtlDeleteElementGenericTableAvl(&table, &key));
    }
    RD_EXPECT(RtlIsGenericTableEmptyAvl(&table));
    return wrong;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST rtl_tests[] = {
    {"rtl.unicode-strings", test_unicode_strings},
    {"rtl.ansi-strings", test_ansi_strings},
    {"rtl.conversions", test_conversions},
    {"rtl.string-numbers", test_numbers},
    {"rtl.bitmap-runs", test_bitmap},
    {"rtl.seconds", test_times},
    {"rtl.sids-and-acls", test_security},
    {"rtl.avl-table-of-a-driver", test_avl_table},
    {nullptr, nullptr},
};

}  // namespace selftest
