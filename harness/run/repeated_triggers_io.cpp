// SPDX-License-Identifier: MIT
// The triggers that come again and again before the driver is stopped: unbound and bound, adapters
// disabled and enabled, links down and up.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "run/concurrent_io.hpp"
#include "run/scenario_run_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;
using oracle::CensusPoint;
using oracle::Step;

Awaitable<void> ScenarioRun::stop_in_the_end() {
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER, spec_.scenario.cycles));
    RUNDOWN_CO_TRY(co_await stop_service(Step::stop));
    co_return co_await mark(RD_MARK_SETTLED, spec_.scenario.cycles);
}

Awaitable<void> ScenarioRun::come_under_load_again() {
    if (!loaded()) {
        co_return result<void>{};
    }
    set_pace(wanted_pace());
    co_return co_await wait_until_in_flight();
}

Awaitable<void> ScenarioRun::rebind() {
    const auto bindings = co_await agent_->bindings(wait("the list of bindings"));
    RUNDOWN_CO_TRY(bindings);
    for (std::uint32_t cycle = 0; cycle < spec_.scenario.cycles; ++cycle) {
        context_.progress.status(fmt::format("cycle {} of {}", cycle + 1, spec_.scenario.cycles));
        RUNDOWN_CO_TRY(co_await unbind_and_bind(cycle, *bindings));
        RUNDOWN_CO_TRY(co_await come_under_load_again());
    }
    co_return co_await stop_in_the_end();
}

Awaitable<void> ScenarioRun::unbind_and_bind(
    std::uint32_t cycle, const std::vector<BindingState>& bindings
) {
    // Asked for behind the mark without waiting for its answer: under heavy load each takes
    // milliseconds.
    const auto executor = co_await asio::this_coro::executor;
    Concurrent<void> unbinding(executor, unbind_each(cycle, bindings));
    const auto marked = co_await mark(RD_MARK_TRIGGER, cycle);
    const auto unbound = co_await unbinding.finished();
    RUNDOWN_CO_TRY(marked);
    RUNDOWN_CO_TRY(unbound);
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_SETTLED, cycle));
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::cycle, cycle));
    co_return co_await bind_each(cycle, bindings);
}

Awaitable<void> ScenarioRun::unbind_each(
    std::uint32_t cycle, const std::vector<BindingState>& bindings
) {
    for (const auto& binding : bindings) {
        const auto unbound = keep(
            Step::unbind,
            cycle,
            co_await agent_->unbind(binding, wait("the unbind of " + binding.adapter))
        );
        RUNDOWN_CO_TRY(unbound);
    }
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::bind_each(
    std::uint32_t cycle, const std::vector<BindingState>& bindings
) {
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
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::disable_adapters() {
    const auto adapters = co_await agent_->adapters(wait("the list of adapters"));
    RUNDOWN_CO_TRY(adapters);
    std::vector<std::string> names;
    for (const auto& adapter : *adapters) {
        names.push_back(adapter.name);
    }
    for (std::uint32_t cycle = 0; cycle < spec_.scenario.cycles; ++cycle) {
        context_.progress.status(fmt::format("cycle {} of {}", cycle + 1, spec_.scenario.cycles));
        RUNDOWN_CO_TRY(co_await disable_and_enable(cycle, names));
        RUNDOWN_CO_TRY(co_await come_under_load_again());
    }
    co_return co_await stop_in_the_end();
}

/// NDIS unbinds what is bound to an adapter that is disabled, and binds it again when it is
/// enabled.
Awaitable<void> ScenarioRun::disable_and_enable(
    std::uint32_t cycle, const std::vector<std::string>& names
) {
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER, cycle));
    for (const auto& name : names) {
        const auto disabled = keep(
            Step::disable, cycle, co_await agent_->disable(name, wait(name + " to be disabled"))
        );
        RUNDOWN_CO_TRY(disabled);
        if (disabled->status != 0) {
            co_return fail(
                ErrorKind::refused,
                fmt::format("{} could not be disabled: {}", name, disabled->message)
            );
        }
    }
    const auto left = co_await agent_->bindings(wait("the list of bindings"));
    RUNDOWN_CO_TRY(left);
    if (!left->empty()) {
        co_return fail(
            ErrorKind::refused, "an adapter was disabled, and a binding to it is still there"
        );
    }
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_SETTLED, cycle));
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::cycle, cycle));
    for (const auto& name : names) {
        const auto enabled =
            keep(Step::enable, cycle, co_await agent_->enable(name, wait(name + " to be enabled")));
        RUNDOWN_CO_TRY(enabled);
        if (enabled->status != 0) {
            co_return fail(
                ErrorKind::refused,
                fmt::format("{} could not be enabled again: {}", name, enabled->message)
            );
        }
    }
    co_return co_await agent_->wait_for_bindings(wait("the adapters to be bound again"));
}

/// The last time the links go down as the driver is stopped, so that status indications meet
/// unbinds.
Awaitable<void> ScenarioRun::flap_links() {
    for (std::uint32_t cycle = 0; cycle < spec_.scenario.cycles; ++cycle) {
        context_.progress.status(fmt::format("cycle {} of {}", cycle + 1, spec_.scenario.cycles));
        for (const bool up : {false, true}) {
            RUNDOWN_CO_TRY(co_await set_links(up));
            RUNDOWN_CO_TRY(co_await wait_for_links(up));
        }
        RUNDOWN_CO_TRY(co_await come_under_load_again());
    }
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER, spec_.scenario.cycles));
    const auto executor = co_await asio::this_coro::executor;
    Concurrent<void> stop(executor, stop_service(Step::stop));
    const auto down = co_await set_links(false);
    const auto stopped = co_await stop.finished();
    RUNDOWN_CO_TRY(down);
    RUNDOWN_CO_TRY(stopped);
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_SETTLED, spec_.scenario.cycles));
    // Loaded again, the driver may find a link that is still on its way up.
    co_return co_await set_links(true);
}

Awaitable<void> ScenarioRun::set_links(bool up) {
    for (std::size_t nic = 0; nic < spec_.nics.size(); ++nic) {
        const auto command = fmt::format(
            R"({{"execute":"set_link","arguments":{{"name":"net{}","up":{}}}}})", nic, up
        );
        RUNDOWN_CO_TRY(co_await guest_->qmp(command, wait("QEMU to change the link")));
    }
    co_return result<void>{};
}

/// Until NDIS knows: a change that was changed back before the miniport saw it would be none.
Awaitable<void> ScenarioRun::wait_for_links(bool up) {
    const Deadline deadline =
        wait(fmt::format("the adapters to see their links {}", up ? "up" : "down"));
    for (;;) {
        const auto adapters = co_await agent_->adapters(deadline);
        RUNDOWN_CO_TRY(adapters);
        const bool all = std::all_of(adapters->begin(), adapters->end(), [up](const auto& adapter) {
            return adapter.link_up == up;
        });
        if (all) {
            co_return result<void>{};
        }
        co_await pause(kBetweenLooks);
    }
}

}  // namespace rundown::run
