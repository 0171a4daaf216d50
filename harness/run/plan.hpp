// SPDX-License-Identifier: MIT
// run/plan.hpp
//
// From what the person asked for to the list of single runs: scenario x NIC set x load x
// repetition. Pure; all complaints about the command line's meaning are made here, before anything
// boots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
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
    std::uint32_t seed = 0;      // Repetition i runs with seed + i.
    bool deterministic = false;  // The same seed gives the same trace.
    bool serial_only = false;    // The RPC stays on COM1, whatever the guest offers.
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
};

/// The runs in the order they will happen. A scenario without NICs runs once, whatever the NIC sets
/// are. Fails (usage) naming the option and the choices.
result<std::vector<RunSpec>> plan(
    const Request& request, const std::vector<scenario::Scenario>& catalogue
);

}  // namespace rundown::run
