// SPDX-License-Identifier: MIT
#include "image/windows/systems.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace rundown::image::windows {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

const WindowsSystem& system_called(std::string_view id) {
    const auto* system = find_system(id);
    EXPECT_NE(system, nullptr) << id;
    return system == nullptr ? all_systems().front() : *system;
}

TEST(WindowsSystems, TheTableHasEveryPromisedSystemOnce) {
    std::set<std::string_view> ids;
    for (const auto& system : all_systems()) {
        EXPECT_TRUE(ids.insert(system.id).second) << system.id;
    }
    for (const auto id :
         {"xp",
          "2003",
          "vista",
          "2008",
          "7",
          "2008r2",
          "8",
          "2012",
          "8.1",
          "2012r2",
          "10",
          "11",
          "2016",
          "2019",
          "2022",
          "2025"}) {
        EXPECT_THAT(ids, Contains(std::string_view(id)));
    }
    EXPECT_EQ(find_system("95"), nullptr);
}

TEST(WindowsSystems, EveryRowIsWhole) {
    for (const auto& system : all_systems()) {
        SCOPED_TRACE(system.id);
        EXPECT_TRUE(system.bios || system.uefi);
        EXPECT_TRUE(system.i386 || system.x64);
        EXPECT_TRUE(system.x64 || !system.uefi) << "UEFI of 32 bits is not offered";
        EXPECT_EQ(system.i386, !system.cpu_x86.empty());
        EXPECT_FALSE(system.machine.empty());
        EXPECT_NE(system.disk_bus, DiskBus::invalid);
        EXPECT_NE(system.signing, SigningRule::invalid);
        EXPECT_FALSE(system.nics.empty());
        EXPECT_FALSE(system.virtio_folders.empty());
        EXPECT_GE(system.memory_mib, system.memory_mib_min);
        EXPECT_GE(system.disk_gib, system.disk_gib_min);
        EXPECT_LE(system.build_min, system.build_max);
        const bool partitioned_by_us = system.style == InstallerStyle::answer_xml;
        EXPECT_EQ(system.system_partition_mib >= 100, partitioned_by_us);
    }
}

TEST(WindowsSystems, ABuildIsAtMostOneSystem) {
    for (std::uint32_t build = 2000; build < 40000; ++build) {
        for (const bool server : {false, true}) {
            int fits = 0;
            for (const auto& system : all_systems()) {
                fits += system.style == InstallerStyle::answer_xml && system.version_major == 10 &&
                        system.server == server && build >= system.build_min &&
                        build <= system.build_max;
            }
            ASSERT_LE(fits, 1) << build;
            ASSERT_EQ(fits == 1, system_of_version(10, 0, build, server) != nullptr) << build;
        }
    }
}

TEST(WindowsSystems, AreToldByTheirVersion) {
    struct Line {
        std::uint32_t major, minor, build;
        bool server;
        std::string_view id;
    };
    const Line lines[] = {
        {6, 0, 6002, false, "vista"},
        {6, 0, 6002, true, "2008"},
        {6, 1, 7601, false, "7"},
        {6, 1, 7601, true, "2008r2"},
        {6, 2, 9200, true, "2012"},
        {6, 3, 9600, false, "8.1"},
        {6, 3, 9600, true, "2012r2"},
        {10, 0, 19045, false, "10"},
        {10, 0, 22000, false, "11"},
        {10, 0, 26100, false, "11"},
        {10, 0, 14393, true, "2016"},
        {10, 0, 17763, true, "2019"},
        {10, 0, 20348, true, "2022"},
        {10, 0, 26100, true, "2025"},
    };
    for (const auto& line : lines) {
        const auto* system = system_of_version(line.major, line.minor, line.build, line.server);
        ASSERT_NE(system, nullptr) << line.id;
        EXPECT_EQ(system->id, line.id);
    }
    EXPECT_EQ(system_of_version(6, 4, 9841, false), nullptr) << "a preview nobody has a recipe for";
    EXPECT_EQ(system_of_version(5, 1, 2600, false), nullptr) << "told by its medium, not by a WIM";
}

TEST(WindowsSystems, TextModeMediaAreToldByVersionAndName) {
    EXPECT_EQ(system_of_text_mode("5.1", Arch::i386, "Windows XP")->id, "xp");
    EXPECT_EQ(system_of_text_mode("5.2", Arch::x86_64, "Windows XP x64")->id, "xp");
    EXPECT_EQ(system_of_text_mode("5.2", Arch::x86_64, "Windows Server 2003")->id, "2003");
    EXPECT_EQ(system_of_text_mode("5.2", Arch::i386, "Windows Server 2003")->id, "2003");
    EXPECT_EQ(system_of_text_mode("5.0", Arch::i386, "Windows 2000"), nullptr);
}

TEST(WindowsSystems, NdisVersionsEndWithTheBuildsOwn) {
    EXPECT_THAT(ndis_versions(system_called("xp"), 0), ElementsAre("5.0", "5.1"));
    EXPECT_THAT(
        ndis_versions(system_called("7"), 7601), ElementsAre("5.0", "5.1", "6.0", "6.1", "6.20")
    );
    EXPECT_THAT(
        ndis_versions(system_called("8.1"), 9600), ElementsAre("6.0", "6.1", "6.20", "6.30", "6.40")
    );
    EXPECT_EQ(ndis_versions(system_called("10"), 19045).back(), "6.84");
    EXPECT_EQ(ndis_versions(system_called("2022"), 20348).back(), "6.85");
    EXPECT_EQ(ndis_versions(system_called("11"), 22621).back(), "6.87");
    EXPECT_EQ(ndis_versions(system_called("2025"), 26100).back(), "6.89");
    EXPECT_THAT(ndis_versions(system_called("11"), 22000), Not(Contains("5.1")));
    EXPECT_EQ(ndis_of_build(3790), "");
}

TEST(WindowsSystems, NoSystemIsToldToLoadWhatItCannot) {
    for (const auto& system : all_systems()) {
        const bool knows_sha256 = system.version_major * 10 + system.version_minor >= 62;
        EXPECT_EQ(system.signing == SigningRule::test_sha256, knows_sha256) << system.id;
    }
}

}  // namespace
}  // namespace rundown::image::windows
