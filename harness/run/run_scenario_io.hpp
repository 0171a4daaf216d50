// SPDX-License-Identifier: MIT
// run/run_scenario_io.hpp
//
// One run: a guest booted, a driver torn down in it, and everything that was seen on the way, as
// the record that the oracle judges. With Asio.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_request.hpp"
#include "guest/hypervisor_io.hpp"
#include "guest/spec.hpp"
#include "oracle/run_record.hpp"
#include "report/progress.hpp"
#include "run/assets.hpp"
#include "run/driver_file.hpp"
#include "run/evidence.hpp"
#include "run/guest_home_io.hpp"
#include "run/plan.hpp"

namespace rundown::run {

/// What the runs of an invocation share.
struct RunContext {
    guest::Hypervisor& hypervisor;
    guest::Accelerator accelerator;
    const Assets& assets;
    const DriverFile& driver;
    const GuestHome& home;
    report::Progress& progress;
    StopRequest& stop;
};

struct RunOutcome {
    oracle::RunRecord record;
    std::map<std::string, std::int64_t> timings_ms;  // Per phase, and "total".
    std::uint64_t frames_not_captured = 0;           // Beyond the captures' bound.
    std::string trace_hash;                          // Of a deterministic run.
    bool guest_started = false;
    std::vector<std::uint32_t> operations;  // Of the agent's hello; empty: it said none.
    std::optional<std::string> skipped;     // Why it cannot be had, once the agent had said so.
    std::map<std::string, std::string> artifacts;   // What this sort of guest left besides.
    std::optional<std::uint64_t> trigger_delay_us;  // As it came out, of a run with one.
};

/// Runs `spec` to its end, however that comes, and leaves nothing running. Whatever goes wrong is
/// in the record; the evidence is in `evidence`.
boost::asio::awaitable<RunOutcome> run_scenario(
    RunContext& context, const RunSpec& spec, const EvidencePaths& evidence
);

}  // namespace rundown::run
