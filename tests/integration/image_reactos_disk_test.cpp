// SPDX-License-Identifier: MIT
// What the ReactOS recipe does to disks and CDs without ReactOS: a FAT disk, a hive and an ISO made
// here, worked on with mtools, reged and our own patcher.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "image/media/media.hpp"
#include "image/program_io.hpp"
#include "image/reactos/answers.hpp"
#include "image/reactos/fat_disk_io.hpp"
#include "image/reactos/hive_io.hpp"
#include "image/reactos/installed_disk_io.hpp"
#include "integration/support/program.hpp"
#include "integration/support/tiny_hive.hpp"

namespace rundown::integration {
namespace {

using image::ProgramRun;
using image::reactos::FatDisk;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kPartition = 1 << 20;
constexpr const char* kMenu =
    "[FREELOADER]\r\nDefaultOS=ReactOS_KdSerial\r\nTimeOut=0\r\n"
    "[ReactOS_KdSerial]\r\nBootType=Windows2003\r\n"
    "SystemPath=multi(0)disk(0)rdisk(0)partition(1)\\ReactOS\r\n"
    "Options=/DEBUG /DEBUGPORT=COM1 /BAUDRATE=115200 /SOS /KDSERIAL\r\n";

void must(std::vector<std::string> arguments) {
    ProgramRun run;
    run.arguments = std::move(arguments);
    const auto ended = image::run_program_well(run, Deadline::in(Milliseconds(30000), "a program"));
    ASSERT_TRUE(ended) << ended.error().sentence;
}

std::string system_hive() {
    const HiveKey session = {"Session Manager", {}, {{"DOS Devices", {}, {}}}};
    const HiveKey plug_play = {"PlugPlay", {{"Start", 2}}, {{"Parameters", {}, {}}}};
    const HiveKey set = {
        "ControlSet002", {}, {{"Control", {}, {session}}, {"Services", {}, {plug_play}}}};
    return TinyHive::of({"root", {}, {set, {"Select", {{"Current", 2}, {"Default", 2}}, {}}}});
}

/// A disk with one FAT32 partition and what is needed of a ReactOS on it.
class ReactosDisk : public testing::Test {
  protected:
    void SetUp() override {
        std::string record(512, '\0');
        record.replace(446, 16, std::string("\x80\0\0\0\x0C\0\0\0\0\x08\0\0\0\x80\x02\0", 16));
        record.replace(510, 2, "\x55\xAA");
        std::ofstream(path_, std::ios::binary) << record;
        std::filesystem::resize_file(path_, kPartition + 512 * 0x28000ULL);
        const std::string drive = path_ + "@@1M";
        must(
            {"mformat",
             "-i",
             drive,
             "-F",
             "-T",
             std::to_string(0x28000),
             "-h",
             "64",
             "-s",
             "32",
             "::"}
        );
        const auto disk = FatDisk::open(path_, {});
        ASSERT_TRUE(disk) << disk.error().sentence;
        for (const char* folder :
             {"ReactOS",
              "ReactOS/system32",
              "ReactOS/system32/config",
              "ReactOS/system32/drivers"}) {
            ASSERT_TRUE(disk->make_directory(folder));
        }
        ASSERT_TRUE(disk->put("freeldr.ini", kMenu));
        ASSERT_TRUE(disk->put("ReactOS/system32/config/SYSTEM", system_hive()));
        ASSERT_TRUE(disk->put("ReactOS/system32/drivers/e1000.sys", "theirs"));
    }
    std::string get(const std::string& file) {
        const auto contents = FatDisk::open(path_, {})->get(file);
        EXPECT_TRUE(contents) << contents.error().sentence;
        return contents ? *contents : std::string();
    }
    /// What the registry says below a key.
    std::string registry(const std::string& key) {
        const std::string hive = place_.file("hive", get("ReactOS/system32/config/SYSTEM"));
        ProgramRun run;
        run.arguments = {
            "/usr/sbin/reged",
            "-x",
            hive,
            "HKEY_LOCAL_MACHINE\\SYSTEM",
            key,
            place_.path() + "/out.reg"};
        EXPECT_TRUE(image::run_program(run, Deadline::in(Milliseconds(30000), "reged")));
        return contents_of(place_.path() + "/out.reg");
    }

    TemporaryDirectory place_;
    std::string path_ = place_.path() + "/disk.raw";
};

TEST_F(ReactosDisk, FilesComeBackAsTheyWere) {
    const auto disk = FatDisk::open(path_, {});
    std::string bytes;
    for (int i = 0; i < 300000; ++i) {
        bytes.push_back(static_cast<char>(i * 31));
    }
    ASSERT_TRUE(disk->put("ReactOS/a long name.bin", bytes));
    EXPECT_EQ(*disk->get("reactos/A LONG NAME.BIN"), bytes);
    ASSERT_TRUE(disk->put("ReactOS/a long name.bin", "shorter"));
    EXPECT_EQ(*disk->get("ReactOS/a long name.bin"), "shorter");
    EXPECT_TRUE(disk->has("ReactOS/a long name.bin"));
    EXPECT_FALSE(disk->has("ReactOS/another"));
    const auto missing = disk->get("ReactOS/another");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().sentence, HasSubstr("reading ReactOS/another on " + path_));
    EXPECT_TRUE(disk->make_directory("ReactOS")) << "is there already";
}

TEST_F(ReactosDisk, PreparedForItsFirstBoot) {
    const auto prepared = image::reactos::prepare_disk(path_, {{"e1000.sys", "ours"}}, {});
    ASSERT_TRUE(prepared) << prepared.error().sentence;
    EXPECT_THAT(get("freeldr.ini"), HasSubstr("Options=/DEBUG /DEBUGPORT=COM2"));
    EXPECT_THAT(get("freeldr.ini"), Not(HasSubstr("COM1")));
    EXPECT_EQ(get("ReactOS/system32/drivers/e1000.sys"), "ours");
    EXPECT_THAT(
        registry("ControlSet002\\Control\\Session Manager\\DOS Devices"),
        HasSubstr("\"COM1\"=\"\\\\Device\\\\Serial1\"")
    );
    EXPECT_THAT(
        registry("ControlSet002\\Services\\PlugPlay\\Parameters"),
        HasSubstr("\"SuppressUI\"=dword:00000001")
    );
}

TEST_F(ReactosDisk, TheAgentIsAServiceOfItsControlSet) {
    ASSERT_TRUE(image::reactos::put_agent(path_, "MZ agent", {}));
    EXPECT_EQ(get("rundown/rundown-agent.exe"), "MZ agent");
    const std::string service = registry("ControlSet002\\Services\\rundown-agent");
    EXPECT_THAT(service, HasSubstr("\"Start\"=dword:00000002"));
    EXPECT_THAT(service, HasSubstr("C:\\\\rundown\\\\rundown-agent.exe --service --port COM1"));
    // Once more, as on a disk that had it: a newer agent takes its place.
    ASSERT_TRUE(image::reactos::put_agent(path_, "MZ newer", {}));
    EXPECT_EQ(get("rundown/rundown-agent.exe"), "MZ newer");
}

TEST_F(ReactosDisk, ADriverTheSystemHasNot) {
    const auto prepared = image::reactos::prepare_disk(path_, {{"netkvm.sys", "ours"}}, {});
    ASSERT_FALSE(prepared);
    EXPECT_THAT(prepared.error().sentence, HasSubstr("has no netkvm.sys to be replaced"));
}

TEST_F(ReactosDisk, AHiveThatIsNone) {
    for (const std::string& hive :
         {std::string(), std::string("no hive"), system_hive().substr(0, 4096)}) {
        ASSERT_TRUE(FatDisk::open(path_, {})->put("ReactOS/system32/config/SYSTEM", hive));
        EXPECT_FALSE(image::reactos::put_agent(path_, "MZ", {})) << hive.size();
    }
}

TEST_F(ReactosDisk, AnythingElseIsRefused) {
    const std::string text = place_.file("text", std::string(4096, 'x'));
    const auto opened = FatDisk::open(text, {});
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().sentence, HasSubstr("has no ReactOS on it: it has no boot record"));
    EXPECT_FALSE(FatDisk::open(place_.path() + "/nothing", {}));
    std::filesystem::resize_file(path_, kPartition + 512);
    EXPECT_THAT(FatDisk::open(path_, {}).error().sentence, HasSubstr("not within the disk"));
}

TEST_F(ReactosDisk, StoppedMeanwhile) {
    const image::Watch watch{[](const std::string&) {}, [] { return true; }};
    const auto prepared = image::reactos::prepare_disk(path_, {}, watch);
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().kind, ErrorKind::cancelled);
}

TEST(ReactosHive, WhatRegedDoesNotPutInIsNoticed) {
    EXPECT_FALSE(image::reactos::with_registry_values(
        system_hive(),
        "[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet002\\Services]\r\n\"x\"=nonsense:1\r\n",
        {}
    ));
    EXPECT_EQ(*image::reactos::control_set_of(system_hive(), {}), 2u);
}

TEST(ReactosBootCd, ACopyThatInstallsByItself) {
    const TemporaryDirectory place;
    const std::string tree = place.path() + "/tree";
    std::filesystem::create_directories(tree + "/reactos");
    std::filesystem::create_directories(tree + "/loader");
    std::ofstream(tree + "/freeldr.ini")
        << "[FREELOADER]\nDefaultOS=Setup\n[Setup]\nBootType=ReactOSSetup\n";
    std::ofstream(tree + "/reactos/unattend.inf") << "UnattendSetupEnabled = no\n";
    std::ofstream(tree + "/loader/isoboot.bin") << std::string(2048, 'b');
    const std::string iso = place.path() + "/boot.iso";
    must(
        {"xorriso",
         "-as",
         "mkisofs",
         "-quiet",
         "-iso-level",
         "3",
         "-J",
         "-b",
         "loader/isoboot.bin",
         "-no-emul-boot",
         "-boot-load-size",
         "4",
         "-V",
         "ReactOS",
         "-o",
         iso,
         tree}
    );
    std::filesystem::permissions(iso, std::filesystem::perms::owner_read);
    const std::string copy = place.path() + "/copy.iso";
    const auto made = image::reactos::make_boot_cd(iso, copy, *image::reactos::unattend_inf(""));
    ASSERT_TRUE(made) << made.error().sentence;
    // Read by somebody else.
    must({"xorriso", "-osirrox", "on", "-indev", copy, "-extract", "/", place.path() + "/out"});
    EXPECT_EQ(
        contents_of(place.path() + "/out/reactos/unattend.inf"), *image::reactos::unattend_inf("")
    );
    EXPECT_THAT(contents_of(place.path() + "/out/freeldr.ini"), HasSubstr("DEBUGPORT=COM2"));
    EXPECT_EQ(contents_of(place.path() + "/out/loader/isoboot.bin"), std::string(2048, 'b'));
    const auto medium = image::MediaImage::open(copy);
    ASSERT_TRUE(medium);
    EXPECT_EQ(
        *(*medium)->read_file("reactos/unattend.inf", 1 << 20), *image::reactos::unattend_inf("")
    );
    // The boot record is where and as it was.
    EXPECT_EQ(contents_of(iso).substr(17 * 2048, 2048), contents_of(copy).substr(17 * 2048, 2048));
}

}  // namespace
}  // namespace rundown::integration
