// SPDX-License-Identifier: MIT
// The floppy disk, read back by a FAT12 reader of the test's own; the boot image of a CD that asks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "image/windows/floppy.hpp"
#include "image/windows/no_prompt.hpp"

namespace rundown::image::windows {
namespace {

unsigned le(std::string_view bytes, std::size_t at, std::size_t size) {
    unsigned value = 0;
    for (std::size_t i = size; i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

/// Follows a file's chain in the first table; the second must agree.
std::string read_chain(const std::string& disk, unsigned cluster, unsigned bytes) {
    const auto next_in = [&](std::size_t table, unsigned entry) {
        const unsigned both = le(disk, 512 + table * 9 * 512 + entry * 3 / 2, 2);
        return entry % 2 == 0 ? both & 0xfff : both >> 4;
    };
    std::string out;
    while (cluster >= 2 && cluster < 0xff8 && out.size() < kFloppyBytes) {
        out += disk.substr(512 * (1 + 18 + 14) + (cluster - 2) * 512, 512);
        EXPECT_EQ(next_in(0, cluster), next_in(1, cluster));
        cluster = next_in(0, cluster);
    }
    EXPECT_EQ((bytes + 511) / 512 * 512, out.size());
    return out.substr(0, bytes);
}

std::map<std::string, std::string> files_on(const std::string& disk) {
    std::map<std::string, std::string> files;
    for (std::size_t at = 512 * 19; disk[at] != 0; at += 32) {
        const unsigned attributes = le(disk, at + 11, 1);
        const std::string name = disk.substr(at, 11);
        files[name] = attributes == 8
                          ? "label"
                          : read_chain(disk, le(disk, at + 26, 2), le(disk, at + 28, 4));
    }
    return files;
}

TEST(Floppy, HoldsItsFiles) {
    std::string large;
    for (int i = 0; i < 100000; ++i) {
        large.push_back(static_cast<char>(i % 251));
    }
    const std::vector<FloppyFile> files = {
        {"winnt.sif", "[Data]\r\n"},
        {"big.bin", large},
        {"empty", ""},
        {"last.cmd", std::string(512, 'x')}};
    const auto disk = floppy_image(files, "RUNDOWN");
    ASSERT_TRUE(disk) << disk.error().sentence;
    ASSERT_EQ(disk->size(), 1474560u);
    EXPECT_EQ(le(*disk, 510, 2), 0xaa55u);
    EXPECT_THAT(
        files_on(*disk),
        testing::ElementsAre(
            testing::Pair("BIG     BIN", large),
            testing::Pair("EMPTY      ", ""),
            testing::Pair("LAST    CMD", std::string(512, 'x')),
            testing::Pair("RUNDOWN    ", "label"),
            testing::Pair("WINNT   SIF", "[Data]\r\n")
        )
    );
    EXPECT_EQ(*disk, *floppy_image(files, "RUNDOWN")) << "the same bytes each time";
}

TEST(Floppy, WhatDoesNotFitIsRefused) {
    EXPECT_FALSE(floppy_image({{"toolongname.sif", ""}}, "L"));
    EXPECT_FALSE(floppy_image({{"a.long", ""}}, "L"));
    EXPECT_FALSE(floppy_image({{"a b", ""}}, "L"));
    EXPECT_FALSE(floppy_image({{"", ""}}, "L"));
    EXPECT_FALSE(floppy_image({{"a.b.c", ""}}, "L"));
    EXPECT_FALSE(floppy_image({{"same", "1"}, {"SAME", "2"}}, "L"));
    EXPECT_FALSE(floppy_image({{"a", ""}}, "MUCH TOO LONG"));
    EXPECT_TRUE(floppy_image({{"a", std::string(2847 * 512, 'x')}}, "L")) << "all of it";
    EXPECT_FALSE(floppy_image({{"a", std::string(2847 * 512 + 1, 'x')}}, "L"));
}

/// A CD with a boot record, a catalogue in sector 20 and UEFI's boot image in sector 30.
struct AskingCd {
    std::string asking = std::string(4096, 'a');
    std::string silent = std::string(4096, 's');
    std::string bytes = std::string(40 * 2048, '\0');

    AskingCd() {
        const auto put = [&](std::size_t at, std::string_view text) {
            bytes.replace(at, text.size(), text);
        };
        using namespace std::string_view_literals;
        put(16 * 2048,
            "\x01"
            "CD001"sv);
        put(17 * 2048,
            "\x00"
            "CD001\x01"
            "EL TORITO SPECIFICATION"sv);
        put(17 * 2048 + 0x47, "\x14\x00\x00\x00"sv);
        put(18 * 2048,
            "\xff"
            "CD001"sv);
        put(20 * 2048, "\x01\x00"sv);   // Validation entry: BIOS.
        put(20 * 2048 + 32, "\x88"sv);  // BIOS's own entry, in sector 25.
        put(20 * 2048 + 40, "\x19\x00\x00\x00"sv);
        put(20 * 2048 + 64, "\x91\xef\x01"sv);  // The last section: UEFI.
        put(20 * 2048 + 96, "\x88"sv);
        put(20 * 2048 + 104, "\x1e\x00\x00\x00"sv);
        put(30 * 2048, asking);
    }

    result<std::vector<IsoWrite>> plan() const {
        const IsoReader read = [this](std::uint64_t at, std::size_t size) -> result<std::string> {
            if (at + size > bytes.size()) {
                return fail(ErrorKind::environment, "read behind the end");
            }
            return bytes.substr(at, size);
        };
        return plan_no_prompt(read, bytes.size(), asking, silent);
    }
};

TEST(NoPrompt, TheSilentImageTakesThePlaceOfTheAskingOne) {
    const auto writes = AskingCd().plan();
    ASSERT_TRUE(writes) << writes.error().sentence;
    ASSERT_EQ(writes->size(), 1u);
    EXPECT_EQ(writes->front().offset, 30u * 2048);
    EXPECT_EQ(writes->front().bytes, std::string(4096, 's'));
}

TEST(NoPrompt, NothingIsDoneWhereItWouldBeAGuess) {
    AskingCd cd;
    cd.bytes[30 * 2048 + 100] = 'x';
    EXPECT_TRUE(cd.plan()->empty()) << "something else stands there";
    cd = {};
    cd.silent += "longer";
    EXPECT_TRUE(cd.plan()->empty());
    cd = {};
    cd.bytes[20 * 2048 + 65] = 0;
    EXPECT_TRUE(cd.plan()->empty()) << "no UEFI entry";
    cd = {};
    cd.bytes[20 * 2048 + 104] = 39;
    EXPECT_TRUE(cd.plan()->empty()) << "it would end behind the CD";
    cd = {};
    cd.bytes[17 * 2048 + 0x49] = '\x7f';
    EXPECT_TRUE(cd.plan()->empty()) << "the catalogue lies behind the CD";
    cd = {};
    cd.bytes[17 * 2048 + 1] = 'X';
    EXPECT_TRUE(cd.plan()->empty()) << "no boot record";
    cd.bytes.resize(16 * 2048);
    EXPECT_TRUE(cd.plan()->empty());
}

}  // namespace
}  // namespace rundown::image::windows
