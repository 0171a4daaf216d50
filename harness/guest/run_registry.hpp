// SPDX-License-Identifier: MIT
// guest/run_registry.hpp
//
// What a run holds on the machine, as text that outlives it. Each thing is written down before it
// is made, so a killed run leaves nothing that is not in its registry. Lines, fields separated by
// tabs:
//
//     rundown-registry  1
//     process  <pid>  <start ticks>  <boot id>
//     +  domain  rd-4711-1  d3b07384-...        about to be made
//     +  window  rundown-4711-1
//     -  domain  rd-4711-1  d3b07384-...        gone
//
// Pure; run_registry_io.hpp keeps the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/process_io.hpp"

namespace rundown::guest {

enum class ResourceKind {
    invalid,
    domain,  // A QEMU process: name and UUID of its domain.
    window,  // A file in /dev/shm: its name there.
    socket,  // A unix socket: its name in the process directory.
    file,    // A throw-away file (overlay, UEFI variables): its absolute path. Any number of
             // processes may see it in the run directory, so only names of that kind are removed.
};

struct Resource {
    ResourceKind kind = ResourceKind::invalid;
    std::string name;
    std::string uuid;  // Of domains.
    bool operator==(const Resource&) const = default;
};

struct RegistryContents {
    ProcessIdentity process;
    std::string boot_id;
    std::vector<Resource> held;  // In the order of making.
};

inline constexpr std::string_view kWindowPrefix =
    "rundown-";  // Nothing else in /dev/shm is ever touched.

/// `directory`/rundown-tmp-`name`: where a file goes that is removed with its owner.
std::string throw_away_path(std::string_view directory, std::string_view name);
/// True for an absolute path without detours whose last part is named as a throw-away file's:
/// "rundown-tmp-...", or an image's "overlay.qcow2" or "vars.fd".
bool is_throw_away_path(std::string_view path);

/// True when the resource can be written down and, later, removed without harming anybody: no
/// separators, no path that leads elsewhere.
bool is_well_formed(const Resource& resource);

std::string registry_opening(const ProcessIdentity& process, std::string_view boot_id);
std::string registry_line(char sign, const Resource& resource);

/// Reads a registry. A last line without its end is ignored: its writer was killed before it could
/// act on it. Malformed lines and resources are skipped; nothing at all when the opening is not a
/// registry's.
std::optional<RegistryContents> parse_registry(std::string_view text);

/// The process directory's name, "<pid>-<start ticks>", and back.
std::string process_directory_name(const ProcessIdentity& process);
std::optional<ProcessIdentity> parse_process_directory_name(std::string_view name);

}  // namespace rundown::guest
