// SPDX-License-Identifier: MIT
// run/phases.hpp
//
// Where a run is: the phase, since when, its deadline, how long the earlier ones took. Pure; time
// comes in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "base/deadline.hpp"
#include "scenario/scenario.hpp"

namespace rundown::run {

class Phases {
  public:
    /// `patience`: waits take so many times the scenario's deadlines; the deadlines of a
    /// deterministic run are in guest time, and those here only a net below them.
    /// `boot_at_least`: guests that boot a whole system take longer than any scenario says.
    Phases(
        const scenario::Scenario& scenario,
        TimePoint now,
        int patience = 1,
        Milliseconds boot_at_least = Milliseconds(0)
    )
        : scenario_(scenario), start_(now), patience_(patience), boot_at_least_(boot_at_least) {}

    /// Leaves the current phase and enters `phase`.
    void enter(scenario::Phase phase, TimePoint now) {
        leave(now);
        phase_ = phase;
        entered_ = now;
    }

    /// Ends the current phase; its time counts from then on.
    void leave(TimePoint now) {
        if (phase_ != scenario::Phase::invalid) {
            took_[phase_] += std::chrono::duration_cast<Milliseconds>(now - entered_);
            phase_ = scenario::Phase::invalid;
        }
    }

    scenario::Phase phase() const { return phase_; }

    /// How long the current phase may take in all.
    Milliseconds allowance() const {
        const Milliseconds own = scenario_.deadline(phase_) * patience_;
        return phase_ == scenario::Phase::boot ? std::max(own, boot_at_least_) : own;
    }

    /// The deadline of a wait inside the current phase: never later than the phase's own.
    Deadline deadline(const std::string& waiting_for) const {
        const std::string phase(to_string(phase_));
        return Deadline(entered_, allowance(), waiting_for + " (phase " + phase + ")");
    }

    /// Milliseconds per phase, and "total" since the start.
    std::map<std::string, std::int64_t> timings(TimePoint now) const {
        std::map<std::string, std::int64_t> timings;
        for (const auto& [phase, time] : took_) {
            timings.emplace(to_string(phase), time.count());
        }
        timings["total"] = std::chrono::duration_cast<Milliseconds>(now - start_).count();
        return timings;
    }

  private:
    const scenario::Scenario& scenario_;
    TimePoint start_;
    int patience_;
    Milliseconds boot_at_least_;
    TimePoint entered_{};
    scenario::Phase phase_ = scenario::Phase::invalid;
    std::map<scenario::Phase, Milliseconds> took_;
};

}  // namespace rundown::run
