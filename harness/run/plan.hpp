// SPDX-License-Identifier: MIT
// run/plan.hpp
//
// From what the person asked for to the list of single runs: scenario x NIC set x load x
// repetition, and to the list of those that the guest cannot be asked for, each with why. Pure; all
// complaints about the command line's meaning are made here, before anything boots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "report/run_report.hpp"
#include "run/capabilities.hpp"
#include "run/provocation.hpp"
#include "scenario/scenario.hpp"

namespace rundown::run {

/// What `rundown run` was asked for. Texts as typed; plan() judges them.
struct Request {
    std::vector<std::string> scenarios;  // Names; empty with all == true.
    bool all = false;
    std::string guest = "reference";
    std::string nic_sets = "e1000,virtio-net";  // Sets by ',', models of one guest by '+'; "mixed".
    std::string ndis = "5.1";
    std::optional<std::string> load;  // By ',', or "all"; absent: each scenario's own.
    std::uint32_t repeat = 1;
    std::uint32_t seed = 0;          // Repetition i runs with seed + i.
    bool deterministic = false;      // The same seed gives the same trace.
    bool serial_only = false;        // The RPC stays on COM1, whatever the guest offers.
    bool no_window = false;          // The trace stays in the driver's ring, and comes by RPC.
    std::vector<std::string> holds;  // --hold POINT[:ms], as typed.
    std::string sweep;               // --sweep FROM..TO/STEPS, as typed; empty: none.
    std::optional<std::uint32_t> delay_us;  // --delay: the one delay of a sweep, again.
    std::uint32_t throttle_percent = 0;     // --throttle: taken from each virtual processor.
};

/// One boot of one guest through one scenario.
struct RunSpec {
    scenario::Scenario scenario;
    std::string guest;
    std::vector<std::string> nics;  // Model of each NIC: "e1000", "virtio-net".
    std::string ndis;
    scenario::Load load = scenario::Load::invalid;
    std::uint32_t seed = 0;
    std::uint32_t repetition = 0;  // From 0.
    std::string id;                // Unique within the plan and fit for a file name.
    bool deterministic = false;    // See run/deterministic_meetings_io.hpp.
    bool serial_only = false;
    bool no_window = false;
    Provocation provocation;  // Holds, delay and throttle.
};

struct Planned {
    std::vector<RunSpec> runs;                // In the order they will happen.
    std::vector<report::SkippedRun> skipped;  // What this guest cannot be asked for, and why.
};

/// A scenario without NICs runs once, whatever the NIC sets are. Repetitions of one that is skipped
/// are told once. Fails (usage) naming the option and the choices.
result<Planned> plan(
    const Request& request,
    const std::vector<scenario::Scenario>& catalogue,
    const GuestCapabilities& guest
);

/// A run that turned out to be impossible once the agent had said what it performs.
report::SkippedRun skipped(const RunSpec& spec, const std::string& why);

}  // namespace rundown::run
