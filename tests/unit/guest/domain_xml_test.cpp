// SPDX-License-Identifier: MIT
// The domain XML against files in golden/. RUNDOWN_UPDATE_GOLDEN=1 writes them anew; read the
// difference before committing it.
#include "guest/domain_xml.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace rundown::guest {
namespace {

GuestSpec plain_spec() {
    GuestSpec spec;
    spec.kernel = "/images/boot.elf";
    spec.initrd = "/images/initrd.tar";
    spec.command_line = "seed=7 processors=4";
    spec.accelerator = Accelerator::tcg;
    spec.directory = "/runs/1";
    return spec;
}

GuestNames plain_names() {
    GuestNames names;
    names.domain = "rd-4711-1";
    names.uuid = "6ccd780c-baba-1026-9564-5b8c656024db";
    names.emulator = "/usr/bin/qemu-system-x86_64";
    names.serial_socket = "/run/rundown/4711-99/serial-1";
    names.trace_window = "rundown-4711-99-1";
    names.debug_console = "/runs/1/debug-console.log";
    return names;
}

void expect_golden(const std::string& name, const std::string& xml) {
    const std::string path =
        std::string(RUNDOWN_SOURCE_DIR) + "/tests/unit/guest/golden/" + name + ".xml";
    if (std::getenv("RUNDOWN_UPDATE_GOLDEN")) {
        std::ofstream(path, std::ios::binary) << xml;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    const std::string golden(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(xml, golden) << "golden file " << path;
}

TEST(DomainXml, NoNicsNoWindow) {
    GuestSpec spec = plain_spec();
    spec.trace_window_mib = 0;
    spec.initrd.clear();
    spec.command_line.clear();
    GuestNames names = plain_names();
    names.trace_window.clear();
    expect_golden("no_nics_no_window", domain_xml(spec, names));
}

TEST(DomainXml, OneNicOfEachModel) {
    GuestSpec spec = plain_spec();
    spec.nics = {{NicModel::e1000, nic_mac(0)}, {NicModel::virtio_net, nic_mac(1)}};
    GuestNames names = plain_names();
    names.nic_ports = {40001, 40002};
    expect_golden("one_nic_of_each_model", domain_xml(spec, names));
}

TEST(DomainXml, EightNicsOfEveryVariant) {
    GuestSpec spec = plain_spec();
    GuestNames names = plain_names();
    for (std::size_t index = 0; index < kNicsMax; ++index) {
        NicSpec nic{index % 2 ? NicModel::virtio_net : NicModel::e1000, nic_mac(index)};
        if (index == 3)
            nic.variant = VirtioVariant::transitional;
        if (index == 5)
            nic.variant = VirtioVariant::modern;
        spec.nics.push_back(nic);
        names.nic_ports.push_back(static_cast<std::uint16_t>(41000 + index));
    }
    expect_golden("eight_nics_of_every_variant", domain_xml(spec, names));
}

TEST(DomainXml, ALegacyVirtioDeviceIsDeniedItsModernRegisters) {
    GuestSpec spec = plain_spec();
    spec.nics = {
        {NicModel::e1000, nic_mac(0)}, {NicModel::virtio_net, nic_mac(1), VirtioVariant::legacy}};
    GuestNames names = plain_names();
    names.nic_ports = {40001, 40002};
    const std::string xml = domain_xml(spec, names);
    EXPECT_NE(xml.find("<qemu:device alias='net1'>"), std::string::npos) << xml;
    EXPECT_EQ(xml.find("<qemu:device alias='net0'>"), std::string::npos) << xml;
    EXPECT_NE(
        xml.find("<qemu:property name='disable-modern' type='bool' value='true'/>"),
        std::string::npos
    );
}

TEST(DomainXml, KvmWithTheHostsProcessor) {
    GuestSpec spec = plain_spec();
    spec.accelerator = Accelerator::kvm;
    spec.cpu = "host";
    spec.reboots = false;
    expect_golden("kvm_with_the_hosts_processor", domain_xml(spec, plain_names()));
}

TEST(DomainXml, InstructionCountingAndPassedThroughArguments) {
    GuestSpec spec = plain_spec();
    spec.cpu = "max";
    spec.icount = IcountSpec{5, false};
    spec.qemu_arguments = {"-trace", "pci_nic"};
    expect_golden("instruction_counting_and_arguments", domain_xml(spec, plain_names()));
}

TEST(DomainXml, DeterministicWithBothNics) {
    GuestSpec spec = plain_spec();
    spec.icount = IcountSpec{2, false};
    spec.determinism = DeterminismSpec{0x1234, 100};
    spec.nics = {{NicModel::e1000, nic_mac(0)}, {NicModel::virtio_net, nic_mac(1)}};
    ASSERT_TRUE(check(spec));
    GuestNames names = plain_names();
    names.nic_ports = {40001, 40002};
    names.gdb_socket = "/run/rundown/4711-99/gdb-1";
    expect_golden("deterministic", domain_xml(spec, names));
}

GuestSpec windows_like(Firmware firmware) {
    GuestSpec spec;
    spec.firmware = firmware;
    spec.accelerator = Accelerator::tcg;
    spec.directory = "/runs/1";
    spec.display = Display::vga;
    spec.clock = GuestClock::windows;
    spec.trace_window_mib = 16;
    return spec;
}

DiskSpec disk_of(DiskBus bus, unsigned boot_order) {
    DiskSpec disk{"/runs/1/overlay.qcow2", bus};
    disk.boot_order = boot_order;
    return disk;
}

TEST(DomainXml, XpLikeOnIdeWithBios) {
    GuestSpec spec = windows_like(Firmware::bios);
    spec.memory_mib = 512;
    spec.disks = {disk_of(DiskBus::ide, 2)};
    spec.cdroms = {CdromSpec{"/iso/xp.iso", DiskBus::ide, 1}, CdromSpec{"/runs/1/config.iso"}};
    spec.floppy = FloppySpec{"/runs/1/floppy.img"};
    spec.nics = {{NicModel::rtl8139, nic_mac(0)}, {NicModel::e1000, nic_mac(1)}};
    ASSERT_TRUE(check(spec));
    GuestNames names = plain_names();
    names.nic_ports = {40001, 40002};
    expect_golden("xp_like", domain_xml(spec, names));
}

TEST(DomainXml, Windows11LikeOnQ35WithUefiAndKvm) {
    GuestSpec spec = windows_like(Firmware::uefi);
    spec.accelerator = Accelerator::kvm;
    spec.uefi = {"/fw/OVMF_CODE_4M.fd", "/fw/OVMF_VARS_4M.fd", {}};
    spec.machine = "q35";
    spec.cpu = "host";
    spec.processors = 4;
    spec.memory_mib = 4096;
    spec.hyperv = true;
    spec.vmcoreinfo = true;
    spec.disks = {
        disk_of(DiskBus::sata, 1), DiskSpec{"/runs/1/data.raw", DiskBus::scsi, DiskFormat::raw}};
    spec.disks[1].throw_away = false;
    spec.cdroms = {CdromSpec{"/iso/win11.iso", DiskBus::sata, 2}, CdromSpec{"", DiskBus::sata}};
    spec.nics = {
        {NicModel::e1000e, nic_mac(0)},
        {NicModel::virtio_net, nic_mac(1)},
        {NicModel::rtl8139, nic_mac(2)}};
    ASSERT_TRUE(check(spec));
    GuestNames names = plain_names();
    names.nic_ports = {40001, 40002, 40003};
    names.uefi_vars = "/runs/1/vars.fd";
    expect_golden("windows_11_like", domain_xml(spec, names));
    // Under TCG the same guest goes without what only KVM has.
    spec.accelerator = Accelerator::tcg;
    spec.cpu = "max";
    const std::string tcg = domain_xml(spec, names);
    EXPECT_EQ(tcg.find("hyperv"), std::string::npos);
}

TEST(DomainXml, ReactosLikeWithItsDebugLogOnCom2) {
    GuestSpec spec = windows_like(Firmware::bios);
    spec.memory_mib = 256;
    spec.processors = 2;
    spec.disks = {disk_of(DiskBus::ide, 1)};
    spec.second_serial = SecondSerial::stream;
    spec.snapshots = true;
    spec.resume_from = "/runs/1/ready.state";
    spec.fw_cfg = {FwCfgEntry{"opt/rundown/cmdline", "seed=1 a='<&>'"}};
    spec.nics = {{NicModel::e1000, nic_mac(0)}};
    ASSERT_TRUE(check(spec));
    GuestNames names = plain_names();
    names.nic_ports = {40001};
    names.second_serial_socket = "/run/rundown/4711-99/com2-1";
    expect_golden("reactos_like", domain_xml(spec, names));
}

TEST(DomainXml, DrivesOfEveryBusHaveNamesAndPlacesOfTheirOwn) {
    GuestSpec spec = windows_like(Firmware::bios);
    for (const DiskBus bus : {DiskBus::ide, DiskBus::sata, DiskBus::virtio, DiskBus::scsi}) {
        spec.disks.push_back(DiskSpec{"/d", bus});
        spec.disks.push_back(DiskSpec{"/d", bus});
    }
    spec.disks[0].boot_order = 1;
    ASSERT_TRUE(check(spec));
    expect_golden("drives_of_every_bus", domain_xml(spec, plain_names()));
}

TEST(DomainXml, HostileTextStaysText) {
    GuestSpec spec = plain_spec();
    spec.kernel = "/images/<&'\">.elf";
    spec.command_line = "a='</cmdline><devices/>'\tb\n";
    expect_golden("hostile_text", domain_xml(spec, plain_names()));
}

TEST(XmlEscape, MakesMarkupHarmless) {
    EXPECT_EQ(xml_escape("plain"), "plain");
    EXPECT_EQ(xml_escape("<a b='c' d=\"e\">&"), "&lt;a b=&apos;c&apos; d=&quot;e&quot;&gt;&amp;");
    EXPECT_EQ(xml_escape("\t\n\r"), "&#9;&#10;&#13;");
    EXPECT_EQ(xml_escape(std::string_view("\0\x01", 2)), "??");
    EXPECT_EQ(xml_escape("ü"), "ü");
}

}  // namespace
}  // namespace rundown::guest
