// SPDX-License-Identifier: MIT
#include "guest-images/reference/rtl/format.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rundown::rtl_test {
namespace {

struct Counted {
    uint16_t length, maximum_length;
    const void* buffer;
};

std::string narrow(const char* text, ...) {
    char buffer[256];
    rtl::FormatSink sink(buffer, sizeof buffer);
    rtl::FormatArguments arguments;
    va_start(arguments.list, text);
    rtl::format(sink, text, arguments);
    va_end(arguments.list);
    return {buffer, sink.count()};
}

std::u16string wide(const char16_t* text, ...) {
    char16_t buffer[256];
    rtl::FormatSink sink(buffer, 256);
    rtl::FormatArguments arguments;
    va_start(arguments.list, text);
    rtl::format(sink, text, arguments);
    va_end(arguments.list);
    return {buffer, sink.count()};
}

bool understood(const char* text, ...) {
    char buffer[64];
    rtl::FormatSink sink(buffer, sizeof buffer);
    rtl::FormatArguments arguments;
    va_start(arguments.list, text);
    const bool result = rtl::format(sink, text, arguments);
    va_end(arguments.list);
    return result;
}

TEST(Format, IntegersOfEverySize) {
    EXPECT_EQ(narrow("%d %i %u", -5, 7, 4000000000u), "-5 7 4000000000");
    EXPECT_EQ(narrow("%hd %hhu", 70000, 300), "4464 44");
    EXPECT_EQ(narrow("%ld", -1), "-1");  // 32 bits, as on Windows
    EXPECT_EQ(narrow("%lld %I64u", -1LL, ~0ULL), "-1 18446744073709551615");
    EXPECT_EQ(narrow("%I64d", INT64_MIN), "-9223372036854775808");
    EXPECT_EQ(narrow("%zu %Iu", size_t{5}, size_t{6}), "5 6");
}

TEST(Format, BasesPrefixesAndCase) {
    EXPECT_EQ(narrow("%x %X %o", 0xBEEFu, 0xBEEFu, 8u), "beef BEEF 10");
    EXPECT_EQ(narrow("%#x %#X %#o %#x", 255u, 255u, 8u, 0u), "0xff 0XFF 010 0");
    EXPECT_EQ(narrow("%p", reinterpret_cast<void*>(0xABCD)), "000000000000ABCD");
}

TEST(Format, WidthPrecisionAndFlags) {
    EXPECT_EQ(narrow("[%5d][%-5d][%05d]", 42, 42, 42), "[   42][42   ][00042]");
    EXPECT_EQ(narrow("[%+d][% d][%+d]", 1, 1, -1), "[+1][ 1][-1]");
    EXPECT_EQ(narrow("[%.3d][%8.3d][%08.3d]", 7, 7, 7), "[007][     007][     007]");
    EXPECT_EQ(narrow("[%.0d]", 0), "[]");
    EXPECT_EQ(narrow("[%*d][%-*d][%.*d]", 4, 1, 4, 1, 3, 1), "[   1][1   ][001]");
    EXPECT_EQ(narrow("[%*d]", -4, 1), "[1   ]");
}

TEST(Format, Strings) {
    EXPECT_EQ(narrow("%s|%5s|%-5s|%.2s", "abc", "ab", "ab", "abcdef"), "abc|   ab|ab   |ab");
    EXPECT_EQ(narrow("%s", static_cast<const char*>(nullptr)), "(null)");
    EXPECT_EQ(narrow("%c%c", 'x', 'y'), "xy");
    EXPECT_EQ(narrow("%%"), "%");
    const char unterminated[] = {'a', 'b', 'c'};
    EXPECT_EQ(narrow("%.3s", unterminated), "abc");
}

TEST(Format, TheOtherWidth) {
    EXPECT_EQ(narrow("%S %ls %ws", u"wide", u"also", u"too"), "wide also too");
    EXPECT_EQ(narrow("%S", u"\u20AC"), "?");
    EXPECT_EQ(wide(u"%s %S %hs", u"wide", "narrow", "half"), u"wide narrow half");
    EXPECT_EQ(wide(u"%d-%c", 5, u'\u0416'), u"5-\u0416");
}

TEST(Format, CountedStringsNeedNoTerminator) {
    const Counted ansi = {3, 3, "abcdef"};
    const Counted unicode = {6, 6, u"abcdef"};
    EXPECT_EQ(narrow("%Z %wZ", &ansi, &unicode), "abc abc");
    EXPECT_EQ(wide(u"[%wZ]", &unicode), u"[abc]");
    EXPECT_EQ(narrow("%wZ", static_cast<const Counted*>(nullptr)), "(null)");
}

TEST(Format, WhatDoesNotFitIsCountedAndNotWritten) {
    char buffer[4] = {'#', '#', '#', '#'};
    rtl::FormatSink sink(buffer, 3);
    rtl::FormatArguments arguments = {};
    rtl::format(sink, "abcdef", arguments);
    EXPECT_EQ(sink.count(), 6u);
    EXPECT_EQ(std::string(buffer, 4), "abc#");
}

TEST(Format, UnknownConversionsAreSaidAndCopied) {
    EXPECT_TRUE(understood("%d", 1));
    EXPECT_FALSE(understood("%f"));
    EXPECT_FALSE(understood("%n"));
    EXPECT_FALSE(understood("%"));
    EXPECT_EQ(narrow("a%qb"), "a%qb");
}

}  // namespace
}  // namespace rundown::rtl_test
