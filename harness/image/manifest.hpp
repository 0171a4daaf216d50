// SPDX-License-Identifier: MIT
// image/manifest.hpp
//
// An image as data: what was installed, from what, with which recipe, and what hardware it wishes
// for. One JSON file an image, manifest.json; its members are described in MANIFEST_FORMAT.md.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "guest/devices.hpp"

namespace rundown::image {

/// The first member of every manifest. Counted up when an older program could not use the image.
inline constexpr std::string_view kManifestSchema = "rundown.image/1";

enum class ImageKind {
    invalid,
    reference,  // The NT-compatible kernel of this tree, on a disk of its own.
    reactos,
    windows,
};

enum class Arch {
    invalid,
    i386,
    x86_64,  // "x86-64" in text.
};

using guest::DiskBus;
using guest::Firmware;  // Of images: bios or uefi, whose variables are a file of the image.

/// What the guest uses a COM port for.
enum class PortRole {
    invalid,
    none,
    rpc,        // The agent's line.
    debug_log,  // The kernel's debug output; a prompt of its debugger may wait there.
};

/// Who wrote a driver that is in the image.
enum class DriverSource {
    invalid,
    system,      // Came with the system.
    ours,        // drivers/nic.
    virtio_win,  // The virtio-win ISO.
};

/// The hardware an image was installed on, and so wishes for.
struct Machine {
    std::string machine = "pc";  // QEMU's name: pc, q35.
    std::string cpu = "qemu64";  // A QEMU model, or "max".
    std::uint32_t memory_mib = 512;
    std::uint32_t processors = 1;
    DiskBus disk_bus = DiskBus::ide;
    PortRole com1 = PortRole::rpc;
    PortRole com2 = PortRole::none;
    bool display = true;     // A VGA adapter; some systems do not come up without one.
    bool local_time = true;  // The clock runs on local time, as Windows expects.
};

/// A NIC model the installed system can drive.
struct NicSupport {
    std::string model;   // e1000, e1000e, rtl8139, virtio-net.
    std::string driver;  // File name of the driver: "e1000.sys".
    DriverSource source = DriverSource::invalid;
};

struct Recipe {
    std::string name;  // See recipe.hpp.
    std::uint32_t version = 0;
};

/// The read-only disk below every overlay.
struct BaseFile {
    std::string file;                 // Name in the image's directory.
    std::string format = "qcow2";     // As qemu-img names it.
    std::uint64_t bytes = 0;          // Of the file.
    std::uint64_t virtual_bytes = 0;  // Of the disk the guest sees.
    std::string sha256;               // Of the file; 64 hexadecimal digits.
};

/// A small file of the image that every run copies: UEFI's variables.
struct ExtraFile {
    std::string file;
    std::string sha256;
};

/// Something of ours put into the installed system.
struct InstalledThing {
    std::string name;     // "rundown-agent.exe", "protocol5", "e1000".
    std::string version;  // As it tells itself; may be empty.
    std::string sha256;   // Of the file, or of a package's INF.
};

/// The certificate that signed drivers are trusted by.
struct Certificate {
    std::string subject;
    std::string sha256;     // Of the DER file.
    std::string not_after;  // "2036-11-24T00:00:00Z"
};

/// What the image was made from.
struct Medium {
    std::string role;  // "install", "virtio-win", "disk".
    std::string path;  // Where it was then.
    std::uint64_t bytes = 0;
    std::string sha256;
    std::string volume_id;  // Of a CD; else empty.
};

struct StageTime {
    std::string stage;
    std::uint64_t milliseconds = 0;
};

/// A live snapshot: the machine's state with the agent ready, and the disk as it was then.
struct Snapshot {
    std::string name;        // Unique in the image.
    std::string hardware;    // What it fits, for people: guest::hardware_line(). The
                             // record beside the state file is what is compared.
    std::string state_file;  // Names in the image's directory, below snapshots/.
    std::string disk_file;   // A qcow2 with the base below it; empty: the base itself.
    std::uint64_t bytes = 0;
};

struct Manifest {
    std::string name;  // Letters, digits, '-', '_', '.'; the directory's name, too.
    ImageKind kind = ImageKind::invalid;
    std::string os_name;     // "ReactOS", "Windows 10 Pro".
    std::string os_version;  // "0.4.16-dev", "10.0.19045".
    Arch arch = Arch::invalid;
    std::string edition;   // As the media names it; may be empty.
    std::string language;  // "en-US"; may be empty.
    Firmware firmware = Firmware::bios;
    Machine machine;
    std::vector<std::string> ndis;  // Versions a protocol driver may register with: "5.1", "6.50".
    std::vector<NicSupport> nics;
    Recipe recipe;
    BaseFile base;
    std::optional<ExtraFile> uefi_variables;
    std::optional<InstalledThing> agent;
    std::vector<InstalledThing> packages;
    std::optional<Certificate> certificate;
    std::vector<Medium> media;
    std::string created;  // "2026-11-24T16:00:00Z"
    std::vector<StageTime> stages;
    std::vector<Snapshot> snapshots;
};

std::string_view to_string(ImageKind kind);
std::string_view to_string(Arch arch);
std::string_view to_string(PortRole role);
std::string_view to_string(DriverSource source);

/// The kind, architecture, firmware or bus of that name; invalid: there is none.
ImageKind image_kind_from(std::string_view text);
Arch arch_from(std::string_view text);
Firmware firmware_from(std::string_view text);
DiskBus disk_bus_from(std::string_view text);

/// True for a name an image may have: 1 to 64 letters, digits, '-', '_' and '.', no '.' in front.
bool is_image_name(std::string_view name);

/// Everything in it that contradicts itself or is missing, as one sentence that begins with `file`.
result<void> check(const Manifest& manifest, const std::string& file);

/// The manifest as MANIFEST_FORMAT.md describes it.
std::string to_json(const Manifest& manifest);

/// Reads a manifest strictly: every member there and of its type, none unknown, check() passed.
/// Each error is one sentence that names `file` and the member. Kind: environment.
result<Manifest> manifest_from_json(std::string_view text, const std::string& file);

}  // namespace rundown::image
