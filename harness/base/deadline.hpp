// SPDX-License-Identifier: MIT
// base/deadline.hpp
//
// A moment by which something must have happened, and its name. Passed down by value: a callee gets
// what is left of its caller's time (`within`), never a fresh allowance of its own. Pure; the timer
// that enforces it is the caller's.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace rundown {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

class Deadline {
  public:
    /// A deadline `allowance` after `now`; `waiting_for` completes "gave up waiting for ...".
    Deadline(TimePoint now, Milliseconds allowance, std::string waiting_for)
        : at_(now + allowance), allowance_(allowance), waiting_for_(std::move(waiting_for)) {}

    static Deadline in(Milliseconds allowance, std::string waiting_for) {
        return Deadline(Clock::now(), allowance, std::move(waiting_for));
    }

    /// The same wait seen more closely, with at most `allowance` of what is left.
    Deadline within(TimePoint now, Milliseconds allowance, std::string waiting_for) const {
        Deadline inner(now, allowance, std::move(waiting_for));
        inner.at_ = std::min(inner.at_, at_);
        return inner;
    }

    TimePoint at() const { return at_; }
    bool passed(TimePoint now) const { return now >= at_; }
    Milliseconds left(TimePoint now) const {
        return std::max(Milliseconds(0), std::chrono::duration_cast<Milliseconds>(at_ - now));
    }
    const std::string& waiting_for() const { return waiting_for_; }

    /// The error of having waited in vain.
    Error expired() const {
        return fail(
            ErrorKind::timeout,
            "gave up waiting for " + waiting_for_ + " after " + std::to_string(allowance_.count()) +
                " ms"
        );
    }

  private:
    TimePoint at_;
    Milliseconds allowance_;
    std::string waiting_for_;
};

}  // namespace rundown
