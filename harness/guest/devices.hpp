// SPDX-License-Identifier: MIT
// guest/devices.hpp
//
// What a guest may have besides a processor, memory and NICs, as data: disks, CDs, a floppy,
// firmware, a display, a second serial line. Part of GuestSpec (spec.hpp). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rundown::guest {

enum class DiskBus {
    invalid,
    ide,     // PIIX3's two channels, four drives in all; machine pc only.
    sata,    // AHCI, six ports: q35's own, on pc a controller of its own.
    virtio,  // virtio-blk. Disks only.
    scsi,    // virtio-scsi.
};

enum class DiskFormat {
    invalid,
    qcow2,
    raw,
};

inline constexpr std::size_t kIdeDrives = 4;
inline constexpr std::size_t kSataDrives = 6;
inline constexpr std::size_t kScsiDrives = 7;
inline constexpr std::size_t kVirtioDisks = 4;  // One PCI slot each, from kFirstVirtioDiskSlot.

/// A hard disk. Its QEMU id is disk_id(index).
struct DiskSpec {
    std::string file;  // Host path, exists; written to unless read_only.
    DiskBus bus = DiskBus::invalid;
    DiskFormat format = DiskFormat::qcow2;
    unsigned boot_order = 0;  // 1 is tried first; 0: not booted from.
    /// Nothing in the file is worth keeping after the host has crashed: writes are never flushed
    /// (cache=unsafe). Should be true for overlays, and for bases that are made anew after a
    /// failure.
    bool throw_away = true;
    bool read_only = false;  // Not on ide and sata, whose disks QEMU does not write-protect.
    bool operator==(const DiskSpec&) const = default;
};

/// A CD drive. Its QEMU id is cdrom_id(index).
struct CdromSpec {
    std::string file;  // Host path of an ISO; empty: a drive without a medium.
    DiskBus bus = DiskBus::ide;
    unsigned boot_order = 0;
    bool operator==(const CdromSpec&) const = default;
};

/// The floppy drive A:. Its QEMU id is kFloppyId.
struct FloppySpec {
    std::string file;  // Host path of a raw image (1.44 MB); empty: a drive without a medium.
    bool read_only = true;
    unsigned boot_order = 0;
    bool operator==(const FloppySpec&) const = default;
};

/// What the guest's first instruction belongs to.
enum class Firmware {
    invalid,
    kernel,  // GuestSpec::kernel, loaded by QEMU itself.
    bios,    // SeaBIOS.
    uefi,    // OVMF, without Secure Boot; see UefiSpec.
};

/// The two flash files of OVMF. find_ovmf() knows where the distribution has them.
struct UefiSpec {
    std::string code;           // Host path, read only.
    std::string vars_template;  // Host path, read only: variables as a new machine has them.
    /// Host path of the variables the guest writes. Made from vars_template when it does not
    /// exist, and kept. Empty: a throw-away copy in the run directory.
    std::string vars;
};

enum class Display {
    none,
    vga,  // QEMU's "std" adapter; what screenshot() needs.
};

enum class SecondSerial {
    none,
    stream,  // COM2 is a socket the host reads and writes: Guest::second_serial().
};

enum class GuestClock {
    utc,      // Of the reference guest: plain.
    windows,  // RTC in local time, lost ticks caught up, no HPET: as Windows wants it.
};

/// A file in the guest's fw_cfg, below "opt/" and not in QEMU's or OVMF's own parts of that.
struct FwCfgEntry {
    std::string name;  // "opt/rundown/cmdline"
    std::string text;  // Without control characters.
};

std::string_view to_string(DiskBus bus);
std::string_view to_string(DiskFormat format);
std::string_view to_string(Firmware firmware);
std::string_view to_string(Display display);

/// QEMU's ids ("qdev") of the drives, in QMP's replies and for its commands.
std::string disk_id(std::size_t index);
std::string cdrom_id(std::size_t index);
inline constexpr std::string_view kFloppyId = "ua-floppy";

/// Where a drive stands on its bus: disks in their order, then CDs; on IDE the CDs begin on the
/// second channel while that is free.
struct DrivePlaces {
    std::vector<unsigned> disks;  // Per disk: unit on its bus.
    std::vector<unsigned> cdroms;
};
/// The places; a bus with too many drives is check_drives()'s to refuse.
DrivePlaces place_drives(const std::vector<DiskSpec>& disks, const std::vector<CdromSpec>& cdroms);

struct GuestSpec;

/// What is wrong with a spec's drives, firmware and fw_cfg entries, as one sentence. Part of
/// check().
result<void> check_devices(const GuestSpec& spec);

}  // namespace rundown::guest
