// SPDX-License-Identifier: MIT
// selftest/tests_crt.cpp
//
// The C run time that ntoskrnl.exe exports: strings, memory, characters, numbers, sorting.
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

namespace {

bool same(const char* a, const char* b) { return strcmp(a, b) == 0; }
bool same(const wchar_t* a, const wchar_t* b) { return wcscmp(a, b) == 0; }

const char* test_lengths_and_comparison() {
    RD_EXPECT(strlen("four") == 4 && strlen("") == 0 && strnlen("four", 2) == 2 && strnlen("a", 9) == 1);
    RD_EXPECT(wcslen(L"four") == 4 && wcsnlen(L"four", 2) == 2 && wcsnlen(L"", 5) == 0);
    RD_EXPECT(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("\x80", "a") > 0);
    RD_EXPECT(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0);
    RD_EXPECT(_stricmp("ABC", "abc") == 0 && _stricmp("a", "B") < 0 && _strnicmp("ABx", "aby", 2) == 0);
    RD_EXPECT(wcscmp(L"a", L"b") < 0 && wcscmp(L"b", L"b") == 0 && wcsncmp(L"abc", L"abd", 2) == 0);
    RD_EXPECT(_wcsicmp(L"ABC", L"abc") == 0 && _wcsnicmp(L"ABx", L"aby", 2) == 0 && _wcsnicmp(L"ABx", L"aby", 3) < 0);
    return nullptr;
}

const char* test_copies() {
    char text[16];
    wchar_t wide[16];
    RD_EXPECT(strcpy(text, "ab") == text && same(text, "ab"));
    RD_EXPECT(same(strcat(text, "cd"), "abcd") && same(strncat(text, "efgh", 2), "abcdef"));
    memset(text, 'x', sizeof text);
    strncpy(text, "ab", 4);  // fills with zeros up to the count, and no further
    RD_EXPECT(memcmp(text, "ab\0\0x", 5) == 0);
    RD_EXPECT(wcscpy(wide, L"ab") == wide && same(wcscat(wide, L"cd"), L"abcd") && same(wcsncat(wide, L"efgh", 1), L"abcde"));
    wcsncpy(wide, L"xyz", 2);
    RD_EXPECT(wide[0] == L'x' && wide[1] == L'y' && wide[2] == L'c');
    return nullptr;
}

/// Those with a size refuse what does not fit, and leave an empty string.
const char* test_safe_copies() {
    char text[4];
    wchar_t wide[4];
    RD_EXPECT(strcpy_s(text, 4, "abc") == 0 && same(text, "abc"));
    RD_EXPECT(strcpy_s(text, 4, "abcd") != 0 && text[0] == 0);
    RD_EXPECT(strcat_s(text, 4, "ab") == 0 && strcat_s(text, 4, "cd") != 0 && text[0] == 0);
    RD_EXPECT(strncpy_s(text, 4, "abcdef", 2) == 0 && same(text, "ab"));
    RD_EXPECT(strncat_s(text, 4, "cdef", 1) == 0 && same(text, "abc"));
    RD_EXPECT(wcscpy_s(wide, 4, L"abc") == 0 && wcscpy_s(wide, 4, L"abcd") != 0 && wide[0] == 0);
    RD_EXPECT(wcscat_s(wide, 4, L"ab") == 0 && same(wide, L"ab") && wcsncat_s(wide, 4, L"cdef", 1) == 0 && same(wide, L"abc"));
    RD_EXPECT(wcsncpy_s(wide, 4, L"abcdef", 2) == 0 && same(wide, L"ab"));
    RD_EXPECT(memcpy_s(text, 4, "abcd", 4) == 0 && memcmp(text, "abcd", 4) == 0 && memcpy_s(text, 2, "abcd", 4) != 0);
    RD_EXPECT(memmove_s(text, 4, "wxyz", 4) == 0 && memcmp(text, "wxyz", 4) == 0 && memmove_s(text, 3, "wxyz", 4) != 0);
    return nullptr;
}

const char* test_searches() {
    const char* text = "abcabc";
    const wchar_t* wide = L"abcabc";
    RD_EXPECT(strchr(text, 'b') == text + 1 && strrchr(text, 'b') == text + 4 && strchr(text, 'z') == nullptr && strchr(text, 0) == text + 6);
    RD_EXPECT(strstr(text, "ca") == text + 2 && strstr(text, "") == text && strstr(text, "cc") == nullptr);
    RD_EXPECT(strspn(text, "ab") == 2 && strcspn(text, "c") == 2 && strpbrk(text, "xc") == text + 2 && strpbrk(text, "x") == nullptr);
    RD_EXPECT(wcschr(wide, L'b') == wide + 1 && wcsrchr(wide, L'b') == wide + 4 && wcsstr(wide, L"ca") == wide + 2);
    RD_EXPECT(wcsspn(wide, L"ab") == 2 && wcscspn(wide, L"c") == 2);
    RD_EXPECT(memchr(text, 'c', 6) == text + 2 && memchr(text, 'c', 2) == nullptr);
    return nullptr;
}

const char* test_memory() {
    UCHAR bytes[40];
    memset(bytes, 0x11, sizeof bytes);
    for (UCHAR index = 0; index < 20; ++index) bytes[index] = index;
    RD_EXPECT(memmove(bytes + 3, bytes, 20) == bytes + 3 && bytes[3] == 0 && bytes[22] == 19);   // overlapping, upwards
    RD_EXPECT(memmove(bytes, bytes + 3, 20) == bytes && bytes[0] == 0 && bytes[19] == 19);       // and downwards
    RD_EXPECT(memcpy(bytes + 20, bytes, 20) == bytes + 20 && memcmp(bytes, bytes + 20, 20) == 0);
    crt::RtlCopyMemoryNonTemporal(bytes, bytes + 21, 4);
    RD_EXPECT(bytes[0] == 1 && bytes[3] == 4);
    crt::RtlFillMemory(bytes, 5, 0x5A);
    RD_EXPECT(bytes[4] == 0x5A && bytes[5] == 5);
    crt::RtlPrefetchMemoryNonTemporal(bytes, sizeof bytes);
    return nullptr;
}

const char* test_characters() {
    RD_EXPECT(isdigit('7') && !isdigit('a') && isalpha('a') && !isalpha('7') && isalnum('7') && isalnum('Z') && !isalnum('_'));
    RD_EXPECT(islower('a') && !islower('A') && isupper('A') && !isupper('a') && isspace('\t') && !isspace('x'));
    RD_EXPECT(isxdigit('f') && isxdigit('F') && !isxdigit('g') && isprint(' ') && !isprint('\n'));
    RD_EXPECT(tolower('A') == 'a' && toupper('a') == 'A' && toupper('1') == '1' && towlower(L'A') == L'a' && towupper(L'a') == L'A');
    char text[] = "aBc";
    wchar_t wide[] = L"aBc";
    RD_EXPECT(same(_strupr(text), "ABC") && same(_strlwr(text), "abc") && same(_strrev(text), "cba"));
    RD_EXPECT(same(_wcsupr(wide), L"ABC") && same(_wcslwr(wide), L"abc"));
    return nullptr;
}

const char* test_numbers() {
    char* end;
    wchar_t* wide_end;
    const char* text = " -0x1fz";
    RD_EXPECT(atol("-42x") == -42 && _atoi64("-9000000000") == -9000000000 && _wtoi(L" 17") == 17 && _wtol(L"-5") == -5);
    RD_EXPECT(strtol(text, &end, 0) == -31 && *end == 'z' && strtol("077", nullptr, 0) == 63 && strtol("12", nullptr, 3) == 5);
    RD_EXPECT(strtol("99999999999", nullptr, 10) == 0x7FFFFFFF && strtoul("99999999999", nullptr, 10) == 0xFFFFFFFF);
    RD_EXPECT(strtol("x", &end, 10) == 0 && *end == 'x' && _strtoui64("18446744073709551615", nullptr, 10) == ~0ull);
    RD_EXPECT(wcstoul(L"ff!", &wide_end, 16) == 255 && *wide_end == L'!' && wcstol(L"-8", nullptr, 10) == -8);
    char room[40];
    wchar_t wide[40];
    RD_EXPECT(same(_itoa(-12, room, 10), "-12") && same(_itoa(-1, room, 16), "ffffffff") && same(_itow(255, wide, 2), L"11111111"));
    return nullptr;
}

int __cdecl by_value(const void* a, const void* b) { return *static_cast<const int*>(a) - *static_cast<const int*>(b); }

const char* test_sorting() {
    int numbers[200];
    unsigned state = 7;
    for (int& number : numbers) number = static_cast<int>((state = state * 1103515245 + 12345) >> 16 & 1023);
    qsort(numbers, 200, sizeof numbers[0], by_value);
    for (int index = 1; index < 200; ++index) RD_EXPECT(numbers[index - 1] <= numbers[index]);
    const int wanted = numbers[77], missing = 5000;
    const auto* found = static_cast<int*>(bsearch(&wanted, numbers, 200, sizeof numbers[0], by_value));
    RD_EXPECT(found && *found == wanted && !bsearch(&missing, numbers, 200, sizeof numbers[0], by_value));
    return nullptr;
}

const char* test_randomness() {
    srand(5);
    const int first = rand(), second = rand();
    srand(5);
    RD_EXPECT(rand() == first && rand() == second && first != second && first >= 0 && first <= RAND_MAX);
    ULONG seed = 9, again = 9;
    const ULONG drawn = RtlRandomEx(&seed);
    RD_EXPECT(seed != 9 && drawn <= 0x7FFFFFFE && RtlRandom(&seed) <= 0x7FFFFFFE);
    RD_EXPECT(crt::RtlUniform(&again) == again && again <= 0x7FFFFFFE);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST crt_tests[] = {
    {"rtl.crt-lengths", test_lengths_and_comparison},
    {"rtl.crt-copies", test_copies},
    {"rtl.crt-safe-copies", test_safe_copies},
    {"rtl.crt-searches", test_searches},
    {"rtl.crt-memory", test_memory},
    {"rtl.crt-characters", test_characters},
    {"rtl.crt-numbers", test_numbers},
    {"rtl.crt-sorting", test_sorting},
    {"rtl.crt-randomness", test_randomness},
    {nullptr, nullptr},
};

}  // namespace selftest
