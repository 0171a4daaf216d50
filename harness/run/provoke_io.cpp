// SPDX-License-Identifier: MIT
// Races provoked: sync points armed in the test driver, the trigger delayed by microseconds,
// virtual processors slowed down.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "guest/throttle_io.hpp"
#include "run/scenario_run_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

/// A timer comes late by some hundred microseconds; the rest of the delay is spent looking at the
/// clock.
constexpr microseconds kTimerLate{500};

rd_p5_sync_hold armed(const scenario::Hold& hold) {
    rd_p5_sync_hold wanted{};
    wanted.point = hold.point;
    wanted.mode = hold.us != 0 ? RD_P5_SYNC_DELAYS : RD_P5_SYNC_HOLDS;
    wanted.arrivals = hold.arrivals;
    wanted.max_ms = hold.ms != 0 ? hold.ms : 1;
    wanted.delay_us = hold.us != 0 ? hold.us : 1;
    return wanted;
}

/// Takes `percent` of its time from each virtual processor.
Awaitable<void> throttle(guest::Guest& guest, unsigned percent, const Deadline& deadline) {
    for (std::size_t i = 0; i < guest.spec().processors; ++i) {
        guest::VcpuThrottle wanted;
        wanted.processor = i;
        wanted.percent = 100 - percent;
        RUNDOWN_CO_TRY(co_await guest::set_throttle(guest, wanted, deadline));
    }
    co_return result<void>{};
}

}  // namespace

Awaitable<void> ScenarioRun::provoke() {
    const Provocation& provocation = spec_.provocation;
    for (const auto& hold : provocation.holds) {
        if (!record_.held_points) {
            record_.held_points.emplace();
        }
        const auto set = co_await agent_->hold_at(armed(hold), wait("a sync point to be armed"));
        RUNDOWN_CO_TRY(set);
        record_.held_points->push_back(
            {std::string(scenario::sync_point_name(hold.point)), hold.point}
        );
    }
    if (provocation.throttle_percent != 0) {
        const Deadline deadline = wait("the processors to be slowed down");
        RUNDOWN_CO_TRY(co_await throttle(*guest_, provocation.throttle_percent, deadline));
    }
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::delay_the_trigger() {
    if (!spec_.provocation.delay_us || outcome_.trigger_delay_us) {
        co_return result<void>{};  // Once a run: the first trigger of those that repeat.
    }
    const auto from = Clock::now();
    const microseconds wanted(*spec_.provocation.delay_us);
    if (wanted > kTimerLate) {
        asio::steady_timer timer(co_await asio::this_coro::executor, wanted - kTimerLate);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    while (Clock::now() - from < wanted) {
    }
    outcome_.trigger_delay_us =
        static_cast<std::uint64_t>(duration_cast<microseconds>(Clock::now() - from).count());
    co_return result<void>{};
}

}  // namespace rundown::run
