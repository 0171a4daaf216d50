// SPDX-License-Identifier: MIT
#include "guest/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "guest/spec.hpp"

namespace rundown::guest {

namespace {

Error usage(std::string sentence) {
    return fail(ErrorKind::usage, std::move(sentence));
}

bool is_absolute(std::string_view path) {
    return !path.empty() && path.front() == '/';
}

std::size_t drives_max(DiskBus bus) {
    switch (bus) {
        case DiskBus::invalid:
            break;
        case DiskBus::ide:
            return kIdeDrives;
        case DiskBus::sata:
            return kSataDrives;
        case DiskBus::virtio:
            return kVirtioDisks;
        case DiskBus::scsi:
            return kScsiDrives;
    }
    return 0;
}

result<void> check_disk(const DiskSpec& disk, std::size_t index) {
    if (!is_absolute(disk.file))
        return usage(
            fmt::format("the file \"{}\" of disk {} is not an absolute path", disk.file, index)
        );
    if (disk.bus == DiskBus::invalid)
        return usage(fmt::format("disk {} has no bus: choose ide, sata, virtio or scsi", index));
    if (disk.format == DiskFormat::invalid)
        return usage(fmt::format("disk {} has no format: choose qcow2 or raw", index));
    if (disk.read_only && (disk.bus == DiskBus::ide || disk.bus == DiskBus::sata))
        return usage(fmt::format("disk {} cannot be read-only on {}", index, to_string(disk.bus)));
    return {};
}

result<void> check_cdrom(const CdromSpec& cdrom, std::size_t index) {
    if (!cdrom.file.empty() && !is_absolute(cdrom.file))
        return usage(
            fmt::format("the file \"{}\" of CD {} is not an absolute path", cdrom.file, index)
        );
    if (cdrom.bus == DiskBus::invalid || cdrom.bus == DiskBus::virtio)
        return usage(fmt::format("a CD drive is on ide, sata or scsi, and CD {} is not", index));
    if (cdrom.file.empty() && cdrom.boot_order != 0)
        return usage(fmt::format("CD {} has no medium to boot from", index));
    return {};
}

/// Each bus has so many connectors, and IDE not every machine.
result<void> check_buses(const GuestSpec& spec) {
    for (const DiskBus bus : {DiskBus::ide, DiskBus::sata, DiskBus::virtio, DiskBus::scsi}) {
        const auto on_bus = [bus](const auto& drive) { return drive.bus == bus; };
        const auto drives =
            std::ranges::count_if(spec.disks, on_bus) + std::ranges::count_if(spec.cdroms, on_bus);
        if (drives > 0 && bus == DiskBus::ide && is_q35(spec.machine))
            return usage(fmt::format("the machine {} has no IDE: choose sata", spec.machine));
        if (drives > static_cast<std::ptrdiff_t>(drives_max(bus)))
            return usage(fmt::format(
                "{} can have at most {} drives, not {}", to_string(bus), drives_max(bus), drives
            ));
    }
    return {};
}

/// The orders of everything that can be booted from; zeros left out.
std::vector<unsigned> boot_orders(const GuestSpec& spec) {
    std::vector<unsigned> orders;
    for (const DiskSpec& disk : spec.disks)
        orders.push_back(disk.boot_order);
    for (const CdromSpec& cdrom : spec.cdroms)
        orders.push_back(cdrom.boot_order);
    if (spec.floppy)
        orders.push_back(spec.floppy->boot_order);
    std::erase(orders, 0u);
    return orders;
}

result<void> check_boot_orders(const GuestSpec& spec) {
    const auto orders = boot_orders(spec);
    if (spec.firmware == Firmware::kernel && !orders.empty())
        return usage("a guest that boots a kernel of its own does not boot from a disk or CD");
    if (spec.firmware == Firmware::bios && orders.empty())
        return usage("a guest with a BIOS needs a disk, CD or floppy to boot from");
    if (std::set<unsigned>(orders.begin(), orders.end()).size() != orders.size())
        return usage("two drives have the same place in the boot order");
    return {};
}

result<void> check_uefi(const UefiSpec& uefi) {
    if (!is_absolute(uefi.code))
        return usage(fmt::format("UEFI's code \"{}\" is not an absolute path", uefi.code));
    if (!uefi.vars.empty() && !is_absolute(uefi.vars))
        return usage(fmt::format("UEFI's variables \"{}\" are not an absolute path", uefi.vars));
    if (!is_absolute(uefi.vars_template) && uefi.vars.empty())
        return usage(fmt::format(
            "the template \"{}\" of UEFI's variables is not an absolute path", uefi.vars_template
        ));
    return {};
}

result<void> check_firmware(const GuestSpec& spec) {
    switch (spec.firmware) {
        case Firmware::invalid:
            return usage("a guest needs a firmware: kernel, bios or uefi");
        case Firmware::kernel:
            if (!is_absolute(spec.kernel))
                return usage(
                    fmt::format("the guest's kernel \"{}\" is not an absolute path", spec.kernel)
                );
            if (!spec.initrd.empty() && !is_absolute(spec.initrd))
                return usage(
                    fmt::format("the guest's initrd \"{}\" is not an absolute path", spec.initrd)
                );
            return {};
        case Firmware::bios:
        case Firmware::uefi:
            if (!spec.kernel.empty() || !spec.initrd.empty() || !spec.command_line.empty())
                return usage(fmt::format(
                    "a guest with the firmware {} takes no kernel, initrd or command line",
                    to_string(spec.firmware)
                ));
            return spec.firmware == Firmware::uefi ? check_uefi(spec.uefi) : result<void>();
    }
    return {};
}

bool is_fw_cfg_name(std::string_view name) {
    constexpr std::size_t kNameMax = 55;  // fw_cfg's directory entries hold 56 with the zero.
    return name.starts_with("opt/") && name.size() > 4 && name.size() <= kNameMax &&
           !name.starts_with("opt/ovmf/") && !name.starts_with("opt/org.qemu/") &&
           name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"
           ) == std::string_view::npos;
}

result<void> check_fw_cfg(const std::vector<FwCfgEntry>& entries) {
    std::set<std::string_view> names;
    for (const FwCfgEntry& entry : entries) {
        if (!is_fw_cfg_name(entry.name))
            return usage(fmt::format(
                "\"{}\" is no name for a fw_cfg entry: opt/<vendor>/<name>, at most 55 characters",
                entry.name
            ));
        if (!names.insert(entry.name).second)
            return usage(fmt::format("the fw_cfg entry {} is given twice", entry.name));
        if (entry.text.empty() ||
            std::ranges::any_of(entry.text, [](unsigned char c) { return c < 0x20; }))
            return usage(fmt::format("the fw_cfg entry {} is empty or no line of text", entry.name)
            );
    }
    return {};
}

/// The first free unit in the order of preference; past the end when none is.
unsigned take(std::set<unsigned>& taken, std::initializer_list<unsigned> preferred) {
    for (const unsigned unit : preferred)
        if (taken.insert(unit).second)
            return unit;
    unsigned unit = 0;
    while (!taken.insert(unit).second)
        ++unit;
    return unit;
}

}  // namespace

std::string_view to_string(DiskBus bus) {
    switch (bus) {
        case DiskBus::invalid:
            break;
        case DiskBus::ide:
            return "ide";
        case DiskBus::sata:
            return "sata";
        case DiskBus::virtio:
            return "virtio";
        case DiskBus::scsi:
            return "scsi";
    }
    return "invalid";
}

std::string_view to_string(DiskFormat format) {
    switch (format) {
        case DiskFormat::invalid:
            break;
        case DiskFormat::qcow2:
            return "qcow2";
        case DiskFormat::raw:
            return "raw";
    }
    return "invalid";
}

std::string_view to_string(Firmware firmware) {
    switch (firmware) {
        case Firmware::invalid:
            break;
        case Firmware::kernel:
            return "kernel";
        case Firmware::bios:
            return "bios";
        case Firmware::uefi:
            return "uefi";
    }
    return "invalid";
}

std::string_view to_string(Display display) {
    return display == Display::vga ? "vga" : "none";
}

std::string disk_id(std::size_t index) {
    return fmt::format("ua-disk{}", index);
}

std::string cdrom_id(std::size_t index) {
    return fmt::format("ua-cdrom{}", index);
}

DrivePlaces place_drives(const std::vector<DiskSpec>& disks, const std::vector<CdromSpec>& cdroms) {
    std::array<std::set<unsigned>, 5> taken;
    DrivePlaces places;
    for (const DiskSpec& disk : disks)
        places.disks.push_back(take(taken[static_cast<std::size_t>(disk.bus)], {}));
    for (const CdromSpec& cdrom : cdroms) {
        auto& units = taken[static_cast<std::size_t>(cdrom.bus)];
        places.cdroms.push_back(cdrom.bus == DiskBus::ide ? take(units, {2, 3}) : take(units, {}));
    }
    return places;
}

result<void> check_devices(const GuestSpec& spec) {
    RUNDOWN_TRY(check_firmware(spec));
    for (std::size_t index = 0; index < spec.disks.size(); ++index)
        RUNDOWN_TRY(check_disk(spec.disks[index], index));
    for (std::size_t index = 0; index < spec.cdroms.size(); ++index)
        RUNDOWN_TRY(check_cdrom(spec.cdroms[index], index));
    if (spec.floppy && !spec.floppy->file.empty() && !is_absolute(spec.floppy->file))
        return usage(
            fmt::format("the floppy's file \"{}\" is not an absolute path", spec.floppy->file)
        );
    RUNDOWN_TRY(check_buses(spec));
    RUNDOWN_TRY(check_boot_orders(spec));
    return check_fw_cfg(spec.fw_cfg);
}

}  // namespace rundown::guest
