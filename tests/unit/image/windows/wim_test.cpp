// SPDX-License-Identifier: MIT
#include "image/windows/wim.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/windows/text.hpp"

namespace rundown::image::windows {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kFileBytes = 1 << 20;

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        bytes[at + i] = static_cast<char>(value >> 8 * i & 0xff);
    }
}

std::string header(std::uint64_t offset, std::uint64_t bytes) {
    std::string text(kWimHeaderBytes, '\0');
    text.replace(0, 8, "MSWIM\0\0\0", 8);
    put(text, 8, kWimHeaderBytes, 4);
    put(text, 12, 0x10d00, 4);
    put(text, 40, 1, 2);
    put(text, 42, 1, 2);
    put(text, 44, 2, 4);
    put(text, 72, bytes, 7);
    put(text, 80, offset, 8);
    put(text, 88, bytes, 8);
    return text;
}

std::string sentence_about(const std::string& bytes) {
    const auto place = wim_xml_place(bytes, kFileBytes, "install.wim");
    EXPECT_FALSE(place);
    return place ? "" : place.error().sentence;
}

TEST(WimHeader, TellsWhereTheDescriptionIs) {
    const auto place = wim_xml_place(header(5000, 3000), kFileBytes, "install.wim");
    ASSERT_TRUE(place);
    EXPECT_EQ(place->offset, 5000u);
    EXPECT_EQ(place->bytes, 3000u);
    EXPECT_EQ(place->images, 2u);
    EXPECT_TRUE(wim_xml_place(header(kFileBytes - 10, 10), kFileBytes, "x")) << "up to the end";
}

TEST(WimHeader, NothingInItIsTrusted) {
    EXPECT_THAT(sentence_about(""), HasSubstr("install.wim is no WIM file"));
    EXPECT_THAT(sentence_about("MSWIM"), HasSubstr("is no WIM file"));
    EXPECT_THAT(sentence_about(std::string(208, 'x')), HasSubstr("is no WIM file"));
    EXPECT_THAT(sentence_about(header(kFileBytes, 10)), HasSubstr("cut short"));
    EXPECT_THAT(sentence_about(header(~0ull - 5, 10)), HasSubstr("cut short"));
    EXPECT_THAT(sentence_about(header(100, 10)), HasSubstr("cut short"));
    EXPECT_THAT(sentence_about(header(5000, 0)), HasSubstr("impossible size"));
    EXPECT_THAT(sentence_about(header(5000, 0xffffffffffff)), HasSubstr("impossible size"));
    std::string other = header(5000, 10);
    put(other, 40, 2, 2);
    EXPECT_THAT(sentence_about(other), HasSubstr("later part of a split WIM"));
    other = header(5000, 10);
    put(other, 8, 300, 4);
    EXPECT_THAT(sentence_about(other), HasSubstr("version this program does not know"));
    other = header(5000, 10);
    put(other, 79, 4, 1);
    EXPECT_THAT(sentence_about(other), HasSubstr("claims to be compressed"));
}

std::string image_xml(
    int index, const std::string& name, const std::string& edition, const std::string& more = {}
) {
    return "<IMAGE INDEX=\"" + std::to_string(index) + "\"><NAME>" + name +
           "</NAME><WINDOWS><ARCH>9</ARCH><EDITIONID>" + edition +
           "</EDITIONID><LANGUAGES><LANGUAGE>de-DE</LANGUAGE><LANGUAGE>en-US</LANGUAGE><DEFAULT>"
           "en-US</DEFAULT></LANGUAGES><VERSION><MAJOR>10</MAJOR><MINOR>0</MINOR><BUILD>19041"
           "</BUILD><SPBUILD>2006</SPBUILD></VERSION>" +
           more + "</WINDOWS></IMAGE>";
}

result<std::vector<WimImage>> images_in(const std::string& images) {
    return parse_wim_xml(*utf16le("<WIM>" + images + "</WIM>"), "install.wim");
}

TEST(WimXml, TellsWhatTheImagesAre) {
    const auto images = images_in(
        image_xml(
            1,
            "Windows 10 Pro",
            "Professional",
            "<INSTALLATIONTYPE>Client</INSTALLATIONTYPE><PRODUCTTYPE>WinNT</PRODUCTTYPE>"
        ) +
        image_xml(
            2,
            "Server 2022",
            "ServerStandardEval",
            "<INSTALLATIONTYPE>Server Core</INSTALLATIONTYPE>"
            "<PRODUCTTYPE>ServerNT</PRODUCTTYPE>"
        )
    );
    ASSERT_TRUE(images) << images.error().sentence;
    ASSERT_EQ(images->size(), 2u);
    const WimImage& pro = images->front();
    EXPECT_EQ(pro.index, 1u);
    EXPECT_EQ(pro.arch, Arch::x86_64);
    EXPECT_EQ(pro.build, 19041u);
    EXPECT_EQ(pro.update, 2006u);
    EXPECT_FALSE(pro.server || pro.core || pro.evaluation);
    EXPECT_THAT(pro.languages, ElementsAre("en-US", "de-DE")) << "the default first";
    EXPECT_EQ(to_text(pro), "1: Windows 10 Pro (Professional, amd64, en-US, de-DE)");
    const WimImage& core = images->back();
    EXPECT_TRUE(core.server && core.core && core.evaluation);
}

TEST(WimXml, SetupMediaAndWinPeAreNoEditions) {
    const auto images = images_in(
        "<IMAGE INDEX=\"1\"><NAME>Windows Setup Media</NAME></IMAGE>" +
        image_xml(2, "Microsoft Windows PE (x64)", "WindowsPE") +
        image_xml(3, "Windows 11 Home", "Core")
    );
    ASSERT_TRUE(images);
    ASSERT_EQ(images->size(), 1u);
    EXPECT_EQ(images->front().index, 3u);
    EXPECT_FALSE(images->front().server);
}

TEST(WimXml, WhatIsNone) {
    for (const std::string& text :
         {std::string(),
          std::string("<WIM>"),
          std::string("<HTML/>"),
          std::string("\xff\xfe\x00", 3)}) {
        const auto images = parse_wim_xml(text, "install.esd");
        ASSERT_FALSE(images);
        EXPECT_THAT(
            images.error().sentence, HasSubstr("install.esd has a description that is no XML")
        );
    }
    EXPECT_THAT(images_in("").error().sentence, HasSubstr("holds no image"));
    const std::string bomb =
        "<!DOCTYPE WIM [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
        "<WIM><IMAGE INDEX=\"1\"><NAME>&b;</NAME><WINDOWS/></IMAGE></WIM>";
    const auto images = parse_wim_xml(bomb, "x");
    ASSERT_TRUE(images);
    EXPECT_EQ(images->front().name, "") << "entities are not unfolded";
}

std::vector<WimImage> medium() {
    WimImage home{
        .index = 1, .name = "Windows 11 Home", .edition_id = "Core", .arch = Arch::x86_64};
    WimImage pro{
        .index = 6, .name = "Windows 11 Pro", .edition_id = "Professional", .arch = Arch::x86_64};
    return {home, pro};
}

std::vector<WimImage> server_medium() {
    WimImage core{
        .index = 1,
        .name = "Server 2022 Standard",
        .edition_id = "ServerStandard",
        .server = true,
        .core = true};
    WimImage full = core;
    full.index = 2;
    full.name = "Server 2022 Standard (Desktop Experience)";
    full.core = false;
    return {core, full};
}

TEST(Edition, ByNameOrEditionIdInAnyCase) {
    EXPECT_EQ(choose_edition(medium(), "Windows 11 Pro", "m")->index, 6u);
    EXPECT_EQ(choose_edition(medium(), "professional", "m")->index, 6u);
    EXPECT_EQ(choose_edition(medium(), "CORE", "m")->index, 1u);
    EXPECT_EQ(choose_edition({medium()[1]}, "", "m")->index, 6u) << "the only one";
}

TEST(Edition, OfAServerWithAndWithoutDesktopTheOneWithIsMeant) {
    EXPECT_EQ(choose_edition(server_medium(), "ServerStandard", "m")->index, 2u);
    EXPECT_EQ(choose_edition(server_medium(), "Server 2022 Standard", "m")->index, 1u) << "by name";
}

TEST(Edition, OneThatIsNotThereIsAnsweredWithThoseThatAre) {
    const auto none = choose_edition(medium(), "Windows 11 Prof", "install.wim of w.iso");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::usage);
    EXPECT_EQ(
        none.error().sentence,
        "install.wim of w.iso has no edition 'Windows 11 Prof': did you mean 'Windows 11 Pro'?; "
        "there are: 1: Windows 11 Home (Core, amd64); 6: Windows 11 Pro (Professional, amd64)"
    );
    EXPECT_THAT(
        choose_edition(medium(), "", "m").error().sentence, HasSubstr("choose one with --edition")
    );
    auto twice = medium();
    twice[0] = twice[1];
    EXPECT_THAT(
        choose_edition(twice, "Professional", "m").error().sentence,
        HasSubstr("more than one edition")
    );
}

}  // namespace
}  // namespace rundown::image::windows
