// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "image/install/lines.hpp"
#include "image/install/screen.hpp"

namespace rundown::image {
namespace {

std::vector<std::string> texts(const std::vector<PortText>& lines) {
    std::vector<std::string> all;
    for (const auto& line : lines) {
        all.push_back((line.prompt ? "?" : "") + line.text);
    }
    return all;
}

using Texts = std::vector<std::string>;

TEST(InstallLines, HoweverTheBytesAreCut) {
    const std::string bytes = "one\r\ntwo\n\n\rthree\rRUNDOWN-MILESTONE winpe\r\nkdb:> ";
    const Texts wanted = {"one", "two", "three", "RUNDOWN-MILESTONE winpe", "?kdb:> "};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        LineSplitter splitter;
        Texts got;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            for (const auto& text : texts(splitter.feed(bytes.substr(at, piece)))) {
                got.push_back(text);
            }
        }
        EXPECT_EQ(got, wanted) << "pieces of " << piece;
    }
}

TEST(InstallLines, WhatCannotBePrinted) {
    LineSplitter splitter;
    EXPECT_EQ(texts(splitter.feed(std::string("a\0b\x80\x1b[0m\n", 9))), Texts{"a.b..[0m"});
    EXPECT_TRUE(splitter.feed("\x01\x02\xff\n   \n").empty()) << "nothing to print in them";
}

TEST(InstallLines, ALineWithoutAnEndIsCut) {
    LineSplitter splitter;
    const auto lines = splitter.feed(std::string(10 * kLineMax + 5, 'x'));
    ASSERT_EQ(lines.size(), 10u);
    for (const auto& line : lines) {
        EXPECT_EQ(line.text.size(), kLineMax);
    }
}

TEST(InstallLines, Prompts) {
    LineSplitter splitter;
    EXPECT_EQ(texts(splitter.feed("kdb:>")), Texts{}) << "not all of it";
    EXPECT_EQ(texts(splitter.feed(" ")), Texts{"?kdb:> "});
    EXPECT_EQ(
        texts(splitter.feed("terminate Thread (boipt)? ")), Texts{"?terminate Thread (boipt)? "}
    );
    EXPECT_EQ(
        texts(splitter.feed("--- Press q to abort, any other key to continue ---")),
        Texts{"?--- Press q to abort, any other key to continue ---"}
    );
}

TEST(InstallLines, Milestones) {
    const auto plain = milestone_in("RUNDOWN-MILESTONE winpe");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->name, "winpe");
    EXPECT_EQ(plain->rest, "");
    // echo in a batch file leaves a space; the firmware may have left something before it.
    const auto dressed = milestone_in("..x RUNDOWN-MILESTONE failed  no disk here ");
    ASSERT_TRUE(dressed);
    EXPECT_EQ(dressed->name, "failed");
    EXPECT_EQ(dressed->rest, "no disk here");
    for (const char* none :
         {"",
          "RUNDOWN-MILESTONE",
          "RUNDOWN-MILESTONE ",
          "RUNDOWN-MILESTONE  a",
          "RUNDOWN-MILESTONE a.b",
          "RUNDOWN-MILESTONEwinpe",
          "RUNDOWN-MILESTONE a23456789012345678901234567890123456789012"}) {
        EXPECT_FALSE(milestone_in(none)) << none;
    }
}

TEST(InstallLines, BugChecks) {
    EXPECT_TRUE(tells_bug_check("*** Fatal System Error: 0x0000000a"));
    EXPECT_TRUE(tells_bug_check("*** STOP: 0x0000007B (0x1)"));
    EXPECT_FALSE(tells_bug_check("a Fatal System Error is what we look for"));
}

std::string ppm(unsigned width, unsigned height, char fill) {
    return "P6\n# from QEMU\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n" +
           std::string(std::size_t{3} * width * height, fill);
}

TEST(InstallScreen, ReadsWhatQemuWrites) {
    const auto screen = screen_from_ppm(ppm(20, 10, 'a'));
    ASSERT_TRUE(screen);
    EXPECT_EQ(screen->width, 20u);
    EXPECT_EQ(screen->height, 10u);
    EXPECT_EQ(screen->pixels, std::string(600, 'a'));
}

TEST(InstallScreen, RefusesWhatIsNone) {
    const std::string good = ppm(20, 10, 'a');
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        EXPECT_FALSE(screen_from_ppm(std::string_view(good).substr(0, cut))) << cut;
    }
    for (const char* bad :
         {"P5\n2 2\n255\n",
          "P6 99999999999 2 255\n",
          "P6\n2 2\n65535\n",
          "P6\n#",
          "P6 -1 2 255\n"}) {
        EXPECT_FALSE(screen_from_ppm(bad)) << bad;
    }
}

TEST(InstallScreen, ACursorIsNoChange) {
    const auto before = *screen_from_ppm(ppm(640, 400, 'a'));
    auto now = before;
    for (unsigned row = 0; row < 16; ++row) {
        for (unsigned column = 0; column < 9 * 3; ++column) {
            now.pixels[std::size_t{3} * 640 * row + column] = 'b';
        }
    }
    EXPECT_FALSE(differs(before, now));
    std::fill_n(now.pixels.begin(), 3 * 640, 'c');
    EXPECT_TRUE(differs(before, now)) << "a line of text is one";
    EXPECT_TRUE(differs(before, *screen_from_ppm(ppm(320, 200, 'a'))));
}

}  // namespace
}  // namespace rundown::image
