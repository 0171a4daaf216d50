// SPDX-License-Identifier: MIT
// guest/spec.hpp
//
// A guest as data: what the person chose (GuestSpec) and the names this run drew for it
// (GuestNames). Together they are all that domain_xml() needs. Nothing here touches the machine;
// check() finds what can be found without it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "guest/devices.hpp"

namespace rundown::guest {

inline constexpr std::size_t kNicsMax = 8;  // One PCI slot each, from kFirstNicSlot.
inline constexpr unsigned kFirstNicSlot =
    3;  // 0 host bridge, 1 ISA bridge, 2 kept free for a display.
inline constexpr unsigned kTraceWindowSlot =
    12;  // Behind the NICs, so that their slots never move.
inline constexpr unsigned kDisplaySlot = 2;
inline constexpr unsigned kScsiSlot = 13;
inline constexpr unsigned kSataSlot = 14;  // Of machine pc; q35 has its own.
inline constexpr unsigned kFirstVirtioDiskSlot = 15;
inline constexpr unsigned kProcessorsMax = 16;
inline constexpr std::size_t kSocketPathMax =
    107;  // sizeof(sockaddr_un::sun_path) less its terminator.
inline constexpr unsigned kDebugConsolePort = 0xE9;  // DbgPrint of the reference guest.
inline constexpr std::string_view kDefaultEmulator = "qemu-system-x86_64";

/// What executes the guest's instructions.
enum class Accelerator {
    invalid,  // Not decided yet.
    kvm,      // The host's processor.
    tcg,      // QEMU's translator: works everywhere.
};

enum class NicModel {
    invalid,
    e1000,       // 82540EM, PCI 8086:100E.
    virtio_net,  // PCI 1AF4:1000 or 1AF4:1041, see VirtioVariant.
    e1000e,      // 82574L, PCI 8086:10D3.
    rtl8139,     // PCI 10EC:8139.
};

/// Which of virtio's register layouts the device offers.
enum class VirtioVariant {
    both,          // QEMU's default on a PCI slot: device 1000 with legacy and modern registers. On
                   // q35, behind a PCIe root port, QEMU leaves the legacy ones out: device 1041.
    transitional,  // The device type that says so by name; also device 1000.
    modern,        // Modern only: device 1041.
    legacy,        // Legacy registers only: device 1000 of virtio 0.9.5.
};

struct NicSpec {
    NicModel model = NicModel::invalid;
    std::string mac;  // "52:54:00:..."; locally administered and unicast. See nic_mac().
    VirtioVariant variant = VirtioVariant::both;
};

/// QEMU's instruction counting: guest time follows the instructions executed, so that a run can be
/// repeated.
struct IcountSpec {
    unsigned shift = 3;  // One instruction is 2^shift ns of guest time.
    bool sleep = true;   // false: idle guest time passes at once.
};

/// A guest that nothing from outside reaches but what the host lets in while the machine stands
/// still: the same seed gives the same run, time stamps included. Needs icount without sleep, and a
/// trace window. See README.md, "A deterministic guest".
struct DeterminismSpec {
    std::uint32_t seed = 1;  // What the firmware's tables, too, are made from.
    unsigned frame_interval_us =
        100;  // Frames from the host reach a NIC at multiples of this, in guest time.
};

struct GuestSpec {
    Firmware firmware = Firmware::kernel;
    std::string kernel;        // Host path: an ELF with the PVH note, or a bzImage; with
                               // Firmware::kernel only, like initrd and command_line.
    std::string initrd;        // Host path; empty: none.
    std::string command_line;  // For the kernel; may be empty.
    UefiSpec uefi;             // With Firmware::uefi only.
    std::vector<DiskSpec> disks;
    std::vector<CdromSpec> cdroms;
    std::optional<FloppySpec> floppy;
    std::vector<FwCfgEntry> fw_cfg;
    std::vector<NicSpec> nics;                       // In slot order; at most kNicsMax.
    Accelerator accelerator = Accelerator::invalid;  // See choose_accelerator().
    std::string directory;  // Run directory, exists: logs and artifacts go here.
    unsigned memory_mib = 64;
    unsigned processors = 1;  // Real ones, in one socket; TCG gives each a thread of its own.
    unsigned trace_window_mib = 32;    // A power of two; 0: no window.
    std::string machine = "pc";        // Or "q35", or a version of either ("pc-i440fx-7.2").
    std::string cpu = "qemu64";        // A QEMU model, or "max", or "host" (KVM only).
    std::optional<IcountSpec> icount;  // TCG only.
    std::optional<DeterminismSpec> determinism;
    Display display = Display::none;
    SecondSerial second_serial = SecondSerial::none;
    GuestClock clock = GuestClock::utc;
    /// Hyper-V's interface for Windows: relaxed timing, APIC assist, spin counts, and the crash
    /// registers that tell a STOP code. What the accelerator cannot do is left out: see
    /// hyperv_left_out().
    bool hyperv = false;
    bool vmcoreinfo = false;  // A guest driver may publish its dump header (win-dmp) there.
    /// save() will be asked for, or resume_from is set: the trace window's memory travels with the
    /// state.
    bool snapshots = false;
    std::string resume_from;    // Host path of a state file that save() wrote; empty: an ordinary
                                // start. Disks are as they were then, or overlays on them.
    bool start_paused = false;  // Do not let the processor run until `cont` over QMP.
    bool reboots = true;        // false: a reset ends the guest in place of starting it again.
    std::vector<std::string> qemu_arguments;  // Passed through behind libvirt's own.
};

/// What this run calls the guest's things. Drawn at start, unique on the machine, registered before
/// they exist.
struct GuestNames {
    std::string domain;  // libvirt's name: "rd-<pid>-<n>".
    std::string uuid;
    std::string emulator;                  // Full path of QEMU.
    std::string serial_socket;             // COM1; the harness listens here before QEMU starts.
    std::vector<std::uint16_t> nic_ports;  // TCP on 127.0.0.1, one a NIC; likewise.
    std::string trace_window;              // Name in /dev/shm; empty without a window.
    std::string debug_console;             // File that receives the bytes of port 0xE9.
    std::string gdb_socket;  // Where QEMU's gdb stub listens; empty but for a deterministic guest.
    std::string second_serial_socket;  // COM2, likewise; empty without one.
    std::string uefi_vars;             // File of the variables; empty without UEFI.
};

std::string_view to_string(Accelerator accelerator);
std::string_view to_string(NicModel model);

/// "e1000", "virtio-net", "e1000e" or "rtl8139"; NicModel::invalid for anything else.
NicModel nic_model_from(std::string_view text);
/// A NIC by the name a user gives it: a model, or "virtio-net-modern" and the other variants.
/// Without a MAC address; model invalid: no such name.
NicSpec nic_from(std::string_view name);

/// The address of NIC `index`: 52:54:00:72:64:<index + 1>. The same in every run: guests are never
/// on a common wire.
std::string nic_mac(std::size_t index);

/// True for q35 and its versions.
bool is_q35(std::string_view machine);
/// True when the NIC stands behind a PCIe root port of its own, and so can be unplugged on q35:
/// virtio-net (but for the variants with legacy registers) and e1000e there. The others stand on
/// bus 0, where q35 unplugs nothing.
bool behind_root_port(const GuestSpec& spec, const NicSpec& nic);
/// Why `hyperv` was asked for and is not there; empty when nothing is left out.
std::string hyperv_left_out(const GuestSpec& spec);

/// Everything wrong with a spec that can be told without looking at the machine, as one sentence.
result<void> check(const GuestSpec& spec);

}  // namespace rundown::guest
