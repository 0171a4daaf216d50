// SPDX-License-Identifier: MIT
#include "image/windows/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/windows/language.hpp"

namespace rundown::image::windows {
namespace {

TEST(XmlText, ComesBackFromAParserAsItWas) {
    EXPECT_EQ(*escape_xml("a&b<c>\"'"), "a&amp;b&lt;c&gt;&quot;'");
    EXPECT_EQ(
        *escape_xml("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"),
        "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"
    );
    EXPECT_EQ(*escape_xml("tab\tline\nreturn\r"), "tab\tline\nreturn&#13;");
}

TEST(XmlText, WhatXmlCannotHoldIsRefused) {
    for (const std::string& bad :
         {std::string("\x01"),
          std::string(1, '\0'),
          std::string("\xff"),
          std::string("\xc3"),
          std::string("\xc0\xaf"),
          std::string("\xed\xa0\x80"),
          std::string("\xf4\x90\x80\x80"),
          std::string("\xef\xbf\xbf"),
          std::string("\xe2\x82")}) {
        const auto escaped = escape_xml("x" + bad);
        ASSERT_FALSE(escaped) << bad;
        EXPECT_EQ(escaped.error().kind, ErrorKind::usage);
    }
}

TEST(SifText, QuotesAndPercentSignsAreDoubled) {
    EXPECT_EQ(*escape_sif("say \"hi\" 100% & <ok>"), "say \"\"hi\"\" 100%% & <ok>");
    EXPECT_FALSE(escape_sif("two\nlines"));
    EXPECT_FALSE(escape_sif("Z\xc3\xbcrich"));
}

TEST(CommandText, OnlyPlainWordsPass) {
    EXPECT_EQ(
        *escape_command("packages\\protocol5\\protocol5.inf"), "packages\\protocol5\\protocol5.inf"
    );
    for (const char* bad :
         {"a&b", "a|b", "a>b", "100%", "a\"b", "a^b", "a\nb", "a;b", "(a)", "a!b"}) {
        EXPECT_FALSE(escape_command(bad)) << bad;
    }
}

TEST(Lines, GetCarriageReturnsOnce) {
    EXPECT_EQ(with_crlf("a\nb\r\nc"), "a\r\nb\r\nc");
    EXPECT_EQ(with_crlf(with_crlf("a\n\n")), "a\r\n\r\n");
}

TEST(Utf16, ThereAndBack) {
    const std::string text = "Blob \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80\r\n";
    const auto wide = utf16le(text);
    ASSERT_TRUE(wide);
    EXPECT_EQ(
        wide->substr(0, 4),
        std::string(
            "\xff\xfe"
            "B\0",
            4
        )
    );
    EXPECT_EQ(*from_utf16le(*wide), text);
    EXPECT_FALSE(utf16le("\xff"));
    EXPECT_FALSE(from_utf16le("abc"));
    EXPECT_FALSE(from_utf16le(std::string("\x00\xd8", 2)));
    EXPECT_FALSE(from_utf16le(std::string("\x00\xdc\x41\x00", 4)));
}

TEST(LanguageTags, AreRecognised) {
    for (const char* good : {"en-US", "de-DE", "zh-Hans-CN", "sr-Latn-RS", "es-419"}) {
        EXPECT_TRUE(is_language_tag(good)) << good;
    }
    for (const char* bad :
         {"", "en", "english", "en_US", "-US", "en-", "en-US-", "en-U$", "1n-US", "e-US"}) {
        EXPECT_FALSE(is_language_tag(bad)) << bad;
    }
}

TEST(LanguageTags, HaveLocaleIdentifiersForWinntSif) {
    EXPECT_EQ(sif_language("de-DE")->id, "00000407");
    EXPECT_EQ(sif_language("ru-RU")->group, "5");
    const auto none = sif_language("xx-YY");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().sentence, testing::HasSubstr("en-US, en-GB"));
}

}  // namespace
}  // namespace rundown::image::windows
