// SPDX-License-Identifier: MIT
// guest/snapshot.hpp
//
// What a saved machine state fits: the hardware it was saved on, part by part, in a small JSON file
// beside it. QEMU itself notices only some of the differences, and says so in its own words after
// it was started; here they are found before, and told by name. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "guest/spec.hpp"

namespace rundown::guest {

/// Name and value of each part that the guest or QEMU would notice a change of. Neither holds a
/// space.
using Hardware = std::vector<std::pair<std::string, std::string>>;

/// The hardware of a spec under that version of QEMU.
Hardware hardware_of(const GuestSpec& spec, std::string_view qemu_version);

/// The same in one line: "qemu=7.2.22 machine=pc memory=64 ...".
std::string hardware_line(const Hardware& hardware);

struct SnapshotRecord {
    Hardware hardware;
    std::uint64_t state_bytes = 0;  // Of the state file.
};

/// `state_file`.json
std::string snapshot_record_path(std::string_view state_file);

std::string to_json(const SnapshotRecord& record);
/// Errors, kind environment, name `file`.
result<SnapshotRecord> snapshot_record_from_json(std::string_view text, const std::string& file);

/// The first part in which the two differ, as one sentence: "... was taken with nic0=e1000-... and
/// this guest has nic0=...". Kind usage.
result<void> check_fits(
    const SnapshotRecord& record, const Hardware& hardware, const std::string& file
);

}  // namespace rundown::guest
