// SPDX-License-Identifier: MIT
#include "guest/drive_xml.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guest/domain_xml.hpp"

namespace rundown::guest {

namespace {

std::string boot_xml(unsigned order) {
    return order == 0 ? std::string() : fmt::format("      <boot order='{}'/>\n", order);
}

/// "hda", "sdb": only a name to libvirt, but one per drive, and its first letters must fit the bus.
/// Drives on SATA and SCSI share the names sd*; SCSI's begin behind SATA's.
std::string target_name(DiskBus bus, unsigned unit) {
    switch (bus) {
        case DiskBus::ide:
            return fmt::format("hd{:c}", 'a' + unit);
        case DiskBus::virtio:
            return fmt::format("vd{:c}", 'a' + unit);
        case DiskBus::scsi:
            return fmt::format("sd{:c}", 'a' + kSataDrives + unit);
        case DiskBus::sata:
        case DiskBus::invalid:
            break;
    }
    return fmt::format("sd{:c}", 'a' + unit);
}

std::string drive_address_xml(DiskBus bus, unsigned unit) {
    if (bus == DiskBus::virtio)
        return pci_address_xml(kFirstVirtioDiskSlot + unit);
    // IDE: two drives a channel, and libvirt calls the channel a bus.
    const bool ide = bus == DiskBus::ide;
    return fmt::format(
        "      <address type='drive' controller='0' bus='{}' target='0' unit='{}'/>\n",
        ide ? unit / 2 : 0,
        ide ? unit % 2 : unit
    );
}

std::string target_xml(DiskBus bus, unsigned unit) {
    return fmt::format(
        "      <target dev='{}' bus='{}'/>\n", target_name(bus, unit), to_string(bus)
    );
}

std::string source_xml(const std::string& file) {
    return file.empty() ? std::string()
                        : fmt::format("      <source file='{}'/>\n", xml_escape(file));
}

/// Freed blocks go back to the host in any case: an overlay is not to grow for what the guest has
/// deleted.
std::string disk_xml(const DiskSpec& disk, unsigned unit, std::size_t index) {
    return fmt::format(
               "    <disk type='file' device='disk'>\n"
               "      <driver name='qemu' type='{}' cache='{}' discard='unmap'/>\n",
               to_string(disk.format),
               disk.throw_away ? "unsafe" : "writeback"
           ) +
           source_xml(disk.file) + target_xml(disk.bus, unit) +
           (disk.read_only ? "      <readonly/>\n" : "") + boot_xml(disk.boot_order) +
           fmt::format("      <alias name='{}'/>\n", disk_id(index)) +
           drive_address_xml(disk.bus, unit) + "    </disk>\n";
}

std::string cdrom_xml(const CdromSpec& cdrom, unsigned unit, std::size_t index) {
    return "    <disk type='file' device='cdrom'>\n"
           "      <driver name='qemu' type='raw'/>\n" +
           source_xml(cdrom.file) + target_xml(cdrom.bus, unit) + "      <readonly/>\n" +
           boot_xml(cdrom.boot_order) + fmt::format("      <alias name='{}'/>\n", cdrom_id(index)) +
           drive_address_xml(cdrom.bus, unit) + "    </disk>\n";
}

std::string floppy_xml(const FloppySpec& floppy) {
    return "    <disk type='file' device='floppy'>\n"
           "      <driver name='qemu' type='raw'/>\n" +
           source_xml(floppy.file) + "      <target dev='fda' bus='fdc'/>\n" +
           (floppy.read_only ? "      <readonly/>\n" : "") + boot_xml(floppy.boot_order) +
           fmt::format("      <alias name='{}'/>\n", kFloppyId) +
           "      <address type='drive' controller='0' bus='0' target='0' unit='0'/>\n"
           "    </disk>\n";
}

bool uses(const GuestSpec& spec, DiskBus bus) {
    const auto on_bus = [bus](const auto& drive) { return drive.bus == bus; };
    return std::ranges::any_of(spec.disks, on_bus) || std::ranges::any_of(spec.cdroms, on_bus);
}

/// Those whose slot libvirt would choose; q35's AHCI and pc's IDE are parts of the chipset.
std::string controllers_xml(const GuestSpec& spec) {
    std::string xml;
    if (uses(spec, DiskBus::scsi))
        xml += "    <controller type='scsi' index='0' model='virtio-scsi'>\n" +
               pci_address_xml(kScsiSlot) + "    </controller>\n";
    if (uses(spec, DiskBus::sata) && !is_q35(spec.machine))
        xml += "    <controller type='sata' index='0'>\n" + pci_address_xml(kSataSlot) +
               "    </controller>\n";
    return xml;
}

}  // namespace

std::string pci_address_xml(unsigned slot, unsigned bus) {
    return fmt::format(
        "      <address type='pci' domain='0x0000' bus='{:#04x}' slot='{:#04x}' "
        "function='0x0'/>\n",
        bus,
        slot
    );
}

std::string firmware_xml(const GuestSpec& spec, const GuestNames& names) {
    if (spec.firmware != Firmware::uefi)
        return {};
    return fmt::format(
        "    <loader readonly='yes' type='pflash'>{}</loader>\n"
        "    <nvram>{}</nvram>\n",
        xml_escape(spec.uefi.code),
        xml_escape(names.uefi_vars)
    );
}

std::string drives_xml(const GuestSpec& spec) {
    const DrivePlaces places = place_drives(spec.disks, spec.cdroms);
    std::string xml = controllers_xml(spec);
    for (std::size_t index = 0; index < spec.disks.size(); ++index)
        xml += disk_xml(spec.disks[index], places.disks[index], index);
    for (std::size_t index = 0; index < spec.cdroms.size(); ++index)
        xml += cdrom_xml(spec.cdroms[index], places.cdroms[index], index);
    if (spec.floppy)
        xml += floppy_xml(*spec.floppy);
    return xml;
}

std::string fw_cfg_xml(const std::vector<FwCfgEntry>& entries) {
    std::string xml;
    for (const FwCfgEntry& entry : entries)
        xml += fmt::format(
            "    <entry name='{}'>{}</entry>\n", xml_escape(entry.name), xml_escape(entry.text)
        );
    return xml.empty() ? xml : "  <sysinfo type='fwcfg'>\n" + xml + "  </sysinfo>\n";
}

}  // namespace rundown::guest
