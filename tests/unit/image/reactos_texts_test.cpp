// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "image/reactos/answers.hpp"
#include "image/reactos/freeldr_ini.hpp"
#include "image/reactos/partition.hpp"

namespace rundown::image::reactos {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kInstalled =
    "[FREELOADER]\r\nDefaultOS=ReactOS_KdSerial\r\nTimeOut=10\r\n\r\n"
    "[Operating Systems]\r\nReactOS=\"ReactOS\"\r\n\r\n"
    "[ReactOS]\r\nBootType=Windows2003\r\nSystemPath=multi(0)disk(0)rdisk(0)partition(1)\\Other\r\n"
    "Options=/FASTDETECT\r\n\r\n"
    "[reactos_kdserial]\r\nBootType=Windows2003\r\n"
    "SystemPath=\"multi(0)disk(0)rdisk(0)partition(1)\\ReactOS\"\r\n"
    "options = /DEBUG /DEBUGPORT=COM1 /BAUDRATE=115200 /SOS /KDSERIAL\r\n";

TEST(FreeldrIni, TheDefaultEntryGetsTheOptions) {
    const auto edited = with_boot_options(kInstalled, kDebugOptions, "FREELDR.INI");
    ASSERT_TRUE(edited) << edited.error().sentence;
    EXPECT_THAT(
        *edited, HasSubstr("ReactOS\"\r\nOptions=/DEBUG /DEBUGPORT=COM2 /BAUDRATE=115200 /SOS\r\n")
    );
    EXPECT_THAT(*edited, Not(HasSubstr("KDSERIAL\r\nSystem")));
    EXPECT_THAT(*edited, Not(HasSubstr("COM1")));
    EXPECT_THAT(*edited, HasSubstr("TimeOut=0\r\n"));
    EXPECT_THAT(*edited, HasSubstr("Options=/FASTDETECT\r\n")) << "the other entry is as it was";
    EXPECT_EQ(*with_boot_options(*edited, kDebugOptions, "FREELDR.INI"), *edited);
}

TEST(FreeldrIni, AnEntryWithoutOptions) {
    const auto edited = with_boot_options(
        "[FREELOADER]\nDefaultOS=Setup\n\n[Setup]\nBootType=ReactOSSetup\n", kSetupOptions, "x"
    );
    ASSERT_TRUE(edited);
    EXPECT_THAT(*edited, HasSubstr("[Setup]\r\nOptions=/DEBUG /DEBUGPORT=COM2"));
    EXPECT_THAT(*edited, HasSubstr("SIFOPTIONSOVERRIDE\r\nBootType=ReactOSSetup\r\n"));
    EXPECT_THAT(*edited, HasSubstr("[FREELOADER]\r\nTimeOut=0\r\nDefaultOS=Setup\r\n"));
}

TEST(FreeldrIni, WhatIsNone) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "no section [FREELOADER]"},
        {"[FREELOADER", "no section [FREELOADER]"},
        {"[FREELOADER]\nTimeOut=3\n", "names no DefaultOS"},
        {"[FREELOADER]\nDefaultOS=A\n[B]\n", "default entry [A] is not there"},
    };
    for (const auto& [text, why] : cases) {
        const auto edited = with_boot_options(text, "x", "FREELDR.INI of disk.img");
        ASSERT_FALSE(edited) << text;
        EXPECT_THAT(edited.error().sentence, HasSubstr(why));
        EXPECT_THAT(edited.error().sentence, HasSubstr("FREELDR.INI of disk.img"));
    }
}

TEST(FreeldrIni, WhereTheSystemIs) {
    EXPECT_EQ(*system_directory(kInstalled, "x"), "ReactOS");
    const auto with = [](const std::string& path) {
        return system_directory("[FREELOADER]\nDefaultOS=A\n[A]\nSystemPath=" + path + "\n", "x");
    };
    EXPECT_EQ(*with("multi(0)partition(1)\\a\\b"), "a/b");
    for (const char* bad :
         {"",
          "multi(0)",
          "multi(0)\\",
          "multi(0)\\a b",
          "multi(0)\\..\\x",
          "multi(0)\\a;b",
          "multi(0)\\::"}) {
        EXPECT_FALSE(with(bad)) << bad;
    }
}

std::string boot_record(std::vector<std::array<std::uint32_t, 4>> entries) {
    std::string sector(512, '\0');
    sector.replace(510, 2, "\x55\xAA");
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::size_t at = 446 + 16 * i;
        sector[at] = static_cast<char>(entries[i][0]);
        sector[at + 4] = static_cast<char>(entries[i][1]);
        for (int byte = 0; byte < 4; ++byte) {
            sector[at + 8 + byte] = static_cast<char>(entries[i][2] >> (8 * byte));
            sector[at + 12 + byte] = static_cast<char>(entries[i][3] >> (8 * byte));
        }
    }
    return sector;
}

TEST(FatPartition, TheActiveOneIsPreferred) {
    const auto found = fat_partition(
        boot_record({{0, 0x0B, 63, 10}, {0, 7, 9, 9}, {0x80, 0x0C, 2048, 100}}), 1 << 21, "d"
    );
    ASSERT_TRUE(found) << found.error().sentence;
    EXPECT_EQ(found->offset, 1u << 20);
    EXPECT_EQ(found->bytes, 51200u);
    EXPECT_EQ(
        fat_partition(boot_record({{0, 0x0E, 63, 10}, {0, 6, 99, 9}}), 1 << 21, "d")->offset,
        63u * 512
    );
}

TEST(FatPartition, WhatIsNone) {
    const std::pair<std::string, const char*> cases[] = {
        {"", "no boot record"},
        {std::string(512, '\0'), "no boot record"},
        {boot_record({{0x80, 7, 63, 10}}), "none of its partitions is a FAT file system"},
        {boot_record({{0x80, 0x0C, 63, 0}}), "not within the disk"},
        {boot_record({{0x80, 0x0C, 2048, 4096}}), "not within the disk"},
        {boot_record({{0x80, 0x0C, 0xFFFFFFFF, 0xFFFFFFFF}}), "not within the disk"},
    };
    for (const auto& [sector, why] : cases) {
        const auto found = fat_partition(sector, 1 << 21, "disk.img");
        ASSERT_FALSE(found) << why;
        EXPECT_THAT(
            found.error().sentence, HasSubstr(std::string("disk.img has no ReactOS on it: "))
        );
        EXPECT_THAT(found.error().sentence, HasSubstr(why));
    }
}

TEST(ReactosAnswers, EveryPlaceholderIsFilled) {
    for (const auto& text : {unattend_inf(""), system_reg(1), agent_reg(1, "COM1")}) {
        ASSERT_TRUE(text) << text.error().sentence;
        EXPECT_THAT(*text, Not(HasSubstr("{{")));
        EXPECT_THAT(*text, Not(HasSubstr("}}")));
        for (std::size_t at = text->find('\n'); at != std::string::npos;
             at = text->find('\n', at + 1)) {
            ASSERT_EQ((*text)[at - 1], '\r');
        }
    }
}

TEST(ReactosAnswers, Unattended) {
    const auto text = unattend_inf("de-DE");
    ASSERT_TRUE(text);
    for (const char* line :
         {"\r\nSignature = \"$ReactOS$\"\r\n",
          "\r\nUnattendSetupEnabled = yes\r\n",
          "\r\nFormatPartition = 1\r\n",
          "\r\nFsType = 0\r\n",
          "\r\nLocaleID = 407\r\n",
          "\r\nInstallationDirectory = ReactOS\r\n"}) {
        EXPECT_THAT(*text, HasSubstr(line));
    }
    const auto unknown = unattend_inf("tlh");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::usage);
    EXPECT_THAT(unknown.error().sentence, HasSubstr("knows no language tlh; it knows en-US, "));
}

TEST(ReactosAnswers, TheAgentsService) {
    const auto text = agent_reg(2, "COM1");
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, HasSubstr("SYSTEM\\ControlSet002\\Services\\rundown-agent]"));
    EXPECT_THAT(
        *text,
        HasSubstr("\"ImagePath\"=\"C:\\\\rundown\\\\rundown-agent.exe --service --port COM1\"")
    );
}

TEST(ReactosAnswers, ControlSets) {
    EXPECT_EQ(
        *current_control_set("[x\\Select]\r\n\"Current\"=dword:00000001\r\n\"Default\"=dword:2"), 1u
    );
    EXPECT_EQ(*current_control_set("\"Current\"=dword:00000012"), 12u);
    for (const char* bad :
         {"",
          "\"Current\"=dword:",
          "\"Current\"=dword:00000000",
          "\"Current\"=dword:0000000a",
          "\"Current\"=dword:00001000",
          "\"Default\"=dword:00000001"}) {
        EXPECT_FALSE(current_control_set(bad)) << bad;
    }
}

}  // namespace
}  // namespace rundown::image::reactos
