// SPDX-License-Identifier: MIT
// The load under which the trigger comes: asked of the driver and of the NICs' far ends, and seen
// to be in flight by the driver's own counters before anything is triggered.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <utility>

#include "run/scenario_run_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;
using scenario::Load;

namespace {

constexpr std::uint32_t kOidThreads = 2;
constexpr std::uint32_t kHandles = 4;
constexpr std::uint32_t kSendsInFlight = 64;
constexpr std::uint32_t kHeldReceives = 8;

rd_p5_load load_of(Load load) {
    rd_p5_load wanted{};
    if (load == Load::light) {
        wanted.level = RD_P5_LOAD_LIGHT;
        wanted.oid_threads = 1;
        wanted.hold_receives = 1;
    } else if (load == Load::heavy) {
        wanted.level = RD_P5_LOAD_HEAVY;
        wanted.in_flight = kSendsInFlight;
        wanted.oid_threads = kOidThreads;
        wanted.hold_receives = kHeldReceives;
    }
    return wanted;
}

/// Is everything there that the load promises? Light: traffic both ways and requests have been
/// seen. Heavy: sends and kept receives on the way this moment, and requests besides.
bool in_flight(const rd_p5_counters& now, const rd_p5_counters& before, Load load) {
    const bool flows =
        now.sent > before.sent && now.received > before.received && now.requests > before.requests;
    const std::uint32_t others = now.bindings > 0 ? now.bindings - 1 : 0;
    return flows && (load == Load::light || (now.sends_in_flight > others * kSendsInFlight &&
                                             now.receives_held > others * kHeldReceives));
}

std::string words_for(const rd_p5_counters& now, const rd_p5_counters& before) {
    return fmt::format(
        "{} sent and {} in flight, {} received and {} kept, {} requests",
        now.sent - before.sent,
        now.sends_in_flight,
        now.received - before.received,
        now.receives_held,
        now.requests - before.requests
    );
}

}  // namespace

Awaitable<void> ScenarioRun::load() {
    enter(scenario::Phase::load, "bringing the load up");
    if (loaded()) {
        RUNDOWN_CO_TRY(co_await mark(RD_MARK_LOAD));
        RUNDOWN_CO_TRY(co_await set_driver_load());
        set_pace(wanted_pace());
        RUNDOWN_CO_TRY(co_await wait_until_in_flight());
        RUNDOWN_CO_TRY(co_await keep_load_for(Milliseconds(spec_.scenario.load_ms)));
    }
    co_return co_await hold();
}

/// A driver of somebody else's has no such device: it has the host's traffic to deal with, and what
/// it sends by itself.
Awaitable<void> ScenarioRun::set_driver_load() {
    const rd_p5_load load = load_of(spec_.load);
    const auto set = co_await agent_->set_load(load, wait("the driver's load to be set"));
    if (!set && set.error().kind == ErrorKind::refused) {
        driver_listens_ = false;
        co_return result<void>{};
    }
    RUNDOWN_CO_TRY(set);
    if (spec_.load != Load::heavy) {
        co_return result<void>{};
    }
    RUNDOWN_CO_TRY(co_await agent_->hold_request(1, wait("an OID request to be kept in flight")));
    handles_churn_ = true;
    co_return co_await agent_->churn_handles(
        kControlDevice, kHandles, wait("handles to be opened and closed")
    );
}

Awaitable<void> ScenarioRun::stop_handles() {
    if (!std::exchange(handles_churn_, false)) {
        co_return result<void>{};
    }
    co_return co_await agent_->churn_handles(kControlDevice, 0, wait("the handles to be closed"));
}

Awaitable<void> ScenarioRun::hold() {
    const auto& held = spec_.scenario.held;
    if (held.receives == 0 && held.requests == 0) {
        co_return result<void>{};
    }
    if (held.receives != 0) {
        RUNDOWN_CO_TRY(
            co_await agent_->hold_receives(held.receives, wait("received packets to be kept"))
        );
    }
    if (held.requests != 0) {
        RUNDOWN_CO_TRY(co_await agent_->hold_request(1, wait("an OID request to be kept in flight"))
        );
    }
    co_return co_await wait_until_held();
}

Awaitable<void> ScenarioRun::wait_until_held() {
    const auto& held = spec_.scenario.held;
    const Deadline deadline = wait("receives and requests to be held");
    for (;;) {
        const auto now = co_await agent_->counters(deadline);
        RUNDOWN_CO_TRY(now);
        if (now->receives_held >= held.receives * now->bindings &&
            now->requests_in_flight >= held.requests * now->bindings) {
            co_return result<void>{};
        }
        if (nearly_over(deadline)) {
            co_return fail(
                ErrorKind::refused,
                fmt::format(
                    "{} receives and {} requests were held in time on {} bindings, not {} and {} "
                    "on "
                    "each",
                    now->receives_held,
                    now->requests_in_flight,
                    now->bindings,
                    held.receives,
                    held.requests
                )
            );
        }
        co_await pause(kBetweenLooks);
    }
}

Awaitable<void> ScenarioRun::wait_until_in_flight() {
    if (!driver_listens_) {
        co_return result<void>{};
    }
    // Heavy load is looked at as it is this moment; of light load something has to have come since
    // now.
    if (!seen_in_flight_ || spec_.load == Load::light) {
        auto before = co_await agent_->counters(wait("the driver's counters"));
        RUNDOWN_CO_TRY(before);
        seen_in_flight_ = *before;
    }
    const rd_p5_counters before = *seen_in_flight_;
    const Deadline deadline = wait("the load to be in flight");
    for (;;) {
        const auto now = co_await agent_->counters(deadline);
        RUNDOWN_CO_TRY(now);
        if (in_flight(*now, before, spec_.load)) {
            seen_in_flight_ = *now;
            co_return result<void>{};
        }
        if (nearly_over(deadline)) {
            co_return fail(
                ErrorKind::refused,
                fmt::format(
                    "load '{}' was not in flight in time: {}",
                    to_string(spec_.load),
                    words_for(*now, before)
                )
            );
        }
        co_await pause(kBetweenLooks);
    }
}

/// Looks at the counters to the end: they are the driver's figures at the trigger.
Awaitable<void> ScenarioRun::keep_load_for(Milliseconds time) {
    const Milliseconds until = elapsed() + time;
    do {
        co_await pause(kBetweenLooks);
        if (!driver_listens_) {
            RUNDOWN_CO_TRY(co_await agent_->bindings(wait("the list of bindings")));
            continue;
        }
        const auto now = co_await agent_->counters(wait("the driver's counters"));
        RUNDOWN_CO_TRY(now);
        record_.counters = oracle::DriverCounters{
            now->sent, now->send_failures, now->received, now->receive_bad, now->requests};
    } while (elapsed() < until);
    co_return result<void>{};
}

}  // namespace rundown::run
