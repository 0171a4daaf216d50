// SPDX-License-Identifier: MIT
// What tears the driver down: one function per trigger of SCENARIO_FORMAT.md.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include "run/scenario_run_io.hpp"

namespace rundown::run {

using oracle::CensusPoint;
using oracle::Step;
using scenario::Trigger;

Awaitable<void> ScenarioRun::trigger() {
    enter(scenario::Phase::trigger, fmt::format("trigger: {}", to_string(spec_.scenario.trigger)));
    switch (spec_.scenario.trigger) {
        case Trigger::unload:
            co_return co_await unload();
        case Trigger::unbind_all:
            co_return co_await unbind_all();
        case Trigger::deregister:
            co_return co_await deregister();
        case Trigger::power_off:
            co_return co_await power_off();
        case Trigger::rebind:
            co_return co_await rebind();
        case Trigger::invalid:
            break;
    }
    co_return fail(ErrorKind::internal, "a scenario without a trigger came to be run");
}

Awaitable<void> ScenarioRun::stop_service(Step step) {
    const auto stopped = keep(step, 0, co_await agent_->stop_driver(wait("the driver to stop")));
    RUNDOWN_CO_TRY(stopped);
    stopped_cleanly_ = stopped->status == 0;
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::unload() {
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    RUNDOWN_CO_TRY(co_await stop_service(Step::stop));
    co_return co_await mark(RD_MARK_SETTLED);
}

Awaitable<void> ScenarioRun::unbind_all() {
    const auto bindings = co_await agent_->bindings(wait("the list of bindings"));
    RUNDOWN_CO_TRY(bindings);
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    for (const auto& binding : *bindings) {
        const auto unbound = keep(
            Step::unbind,
            0,
            co_await agent_->unbind(binding, wait("the unbind of " + binding.adapter))
        );
        RUNDOWN_CO_TRY(unbound);
    }
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_SETTLED));
    co_return co_await stop_service(Step::stop);
}

Awaitable<void> ScenarioRun::deregister() {
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    const auto deregistered = keep(
        Step::deregister, 0, co_await agent_->deregister(wait("NdisDeregisterProtocol to return"))
    );
    RUNDOWN_CO_TRY(deregistered);
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_SETTLED));
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::deregistered));
    co_return co_await stop_service(Step::stop);
}

Awaitable<void> ScenarioRun::power_off() {
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    power_off_expected_ = true;
    const auto answered =
        keep(Step::power_off, 0, co_await agent_->power_off(wait("the guest to take the order")));
    RUNDOWN_CO_TRY(answered);
    if (answered->status != 0) {
        co_return fail(ErrorKind::refused, "the guest does not power off: " + answered->message);
    }
    const auto ended = co_await guest_->ended(wait("the guest to power itself off"));
    RUNDOWN_CO_TRY(ended);
    if (*ended != guest::GuestEnd::powered_off) {
        co_return fail(ErrorKind::lost_contact, "the guest ended otherwise than by powering off");
    }
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::rebind() {
    const auto bindings = co_await agent_->bindings(wait("the list of bindings"));
    RUNDOWN_CO_TRY(bindings);
    for (std::uint32_t cycle = 0; cycle < spec_.scenario.cycles; ++cycle) {
        context_.progress.status(fmt::format("cycle {} of {}", cycle + 1, spec_.scenario.cycles));
        RUNDOWN_CO_TRY(co_await one_cycle(cycle, *bindings));
    }
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER, spec_.scenario.cycles));
    RUNDOWN_CO_TRY(co_await stop_service(Step::stop));
    co_return co_await mark(RD_MARK_SETTLED, spec_.scenario.cycles);
}

/// Unbound and bound again, with the load in flight before the next one may come.
Awaitable<void> ScenarioRun::one_cycle(
    std::uint32_t cycle, const std::vector<BindingState>& bindings
) {
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER, cycle));
    for (const auto& binding : bindings) {
        const auto unbound = keep(
            Step::unbind,
            cycle,
            co_await agent_->unbind(binding, wait("the unbind of " + binding.adapter))
        );
        RUNDOWN_CO_TRY(unbound);
    }
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_SETTLED, cycle));
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::cycle, cycle));
    for (const auto& binding : bindings) {
        const auto bound = keep(
            Step::bind,
            cycle,
            co_await agent_->bind(binding, wait("the bind of " + binding.adapter))
        );
        RUNDOWN_CO_TRY(bound);
        if (bound->status != 0) {
            co_return fail(
                ErrorKind::refused,
                fmt::format("{} could not be bound again: {}", binding.adapter, bound->message)
            );
        }
    }
    if (loaded()) {
        co_return co_await wait_until_in_flight();
    }
    co_return result<void>{};
}

}  // namespace rundown::run
