// SPDX-License-Identifier: MIT
// selftest/tests_format.cpp
//
// The printf family of ntoskrnl.exe: what each returns, and what happens when the room is too small.
#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

namespace {

bool same(const char* a, const char* b) { return strcmp(a, b) == 0; }
bool same(const wchar_t* a, const wchar_t* b) { return wcscmp(a, b) == 0; }


int with_vsprintf(char* to, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::vsprintf(to, format, arguments);
    va_end(arguments);
    return length;
}
int with_vswprintf(wchar_t* to, const wchar_t* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::vswprintf(to, format, arguments);
    va_end(arguments);
    return length;
}
int with_vsnprintf(char* to, SIZE_T count, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::_vsnprintf(to, count, format, arguments);
    va_end(arguments);
    return length;
}
int with_vsnwprintf(wchar_t* to, SIZE_T count, const wchar_t* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::_vsnwprintf(to, count, format, arguments);
    va_end(arguments);
    return length;
}
int with_vscprintf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::_vscprintf(format, arguments);
    va_end(arguments);
    return length;
}
int with_vscwprintf(const wchar_t* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::_vscwprintf(format, arguments);
    va_end(arguments);
    return length;
}
int with_vsnprintf_s(char* to, SIZE_T room, SIZE_T count, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::_vsnprintf_s(to, room, count, format, arguments);
    va_end(arguments);
    return length;
}
int with_vsnwprintf_s(wchar_t* to, SIZE_T room, SIZE_T count, const wchar_t* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::_vsnwprintf_s(to, room, count, format, arguments);
    va_end(arguments);
    return length;
}
int with_vsprintf_s(char* to, SIZE_T room, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::vsprintf_s(to, room, format, arguments);
    va_end(arguments);
    return length;
}
int with_vswprintf_s(wchar_t* to, SIZE_T room, const wchar_t* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = crt::vswprintf_s(to, room, format, arguments);
    va_end(arguments);
    return length;
}

const char* test_conversions() {
    char text[80];
    wchar_t wide[80];
    RD_EXPECT(crt::sprintf(text, "%d %5u|%-4x|%04X %c %s %%", -3, 7u, 0xABu, 0xCDu, 'q', "word") == 27);
    RD_EXPECT(same(text, "-3     7|ab  |00CD q word %"));
    RD_EXPECT(crt::sprintf(text, "%I64d %lld %p", -5000000000ll, 6000000000ll, reinterpret_cast<void*>(0x1234)) > 20);
    RD_EXPECT(strstr(text, "-5000000000 6000000000 ") == text && strstr(text, "0000000000001234"));
    RD_EXPECT(crt::sprintf(text, "%ws|%.2s|%hs", L"wide", "cut", "narrow") == 14 && same(text, "wide|cu|narrow"));
    UNICODE_STRING counted = {8, 8, const_cast<PWSTR>(L"four!")};
    RD_EXPECT(crt::sprintf(text, "%wZ", &counted) == 4 && same(text, "four"));
    RD_EXPECT(crt::swprintf(wide, L"%s %S %d", L"a", "b", 3) == 5 && same(wide, L"a b 3"));
    RD_EXPECT(crt::_swprintf(wide, L"%u", 12u) == 2 && same(wide, L"12"));
    RD_EXPECT(with_vsprintf(text, "%d", 5) == 1 && with_vswprintf(wide, L"%d", 15) == 2 && same(wide, L"15"));
    RD_EXPECT(with_vscprintf("%s", "12345") == 5 && with_vscwprintf(L"%s", L"123") == 3);
    return nullptr;
}

/// Those with an underscore cut, without a NUL when it does not fit, and say -1.
const char* test_room() {
    char text[8];
    wchar_t wide[8];
    memset(text, 'x', sizeof text);
    RD_EXPECT(crt::_snprintf(text, 4, "%s", "abcdef") == -1 && memcmp(text, "abcdx", 5) == 0);
    RD_EXPECT(crt::_snprintf(text, 4, "%s", "abcd") == 4 && text[4] == 'x');
    RD_EXPECT(crt::_snprintf(text, 8, "%s", "ab") == 2 && same(text, "ab"));
    RD_EXPECT(crt::_snwprintf(wide, 8, L"%s", L"ab") == 2 && same(wide, L"ab") && crt::_snwprintf(wide, 2, L"%s", L"abc") == -1);
    RD_EXPECT(with_vsnprintf(text, 2, "%d", 123) == -1 && with_vsnprintf(text, 8, "%d", 123) == 3);
    RD_EXPECT(with_vsnwprintf(wide, 2, L"%d", 123) == -1 && with_vsnwprintf(wide, 8, L"%d", 123) == 3);
    return nullptr;
}

/// The secure ones always end with a NUL; what does not fit is cut where the caller says so, and else stops the guest (provocations.def).
const char* test_secure() {
    char text[4];
    wchar_t wide[4];
    RD_EXPECT(crt::sprintf_s(text, 4, "%d", 123) == 3 && same(text, "123"));
    RD_EXPECT(crt::swprintf_s(wide, 4, L"%d", 123) == 3 && same(wide, L"123"));
    RD_EXPECT(with_vsprintf_s(text, 4, "%d", 12) == 2 && with_vswprintf_s(wide, 4, L"%d", 12) == 2);
    RD_EXPECT(crt::_snprintf_s(text, 4, static_cast<SIZE_T>(-1), "%d", 12345) == -1 && same(text, "123"));
    RD_EXPECT(crt::_snwprintf_s(wide, 4, static_cast<SIZE_T>(-1), L"%d", 12345) == -1 && same(wide, L"123"));
    RD_EXPECT(with_vsnprintf_s(text, 4, 2, "%d", 123) == -1 && same(text, "12"));
    RD_EXPECT(with_vsnwprintf_s(wide, 4, 2, L"%d", 123) == -1 && same(wide, L"12"));
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST format_tests[] = {
    {"rtl.format-conversions", test_conversions},
    {"rtl.format-room", test_room},
    {"rtl.format-secure", test_secure},
    {nullptr, nullptr},
};

}  // namespace selftest
