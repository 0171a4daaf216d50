// SPDX-License-Identifier: MIT
// guest/qmp_replies.hpp
//
// QMP commands as text, and QEMU's replies as types. Pure. A reply that is not what QEMU documents
// is an error of kind hypervisor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace rundown::guest {

/// What the guest did with a drive since it was started.
struct DriveStatistics {
    std::string id;  // disk_id(0), cdrom_id(0), ...
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t reads = 0;  // Operations.
    std::uint64_t writes = 0;
    bool operator==(const DriveStatistics&) const = default;
};

/// Of query-blockstats; drives without an id of ours are left out.
result<std::vector<DriveStatistics>> parse_drive_statistics(std::string_view reply);

/// Of query-cpus-fast, in the order of the processors' indices.
result<std::vector<int>> parse_processor_threads(std::string_view reply);

/// A step of something that QEMU does in the background: query-migrate.
enum class BackgroundState {
    running,
    completed,
    failed,
};
struct BackgroundWork {
    BackgroundState state = BackgroundState::running;
    std::string words;  // QEMU's, when it failed and said why.
};
result<BackgroundWork> parse_migration_progress(std::string_view reply);

/// Of query-status: "running", "paused", "guest-panicked", "inmigrate", ...
result<std::string> parse_run_state(std::string_view reply);

/// Keys that type `c` on a US keyboard, QEMU's names; empty: there are none.
std::vector<std::string> keys_of(char c);

/// {"execute":`name`,"arguments":{...}}; the members' values are JSON already.
std::string qmp_command(
    std::string_view name, std::initializer_list<std::pair<std::string_view, std::string>> arguments
);
/// Without arguments. Apart, because no initializer list may stand in a co_await expression.
std::string qmp_command(std::string_view name);
/// A JSON string.
std::string json_text(std::string_view text);

}  // namespace rundown::guest
