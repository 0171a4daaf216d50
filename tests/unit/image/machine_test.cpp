// SPDX-License-Identifier: MIT
#include "image/machine.hpp"

#include <gtest/gtest.h>

#include "support/sample_manifest.hpp"

namespace rundown::image {
namespace {

guest::GuestSpec spec_for(const Manifest& manifest, const std::string& words = {}) {
    guest::GuestSpec spec;
    spec.accelerator = guest::Accelerator::tcg;
    spec.directory = "/runs/1";
    apply_image(spec, manifest, "/runs/1/overlay.qcow2", "/runs/1/vars.fd", words);
    return spec;
}

TEST(ApplyImage, AWindowsImageGetsItsMachine) {
    const auto spec = spec_for(test::sample_manifest(), "seed=1");
    EXPECT_EQ(spec.firmware, guest::Firmware::uefi);
    EXPECT_EQ(spec.uefi.vars, "/runs/1/vars.fd");
    EXPECT_EQ(spec.machine, "q35");
    EXPECT_EQ(spec.memory_mib, 4096u);
    EXPECT_EQ(spec.processors, 2u);
    ASSERT_EQ(spec.disks.size(), 1u);
    EXPECT_EQ(spec.disks[0].file, "/runs/1/overlay.qcow2");
    EXPECT_EQ(spec.disks[0].bus, guest::DiskBus::sata);
    EXPECT_TRUE(spec.disks[0].throw_away);
    EXPECT_EQ(spec.clock, guest::GuestClock::windows);
    EXPECT_EQ(spec.display, guest::Display::vga);
    EXPECT_EQ(spec.second_serial, guest::SecondSerial::none);
    EXPECT_TRUE(spec.hyperv && spec.vmcoreinfo);
    EXPECT_TRUE(spec.fw_cfg.empty());
}

TEST(ApplyImage, AReactOsImageHasItsDebugLogOnCom2) {
    Manifest manifest = test::sample_manifest();
    manifest.kind = ImageKind::reactos;
    manifest.firmware = Firmware::bios;
    manifest.uefi_variables.reset();
    manifest.machine = Machine{};
    manifest.machine.com2 = PortRole::debug_log;
    const auto spec = spec_for(manifest);
    EXPECT_EQ(spec.firmware, guest::Firmware::bios);
    EXPECT_EQ(spec.second_serial, guest::SecondSerial::stream);
    EXPECT_EQ(spec.disks[0].bus, guest::DiskBus::ide);
    EXPECT_FALSE(spec.hyperv || spec.vmcoreinfo);
    EXPECT_TRUE(guest::check(spec)) << guest::check(spec).error().sentence;
}

TEST(ApplyImage, WordsReachTheReferenceGuestOnly) {
    Manifest manifest = test::sample_manifest();
    manifest.kind = ImageKind::reference;
    manifest.firmware = Firmware::bios;
    manifest.machine = Machine{};
    EXPECT_TRUE(spec_for(manifest).fw_cfg.empty());
    const auto spec = spec_for(manifest, "seed=7");
    ASSERT_EQ(spec.fw_cfg.size(), 1u);
    EXPECT_EQ(spec.fw_cfg[0].name, "opt/rundown/cmdline");
    EXPECT_EQ(spec.fw_cfg[0].text, "seed=7");
    EXPECT_TRUE(guest::check(spec)) << guest::check(spec).error().sentence;
}

}  // namespace
}  // namespace rundown::image
