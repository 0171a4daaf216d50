// SPDX-License-Identifier: MIT
// Names from the host that must not lead out of their place, and texts cut between characters.
#include <gtest/gtest.h>

#include <string>

#include "agent/win32/names.hpp"
#include "agent/win32/utf8.hpp"

namespace rundown::win32 {
namespace {

const std::string kGuid = "{4D36E972-E325-11CE-BFC1-08002BE10318}";

TEST(Win32FileName, PlainNamesAreTaken) {
    for (const char* name : {"protocol5.sys", "a", "e1000 (2).inf", "COM10.sys", "common.sys"}) {
        EXPECT_TRUE(is_file_name(name)) << name;
    }
}

TEST(Win32FileName, NamesThatLeadElsewhereAreRefused) {
    for (const char* name :
         {"",
          ".",
          "..",
          "..\\x.sys",
          "a\\b",
          "a/b",
          "C:x",
          "x.sys:stream",
          "x*",
          "x?",
          "\"x\"",
          "x\n",
          "x ",
          " x",
          "x.",
          "\xC3\xA9.sys"}) {
        EXPECT_FALSE(is_file_name(name)) << name;
    }
    EXPECT_TRUE(is_file_name(std::string(120, 'x')));
    EXPECT_FALSE(is_file_name(std::string(121, 'x')));
}

TEST(Win32FileName, DosDevicesAreRefusedWithEveryExtension) {
    for (const char* name : {"NUL", "con", "prn.txt", "Aux.a.b", "COM1", "com9.sys", "lpt1.inf"}) {
        EXPECT_FALSE(is_file_name(name)) << name;
    }
}

TEST(Win32ServiceName, LettersDigitsAndFewSigns) {
    EXPECT_TRUE(is_service_name("protocol5"));
    EXPECT_TRUE(is_service_name("a_b-c.d"));
    for (const char* name : {"", "a\\b", "a/b", "a b", "..", "a\xFF"}) {
        EXPECT_FALSE(is_service_name(name)) << name;
    }
    EXPECT_TRUE(is_service_name(std::string(63, 'x')));
    EXPECT_FALSE(is_service_name(std::string(64, 'x')));
}

TEST(Win32AdapterName, BothFormsGiveTheGuidInUpperCase) {
    EXPECT_EQ(adapter_guid("{4d36e972-e325-11ce-bfc1-08002be10318}"), kGuid);
    EXPECT_EQ(adapter_guid("\\device\\{4d36e972-e325-11ce-bfc1-08002be10318}"), kGuid);
    EXPECT_EQ(adapter_device(kGuid), "\\Device\\" + kGuid);
}

TEST(Win32AdapterName, AnythingElseGivesNothing) {
    for (const char* name :
         {"",
          "eth0",
          "{4D36E972-E325-11CE-BFC1-08002BE1031}",
          "{4D36E972-E325-11CE-BFC1-08002BE1031G}",
          "\\Device\\\\Device\\{4D36E972-E325-11CE-BFC1-08002BE10318}",
          "{4D36E972-E325-11CE-BFC1-08002BE10318}x"}) {
        EXPECT_EQ(adapter_guid(name), "") << name;
    }
}

TEST(Win32DevicePath, BeginsWithOneSeparator) {
    EXPECT_TRUE(is_device_path("\\Device\\Null"));
    for (const char* path : {"", "\\", "Device\\Null", "\\\\.\\COM1", "\\Device\\\x01"}) {
        EXPECT_FALSE(is_device_path(path)) << path;
    }
}

TEST(Win32DumpName, EachPlaceHasItsNames) {
    EXPECT_EQ(dump_name("memory.dmp").place, DumpPlace::memory);
    EXPECT_EQ(dump_name("Minidump\\Mini112426-01.dmp").below, "Mini112426-01.dmp");
    EXPECT_EQ(dump_name("Minidump\\Mini112426-01.dmp").place, DumpPlace::mini);
    EXPECT_EQ(dump_name("LiveKernelReports\\a.DMP").place, DumpPlace::reports);
    EXPECT_EQ(dump_name("LiveKernelReports\\NDIS\\a.dmp").below, "NDIS\\a.dmp");
}

TEST(Win32DumpName, OtherFilesAreNone) {
    for (const char* name :
         {"",
          "MEMORY.DMP.txt",
          "Minidump\\",
          "Minidump\\.dmp",
          "Minidump\\a\\b.dmp",
          "Minidump\\..\\x.dmp",
          "Minidump\\notes.txt",
          "LiveKernelReports\\..\\x.dmp",
          "LiveKernelReports\\a\\b\\c.dmp",
          "..\\MEMORY.DMP"}) {
        EXPECT_EQ(dump_name(name).place, DumpPlace::none) << name;
    }
}

template <std::size_t room>
std::string cut(std::string_view text) {
    char to[room];
    copy(to, text);
    return to;
}

TEST(Win32Utf8, IsCutBetweenCharacters) {
    EXPECT_EQ(cut<4>("abc"), "abc");
    EXPECT_EQ(cut<4>("abcd"), "abc");
    EXPECT_EQ(cut<4>("ab\xC3\xA9"), "ab") << "the character of two bytes does not fit";
    EXPECT_EQ(cut<5>("ab\xC3\xA9"), "ab\xC3\xA9");
    EXPECT_EQ(cut<7>("\xE2\x82\xAC\xF0\x9F\x98\x80"), "\xE2\x82\xAC");
    EXPECT_EQ(cut<1>("x"), "");
}

TEST(Win32Utf8, WhatIsNoCharacterBecomesAQuestionMark) {
    EXPECT_EQ(cut<16>("a\xFFz"), "a?z");
    EXPECT_EQ(cut<16>("\xC3"), "?") << "cut off";
    EXPECT_EQ(cut<16>("\xC0\x80"), "??") << "longer than needed";
    EXPECT_EQ(cut<16>("\xED\xA0\x80"), "???") << "half of a pair";
    EXPECT_EQ(cut<16>("\xF4\x90\x80\x80"), "????") << "beyond the last character";
    EXPECT_EQ(cut<16>("\xE0\x80\xAF"), "???") << "longer than needed";
}

}  // namespace
}  // namespace rundown::win32
