// SPDX-License-Identifier: MIT
// run/evidence.hpp
//
// The directory a run leaves on disk, and the names in it. Created before the guest is, so that a
// run that goes wrong in any way has a place to say so.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace rundown::run {

/// Names inside a run's directory. Everything else finds them here.
struct EvidencePaths {
    explicit EvidencePaths(std::string run_directory) : directory(std::move(run_directory)) {}

    std::string directory;
    std::string trace() const { return directory + "/trace.bin"; }
    std::string record() const { return directory + "/record.json"; }
    std::string report() const { return directory + "/report.json"; }
    std::string debug_log() const { return directory + "/debug-console.log"; }
    std::string qmp_log() const { return directory + "/qmp-events.jsonl"; }
    std::string com2_log() const { return directory + "/com2.log"; }
    std::string screenshot() const { return directory + "/screen.png"; }
    std::string dump() const { return directory + "/guest.dump"; }
    std::string rpc_log() const { return directory + "/rpc.log"; }
    std::string domain_xml() const { return directory + "/domain.xml"; }
    std::string qemu_log() const { return directory + "/qemu.log"; }
    std::string scenario() const { return directory + "/scenario.toml"; }
    std::string capture(std::size_t nic) const {
        return directory + "/nic" + std::to_string(nic) + ".pcap";
    }

    /// Kind -> path of those that exist now.
    std::map<std::string, std::string> existing(std::size_t nic_count) const;

    /// The first file that a run with a guest always leaves and that is not there; nothing when all
    /// are. `nic_count`: of those that were connected.
    std::optional<Error> removed(std::size_t nic_count) const;
};

/// Makes <out>/<started>-<four hex digits> for an invocation. Fails (environment) naming the
/// directory and the reason.
result<std::string> make_invocation_directory(const std::string& out, const std::string& started);

/// Makes a run's directory inside it.
result<EvidencePaths> make_run_directory(const std::string& invocation, const std::string& run_id);

/// Reads a whole file; the error names it.
result<std::string> read_file(const std::string& path);

/// Now, as "2026-01-31T23-59-58Z" (fit for a file name).
std::string timestamp_now();

}  // namespace rundown::run
