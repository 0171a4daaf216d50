// SPDX-License-Identifier: MIT
// Drives, firmware and what can be wrong with them.
#include "guest/devices.hpp"

#include <gmock/gmock.h>

#include "guest/spec.hpp"

namespace rundown::guest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

GuestSpec good() {
    GuestSpec spec;
    spec.firmware = Firmware::bios;
    spec.directory = "/runs/1";
    spec.accelerator = Accelerator::tcg;
    DiskSpec disk{"/images/a.qcow2", DiskBus::ide};
    disk.boot_order = 1;
    spec.disks.push_back(disk);
    return spec;
}

template <class Change>
void expect_refused(Change change, const std::string& part) {
    GuestSpec spec = good();
    change(spec);
    const auto checked = check(spec);
    ASSERT_FALSE(checked.has_value()) << part;
    EXPECT_EQ(checked.error().kind, ErrorKind::usage) << checked.error().sentence;
    EXPECT_THAT(checked.error().sentence, HasSubstr(part));
}

UefiSpec uefi() {
    return {"/fw/code.fd", "/fw/vars.fd", {}};
}

TEST(Devices, GoodOnesPass) {
    EXPECT_TRUE(check(good()).has_value());
    GuestSpec spec = good();
    spec.cdroms = {CdromSpec{}, CdromSpec{"/iso/a.iso", DiskBus::ide, 2}};
    spec.floppy = FloppySpec{};
    spec.fw_cfg = {FwCfgEntry{"opt/rundown/cmdline", "seed=1"}};
    spec.memory_mib = 8192;
    spec.processors = 4;
    EXPECT_TRUE(check(spec).has_value());
    spec = good();
    spec.firmware = Firmware::uefi;
    spec.uefi = uefi();
    spec.disks.clear();
    EXPECT_TRUE(check(spec).has_value()) << "UEFI has a shell of its own";
}

TEST(Devices, BadDrivesAreRefusedBySentence) {
    expect_refused([](auto& s) { s.disks[0].file = "a.qcow2"; }, "absolute path");
    expect_refused([](auto& s) { s.disks[0].bus = DiskBus::invalid; }, "no bus");
    expect_refused([](auto& s) { s.disks[0].format = DiskFormat::invalid; }, "no format");
    expect_refused([](auto& s) { s.disks[0].read_only = true; }, "read-only on ide");
    expect_refused([](auto& s) { s.disks[0].boot_order = 0; }, "to boot from");
    expect_refused([](auto& s) { s.cdroms = {CdromSpec{"a.iso"}}; }, "absolute path");
    expect_refused(
        [](auto& s) {
            s.cdroms = {CdromSpec{"/a.iso", DiskBus::virtio}};
        },
        "ide, sata or scsi"
    );
    expect_refused([](auto& s) { s.cdroms = {CdromSpec{"", DiskBus::ide, 2}}; }, "no medium");
    expect_refused(
        [](auto& s) {
            s.cdroms = {CdromSpec{"/a.iso", DiskBus::ide, 1}};
        },
        "same place"
    );
    expect_refused([](auto& s) { s.cdroms.resize(4); }, "at most 4 drives, not 5");
    expect_refused([](auto& s) { s.machine = "pc-q35-7.2"; }, "no IDE");
    expect_refused([](auto& s) { s.floppy = FloppySpec{"f.img"}; }, "absolute path");
}

TEST(Devices, BadFirmwareIsRefusedBySentence) {
    expect_refused([](auto& s) { s.firmware = Firmware::invalid; }, "firmware");
    expect_refused([](auto& s) { s.kernel = "/k"; }, "takes no kernel");
    expect_refused([](auto& s) { s.command_line = "x"; }, "takes no kernel");
    expect_refused([](auto& s) { s.firmware = Firmware::kernel, s.kernel = "/k"; }, "kernel");
    expect_refused([](auto& s) { s.firmware = Firmware::uefi; }, "UEFI's code");
    expect_refused(
        [](auto& s) {
            s.firmware = Firmware::uefi, s.uefi = {"/fw/code.fd", "", ""};
        },
        "template"
    );
    expect_refused(
        [](auto& s) {
            s.firmware = Firmware::uefi, s.uefi = {"/fw/code.fd", "/v", "vars"};
        },
        "variables"
    );
    for (const char* name : {"rundown", "opt/", "opt/ovmf/x", "opt/org.qemu/x", "opt/a b"})
        expect_refused([name](auto& s) { s.fw_cfg = {FwCfgEntry{name, "x"}}; }, "no name");
    expect_refused([](auto& s) { s.fw_cfg = {FwCfgEntry{"opt/a", ""}}; }, "empty");
    expect_refused(
        [](auto& s) {
            s.fw_cfg = {FwCfgEntry{"opt/a", "x"}, FwCfgEntry{"opt/a", "y"}};
        },
        "twice"
    );
}

TEST(Devices, ProcessorsMemoryAndSnapshotsAreChecked) {
    expect_refused([](auto& s) { s.processors = 0; }, "1 to 16 processors");
    expect_refused([](auto& s) { s.processors = 17; }, "1 to 16 processors");
    expect_refused([](auto& s) { s.memory_mib = 70000; }, "65536");
    expect_refused(
        [](auto& s) { s.processors = 2, s.icount = IcountSpec{}; }, "needs a single processor"
    );
    expect_refused([](auto& s) { s.resume_from = "/a.state"; }, "snapshots");
    expect_refused([](auto& s) { s.resume_from = "a.state", s.snapshots = true; }, "absolute");
    expect_refused(
        [](auto& s) { s.accelerator = Accelerator::kvm, s.cpu = "host", s.snapshots = true; },
        "name a model"
    );
}

TEST(Devices, HyperVIsLeftOutUnderTcgWithAReason) {
    GuestSpec spec = good();
    EXPECT_EQ(hyperv_left_out(spec), "");
    spec.hyperv = true;
    EXPECT_THAT(hyperv_left_out(spec), HasSubstr("TCG"));
    spec.accelerator = Accelerator::kvm;
    EXPECT_EQ(hyperv_left_out(spec), "");
}

TEST(Devices, CdsBeginOnTheSecondIdeChannelWhileItIsFree) {
    const DiskSpec ide{"/a", DiskBus::ide};
    const CdromSpec cd{"/a.iso"};
    const auto one = place_drives({ide}, {cd, cd, cd});
    EXPECT_THAT(one.disks, ElementsAre(0));
    EXPECT_THAT(one.cdroms, ElementsAre(2, 3, 1));
    const auto three = place_drives({ide, ide, ide}, {cd});
    EXPECT_THAT(three.disks, ElementsAre(0, 1, 2));
    EXPECT_THAT(three.cdroms, ElementsAre(3));
    const auto mixed = place_drives(
        {DiskSpec{"/a", DiskBus::virtio}, DiskSpec{"/b", DiskBus::sata}},
        {CdromSpec{"/a.iso", DiskBus::sata}}
    );
    EXPECT_THAT(mixed.disks, ElementsAre(0, 0));
    EXPECT_THAT(mixed.cdroms, ElementsAre(1));
}

}  // namespace
}  // namespace rundown::guest
