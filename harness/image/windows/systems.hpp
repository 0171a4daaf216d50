// SPDX-License-Identifier: MIT
// image/windows/systems.hpp
//
// What the recipes must know of each Windows, in one table: how it is installed, on which hardware
// it finds its way by itself, which folders of a virtio-win CD are its, what its kernel wants of
// drivers and writes when it stops. Sources: Microsoft's "Overview of NDIS versions", the system
// requirements of each release, the layout of the virtio-win CD. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/manifest.hpp"
#include "image/media/media.hpp"

namespace rundown::image::windows {

/// What a system demands of the signature of a kernel driver that we have signed ourselves.
enum class SigningRule {
    invalid,
    none,       // Loads unsigned drivers; the certificate only silences the dialogue.
    test_sha1,  // x64 loads test-signed drivers with TESTSIGNING on; knows SHA-1 only as it comes.
    test_sha256,  // The same, and SHA-256 is known.
};

/// Whether the facts of a line have been seen on the system or only read of.
enum class Evidence {
    invalid,
    documented,   // Microsoft or the virtio-win project says so.
    unconfirmed,  // Our own reading; shown as such in guest-images/windows/README.md.
};

struct InboxNic {
    std::string_view model;  // QEMU's name.
    std::string_view driver_x86;
    std::string_view driver_x64;  // Empty: that architecture has none.
    Evidence evidence;
};

struct WindowsSystem {
    std::string_view id;                          // "xp", "2008r2", "11".
    std::string_view title;                       // "Windows Server 2008 R2".
    InstallerStyle style = InstallerStyle::none;  // text_mode (winnt.sif) or answer_xml.
    bool server = false;
    bool i386 = false;
    bool x64 = false;
    bool bios = false;
    bool uefi = false;  // x86-64 only, always without Secure Boot.
    std::uint32_t version_major = 0;
    std::uint32_t version_minor = 0;
    std::uint32_t build_min = 0;  // A medium of this version and kind is ours from here...
    std::uint32_t build_max = 0;  // ...to here, both included.
    std::uint32_t memory_mib_min = 0;
    std::uint32_t memory_mib = 0;  // What the recipe gives it.
    std::uint32_t disk_gib_min = 0;
    std::uint32_t disk_gib = 0;
    std::uint32_t system_partition_mib = 0;  // The active (BIOS) or EFI partition in front.
    std::string_view machine;                // QEMU's.
    std::string_view cpu_x86;  // A model that passes the system's own checks under TCG.
    std::string_view cpu_x64;
    DiskBus disk_bus = DiskBus::invalid;  // The one with a driver in the system.
    std::span<const InboxNic> nics;
    std::span<const std::string_view> virtio_folders;      // Names on a virtio-win CD, best first.
    std::span<const std::string_view> virtio_folders_x64;  // Where x64 differs; else empty.
    SigningRule signing = SigningRule::invalid;
    bool nmi_dumps_by_value =
        false;  // NMICrashDump=1 is read; later systems always stop on an NMI.
    bool requirements_bypassed =
        false;  // Windows 11: TPM, Secure Boot, CPU, memory checks of its setup.
    bool local_account_page = false;  // OOBE knows HideLocalAccountScreen and its three companions.
    bool wireless_page = false;       // OOBE knows HideWirelessSetupInOOBE.
    bool network_location_page = false;  // OOBE asks for a network location.
    bool skips_machine_oobe = false;     // Vista and 2008: nothing else skips its pages.
};

/// Every system there is a recipe for, oldest first.
std::span<const WindowsSystem> all_systems();

/// The system of that id; null: none.
const WindowsSystem* find_system(std::string_view id);

/// The system a WIM image of this version holds; null: no recipe for it.
const WindowsSystem* system_of_version(
    std::uint32_t major, std::uint32_t minor, std::uint32_t build, bool server
);

/// The system of a text-mode medium ("5.1", "5.2"); null: no recipe for it. `name` is the medium's
/// own name for it, which alone tells XP x64 from Server 2003 x64.
const WindowsSystem* system_of_text_mode(
    std::string_view version, Arch arch, std::string_view name
);

/// True when the system exists for that architecture.
bool has_arch(const WindowsSystem& system, Arch arch);

/// Versions a protocol driver may register with on that build, oldest first. NDIS 5 drivers work
/// up to Windows 7.
std::vector<std::string> ndis_versions(const WindowsSystem& system, std::uint32_t build);

/// The NDIS version of a build of Windows ("6.84" for 19045); empty: older than Vista.
std::string_view ndis_of_build(std::uint32_t build);

/// "x86" or "amd64": Microsoft's names of the architecture, also the folders of a virtio-win CD.
std::string_view windows_arch(Arch arch);

}  // namespace rundown::image::windows
