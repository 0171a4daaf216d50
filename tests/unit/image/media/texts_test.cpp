// SPDX-License-Identifier: MIT
// Values of .SIF files, versions of executables, UTF-16.
#include <gtest/gtest.h>

#include "image/media/byte_source.hpp"
#include "image/media/ini_text.hpp"
#include "image/media/pe_probe.hpp"

namespace rundown::image {
namespace {

TEST(IniValue, IsFoundWhateverTheCaseAndTheSpaces) {
    const std::string file =
        "; comment\r\n[Other]\r\nkey = no\r\n[setupdata]\r\nkey = no\r\n  KEY2=\" a b \" ; "
        "x\r\nKEY3 "
        "= 5 ; five\r\n[After]\r\nkey4 = no\r\n";
    EXPECT_EQ(ini_value(file, "SetupData", "key2"), " a b ");
    EXPECT_EQ(ini_value(file, "SetupData", "key3"), "5");
    EXPECT_EQ(ini_value(file, "SetupData", "key4"), "");
    EXPECT_EQ(ini_value(file, "SetupData", ""), "");
    EXPECT_EQ(ini_value("", "a", "b"), "");
    EXPECT_EQ(ini_value("[a\nb=1", "a", "b"), "1");
    EXPECT_EQ(ini_value("[a]\nb=\"1", "a", "b"), "1");
}

TEST(IniValue, IsReadFromUtf16) {
    std::string file = "\xff\xfe";
    for (const char letter : std::string("[a]\r\nb=12\r\n")) {
        file += letter;
        file += '\0';
    }
    EXPECT_EQ(ini_value(file, "a", "b"), "12");
}

TEST(Utf16, BecomesUtf8) {
    EXPECT_EQ(utf8_from_utf16(std::string_view("\0a\x20\xac", 4), true), "a\xE2\x82\xAC");
    EXPECT_EQ(utf8_from_utf16(std::string_view("\x3d\xd8\x00\xde", 4), false), "\xF0\x9F\x98\x80");
    EXPECT_EQ(utf8_from_utf16(std::string_view("\xd8\x3d", 2), true), "\xEF\xBF\xBD");
    EXPECT_EQ(utf8_from_utf16("x", true), "");
}

TEST(PeProbe, ReadsNothingOutsideTheFile) {
    std::string file(0x80, '\0');
    file.replace(0, 2, "MZ");
    file[0x3C] = 0x40;
    file.replace(0x40, 4, std::string("PE\0\0", 4));
    file.replace(0x44, 2, "\x4c\x01");
    EXPECT_EQ(arch_of_pe(file), Arch::i386);
    file.replace(0x44, 2, "\x64\x86");
    EXPECT_EQ(arch_of_pe(file), Arch::x86_64);
    file[0x3C] = 0x7F;
    EXPECT_EQ(arch_of_pe(file), Arch::invalid);
    file.replace(0x3C, 4, "\xff\xff\xff\xff");
    EXPECT_EQ(arch_of_pe(file), Arch::invalid);
    EXPECT_EQ(arch_of_pe("MZ"), Arch::invalid);
    EXPECT_EQ(product_version_of_pe(file), "");
    std::string key;
    for (const char letter : std::string("ProductVersion\0", 15)) {
        key += letter;
        key += '\0';
    }
    EXPECT_EQ(product_version_of_pe(key), "");
    EXPECT_EQ(
        product_version_of_pe(
            key + std::string(
                      "\0\0"
                      "1\0.\0"
                      "2",
                      7
                  )
        ),
        "1."
    );
}

}  // namespace
}  // namespace rundown::image
