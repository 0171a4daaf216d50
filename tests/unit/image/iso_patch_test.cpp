// SPDX-License-Identifier: MIT
#include "image/install/iso_patch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rundown::image {
namespace {

constexpr std::size_t kSector = 2048;

std::string both(std::uint32_t number) {
    std::string text;
    for (const int shift : {0, 8, 16, 24, 24, 16, 8, 0}) {
        text.push_back(static_cast<char>(number >> shift));
    }
    return text;
}

std::string record(std::string name, std::uint32_t extent, std::uint32_t bytes, bool directory) {
    std::string text(33, '\0');
    text.replace(2, 16, both(extent) + both(bytes));
    text[25] = directory ? 2 : 0;
    text[32] = static_cast<char>(name.size());
    text += name;
    text.resize((text.size() + 1) / 2 * 2);
    text[0] = static_cast<char>(text.size());
    return text;
}

std::string ucs2(const std::string& text) {
    std::string wide;
    for (const char c : text) {
        wide += std::string(1, '\0') + c;
    }
    return wide;
}

/// A CD with /FREELDR.INI;1 and /reactos/unattend.inf, in a primary and a Joliet tree, by hand.
struct Cd {
    Cd() : bytes(32 * kSector, '\0') {
        descriptor(16, 1, 20);
        descriptor(17, 2, 22);
        bytes.replace(17 * kSector + 88, 3, "%/E");
        descriptor(18, 255, 0);
        directory(
            20, {record("FREELDR.INI;1", 24, 7, false), record("REACTOS", 21, kSector, true)}
        );
        directory(21, {record("unattend.inf", 25, 6, false)});
        directory(
            22,
            {record(ucs2("freeldr.ini;1"), 24, 7, false),
             record(ucs2("reactos"), 23, kSector, true)}
        );
        directory(23, {record(ucs2("unattend.inf"), 25, 6, false)});
        bytes.replace(24 * kSector, 7, "the old");
    }
    void descriptor(std::size_t sector, int type, std::uint32_t root) {
        std::string text(kSector, '\0');
        text[0] = static_cast<char>(type);
        text.replace(1, 6, "CD001\x01");
        text.replace(80, 8, both(32));
        const std::string root_record = record(std::string(1, '\0'), root, kSector, true);
        text.replace(156, root_record.size(), root_record);
        bytes.replace(sector * kSector, kSector, text);
    }
    void directory(std::size_t sector, const std::vector<std::string>& records) {
        std::string text = record(std::string(1, '\0'), 0, kSector, true);
        for (const auto& one : records) {
            text += one;
        }
        bytes.replace(sector * kSector, text.size(), text);
    }
    result<std::vector<IsoWrite>> plan(const std::vector<ReplacedFile>& files) const {
        const IsoReader read = [this](std::uint64_t offset, std::size_t count) {
            return result<std::string>(bytes.substr(offset, count));
        };
        return plan_iso_patch(read, bytes.size(), "x.iso", files);
    }
    void apply(const std::vector<IsoWrite>& writes) {
        for (const auto& write : writes) {
            bytes.resize(std::max(bytes.size(), write.offset + write.bytes.size()));
            bytes.replace(write.offset, write.bytes.size(), write.bytes);
        }
    }
    /// The contents a record names whose name begins `name_at`.
    std::string contents(std::size_t name_at) const {
        const std::size_t at = name_at - 33;
        std::uint32_t extent = 0, size = 0;
        for (int i = 3; i >= 0; --i) {
            extent = extent << 8 | static_cast<unsigned char>(bytes[at + 2 + i]);
            size = size << 8 | static_cast<unsigned char>(bytes[at + 10 + i]);
        }
        EXPECT_EQ(bytes.substr(at + 2, 16), both(extent) + both(size)) << "both orders agree";
        return bytes.substr(extent * kSector, size);
    }
    std::string bytes;
};

TEST(IsoPatch, BothTreesPointToTheNewContents) {
    Cd cd;
    const std::string before = cd.bytes;
    const std::string longer(5000, 'u');
    const auto writes = cd.plan({{"freeldr.ini", "the new one"}, {"reactos/Unattend.INF", longer}});
    ASSERT_TRUE(writes) << writes.error().sentence;
    cd.apply(*writes);
    EXPECT_EQ(cd.contents(cd.bytes.find("FREELDR.INI;1")), "the new one");
    EXPECT_EQ(cd.contents(cd.bytes.find(ucs2("freeldr.ini;1"))), "the new one");
    EXPECT_EQ(cd.contents(cd.bytes.find("unattend.inf")), longer);
    EXPECT_EQ(cd.contents(cd.bytes.find(ucs2("unattend.inf"))), longer);
    EXPECT_EQ(cd.bytes.size(), 36 * kSector);
    EXPECT_EQ(cd.bytes.substr(16 * kSector + 80, 8), both(36));
    EXPECT_EQ(cd.bytes.substr(17 * kSector + 80, 8), both(36));
    // Nothing else: two records a file and two volume sizes.
    std::size_t changed = 0;
    for (std::size_t at = 0; at < before.size(); ++at) {
        changed += before[at] != cd.bytes[at] ? 1 : 0;
    }
    EXPECT_LE(changed, (4 * 16 + 2 * 8) * 1u);
}

TEST(IsoPatch, ATreeMayLackIt) {
    Cd cd;
    cd.directory(23, {record(ucs2("other.inf"), 25, 6, false)});
    cd.bytes.replace(23 * kSector + 34 + 33 + 20, 4, std::string(4, '\0'));
    EXPECT_TRUE(cd.plan({{"reactos/unattend.inf", "x"}}));
}

TEST(IsoPatch, WhatIsNotThere) {
    const Cd cd;
    for (const char* path :
         {"reactos/other.inf",
          "other/unattend.inf",
          "reactos",
          "freeldr.ini/x",
          "unattend.inf",
          ""}) {
        const auto writes = cd.plan({{path, "x"}});
        ASSERT_FALSE(writes) << path;
        EXPECT_EQ(writes.error().sentence, std::string("x.iso has no ") + path);
    }
}

TEST(IsoPatch, AnImageCutAnywhereIsRefusedOrWhole) {
    const Cd whole;
    for (std::size_t sector = 0; sector < 24; ++sector) {
        Cd cd;
        cd.bytes.resize(sector * kSector + 100);
        const auto writes = cd.plan({{"reactos/unattend.inf", "x"}});
        ASSERT_FALSE(writes) << sector;
        EXPECT_THAT(writes.error().sentence, testing::HasSubstr("x.iso is damaged"));
    }
}

TEST(IsoPatch, AnyByteOfTheStructuresMayBeWrong) {
    // Refused or not, nothing is read or written where it should not be (bytes_at checks; the
    // sanitizers see the rest).
    for (std::size_t at = 16 * kSector; at < 24 * kSector; ++at) {
        const bool structure = at % kSector < 260;
        if (!structure) {
            continue;
        }
        for (const char value : {'\xFF', '\x00', '\x21', '\x80'}) {
            Cd cd;
            cd.bytes[at] = value;
            const auto writes = cd.plan({{"reactos/unattend.inf", "x"}});
            if (writes) {
                for (const auto& write : *writes) {
                    EXPECT_LE(write.offset, cd.bytes.size());
                }
            }
        }
    }
}

}  // namespace
}  // namespace rundown::image
