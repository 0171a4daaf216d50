// SPDX-License-Identifier: MIT
// run/provocation.hpp
//
// How a race is provoked in a guest whose scheduler is not ours: the test driver held at named sync
// points, the trigger delayed by microseconds that a sweep goes through repetition by repetition,
// virtual processors slowed down. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "scenario/scenario.hpp"
#include "scenario/sync_points.hpp"

namespace rundown::run {

/// What one run is provoked with; all of it is in its report and in the command that repeats it.
struct Provocation {
    std::vector<scenario::Hold> holds;      // Of the scenario, then of --hold.
    std::vector<scenario::Hold> asked_for;  // Those of --hold alone.
    std::optional<std::uint32_t> delay_us;  // Between the load in flight and the trigger.
    std::uint32_t throttle_percent = 0;     // Of each virtual processor's time; 0: none.
};

/// The same for all repetitions of an invocation.
struct Provocations {
    std::vector<scenario::Hold> holds;
    std::vector<std::uint32_t> delays_us;  // Of the sweep, in order; empty: none.
    std::uint32_t throttle_percent = 0;

    /// Is anything of it measured in the host's time?
    bool timed_by_the_host() const { return !delays_us.empty() || throttle_percent != 0; }
    /// How often each run is done: once a step of a sweep at least.
    std::uint32_t repetitions(std::uint32_t asked_for) const;
    Provocation of_repetition(std::uint32_t repetition, const scenario::Scenario& scenario) const;
};

/// "0..500/11": the 11 delays 0, 50, ... 500 in microseconds. Fails (usage) saying how it is
/// written.
result<std::vector<std::uint32_t>> sweep_from(const std::string& text);

/// All of the command line's; `delay_us`: of --delay. Fails (usage) naming the option.
result<Provocations> provocations_from(
    const std::vector<std::string>& holds,
    const std::string& sweep,
    std::optional<std::uint32_t> delay_us,
    std::uint32_t throttle_percent
);

/// " --hold in-unload:200 --delay 50 --throttle 30", as it is typed again; empty: nothing.
std::string as_typed(const Provocation& provocation);

}  // namespace rundown::run
