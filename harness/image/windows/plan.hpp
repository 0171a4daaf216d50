// SPDX-License-Identifier: MIT
// image/windows/plan.hpp
//
// Everything about one unattended installation of Windows, decided before anything boots: from what
// the person asked for and what is on their media to the files of the configuration CD, the
// machine, and the phases to be watched. Pure; media_io.hpp reads the media, config_cd_io.hpp
// writes the CD.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "image/build.hpp"
#include "image/install/iso_patch.hpp"
#include "image/install/phase.hpp"
#include "image/manifest.hpp"
#include "image/media/media.hpp"
#include "image/windows/systems.hpp"
#include "image/windows/wim.hpp"

namespace rundown::image::windows {

/// A driver package of ours, as built: INF, catalogue, image.
struct BuiltPackage {
    std::string name;                // "protocol5"
    std::string inf;                 // File name.
    std::vector<std::string> files;  // Host paths, the INF's among them.
};

/// What was built for one architecture.
struct BuiltForArch {
    std::string agent;  // Host path of rundown-agent.exe; empty: not built.
    std::vector<BuiltPackage> packages;
};

struct WindowsRequest {
    BuildRequest ask;
    BuiltForArch built_i386;
    BuiltForArch built_x64;
    std::string certificate_file;  // What errors call it.
    std::string certificate_der;   // Its bytes; empty: not built.
    std::string now;               // "2026-11-24T16:00:00Z"
    std::string soon;              // The certificate must be valid beyond this moment.
    // The account the recipe works in. The guest has no network but the NIC under test.
    std::string owner = "rundown";
    std::string user = "rundown";
    std::string password = "Rundown-1";
    std::string computer_name = "RUNDOWN";
};

/// What was read of the person's media.
struct WindowsMedia {
    MediaInfo medium;
    std::vector<WimImage> images;           // Of its WIM; empty with text mode.
    std::vector<IsoWrite> no_prompt;        // To a copy: UEFI boots it without asking for a key.
    std::string virtio_iso;                 // Path; empty: none was given.
    std::vector<std::string> virtio_files;  // Every file on it.
};

/// A file of the configuration CD or the floppy disk; from one of three sources.
struct PlannedFile {
    std::string path;         // On the disk: "rundown/setup.cmd".
    std::string bytes;        // When both others are empty.
    std::string host_path;    // A file of this machine.
    std::string virtio_path;  // A file of the virtio-win CD.
};

/// "Press any key to boot from CD": keys for the first machine until it has written to its disk or
/// reset itself.
struct KeyPresses {
    std::string key;  // QEMU's name: "ret".
    Milliseconds from{};
    Milliseconds until{};
    Milliseconds every{};
};

struct WindowsPlan {
    const WindowsSystem* system = nullptr;
    std::optional<WimImage> image;  // The edition; empty with text mode.
    Manifest manifest;              // What is known before: all but base, media, times, hashes.
    std::uint64_t disk_bytes = 0;
    std::vector<PlannedFile> config_cd;  // By path.
    std::vector<PlannedFile> floppy;     // Empty: the machine needs no floppy drive.
    std::vector<Phase> phases;
    std::optional<KeyPresses> keys;
    std::vector<IsoWrite> no_prompt;    // As in WindowsMedia, where the machine boots by UEFI.
    std::vector<std::string> warnings;  // Sentences: what may go wrong and cannot be known.
};

/// The volume label of the configuration CD.
inline constexpr std::string_view kConfigVolume = "RUNDOWN";

/// The plan. Errors are sentences, kind usage (what was asked for cannot be: no such edition, wrong
/// architecture, disk too small, no key for a system that must have one, ...) or environment (the
/// agent or the drivers are not built, the certificate has expired).
result<WindowsPlan> plan_windows(const WindowsRequest& request, const WindowsMedia& media);

}  // namespace rundown::image::windows
