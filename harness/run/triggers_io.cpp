// SPDX-License-Identifier: MIT
// What tears the driver down: one function per trigger of SCENARIO_FORMAT.md.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "run/concurrent_io.hpp"
#include "run/scenario_run_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;
using oracle::CensusPoint;
using oracle::Step;
using scenario::Trigger;

namespace {

/// Long enough for a system that does not wait for handles to have called Unload.
constexpr Milliseconds kHandlesStayOpen{100};

}  // namespace

Awaitable<void> ScenarioRun::trigger() {
    enter(scenario::Phase::trigger, fmt::format("trigger: {}", to_string(spec_.scenario.trigger)));
    switch (spec_.scenario.trigger) {
        case Trigger::unload:
            if (spec_.scenario.held.handles != 0) {
                co_return co_await unload_with_open_handles();
            }
            co_return co_await unload();
        case Trigger::unbind_all:
            co_return co_await unbind_all();
        case Trigger::deregister:
            co_return co_await deregister();
        case Trigger::power_off:
        case Trigger::reboot:
            co_return co_await end_guest();
        case Trigger::rebind:
            co_return co_await rebind();
        case Trigger::adapter_disable:
            co_return co_await disable_adapters();
        case Trigger::removal:
        case Trigger::surprise_removal:
            co_return co_await remove_devices();
        case Trigger::link_flap:
            co_return co_await flap_links();
        case Trigger::invalid:
            break;
    }
    co_return fail(ErrorKind::internal, "a scenario without a trigger came to be run");
}

Awaitable<void> ScenarioRun::stop_service(Step step) {
    const auto stopped = keep(step, 0, co_await agent_->stop_driver(wait("the driver to stop")));
    RUNDOWN_CO_TRY(stopped);
    stopped_cleanly_ = stopped->status == 0;
    driver_loaded_ = !stopped_cleanly_;
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::unload() {
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    RUNDOWN_CO_TRY(co_await stop_service(Step::stop));
    co_return co_await mark(RD_MARK_SETTLED);
}

/// The stop is asked for with handles open to the driver's device: Unload may not be called before
/// the last of them is closed, which the rules see in the trace.
Awaitable<void> ScenarioRun::unload_with_open_handles() {
    std::vector<std::uint64_t> handles;
    RUNDOWN_CO_TRY(co_await open_handles(handles));
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    const auto executor = co_await asio::this_coro::executor;
    Concurrent<void> stop(executor, stop_service(Step::stop));
    co_await pause(kHandlesStayOpen);
    auto closed = co_await close_handles(handles);
    const auto stopped = co_await stop.finished();
    RUNDOWN_CO_TRY(closed);
    RUNDOWN_CO_TRY(stopped);
    co_return co_await mark(RD_MARK_SETTLED);
}

Awaitable<void> ScenarioRun::open_handles(std::vector<std::uint64_t>& handles) {
    while (handles.size() < spec_.scenario.held.handles) {
        const auto handle =
            co_await agent_->open_handle(kControlDevice, wait("a handle to be opened"));
        RUNDOWN_CO_TRY(handle);
        record_.answers.push_back({Step::open_handle, 0, 0, {}});
        handles.push_back(*handle);
    }
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::close_handles(const std::vector<std::uint64_t>& handles) {
    for (const std::uint64_t handle : handles) {
        const auto closed = keep(
            Step::close_handle,
            0,
            co_await agent_->close_handle(handle, wait("a handle to be closed"))
        );
        RUNDOWN_CO_TRY(closed);
    }
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::unbind_all() {
    const auto bindings = co_await agent_->bindings(wait("the list of bindings"));
    RUNDOWN_CO_TRY(bindings);
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    RUNDOWN_CO_TRY(co_await unbind_each(0, *bindings));
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
    RUNDOWN_CO_TRY(co_await stop_handles());
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::deregistered));
    co_return co_await stop_service(Step::stop);
}

/// Power-off or reboot. Which of them it was, QEMU says: a reset is not taken for a power-off.
Awaitable<void> ScenarioRun::end_guest() {
    const bool reboot = spec_.scenario.trigger == Trigger::reboot;
    const std::string wanted = reboot ? "reset" : "power off";
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    power_off_expected_ = true;
    const Deadline order = wait("the guest to take the order");
    auto answer = reboot ? agent_->reboot(order) : agent_->power_off(order);
    const auto answered =
        keep(reboot ? Step::reboot : Step::power_off, 0, co_await std::move(answer));
    RUNDOWN_CO_TRY(answered);
    if (answered->status != 0) {
        co_return fail(
            ErrorKind::refused, fmt::format("the guest does not {}: {}", wanted, answered->message)
        );
    }
    const auto ended = co_await guest_->ended(wait(fmt::format("the guest to {} itself", wanted)));
    RUNDOWN_CO_TRY(ended);
    if (*ended != guest::GuestEnd::powered_off || saw_reset_ != reboot) {
        co_return fail(
            ErrorKind::lost_contact,
            fmt::format("the guest was to {} itself, and ended otherwise", wanted)
        );
    }
    co_return result<void>{};
}

/// The devices go while the driver is bound and under load: asked for all at once, told by QEMU one
/// by one. NDIS unbinds; the driver is stopped when no binding is left.
Awaitable<void> ScenarioRun::remove_devices() {
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_TRIGGER));
    for (std::size_t nic = 0; nic < spec_.nics.size(); ++nic) {
        const auto command =
            fmt::format(R"({{"execute":"device_del","arguments":{{"id":"net{}"}}}})", nic);
        RUNDOWN_CO_TRY(co_await guest_->qmp(command, wait("QEMU to take the device away")));
    }
    for (std::size_t nic = 0; nic < spec_.nics.size(); ++nic) {
        RUNDOWN_CO_TRY(co_await wait_until_removed(fmt::format("net{}", nic)));
    }
    RUNDOWN_CO_TRY(co_await wait_until_unbound());
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_SETTLED));
    co_return co_await stop_service(Step::stop);
}

Awaitable<void> ScenarioRun::wait_until_removed(const std::string& device) {
    const Deadline deadline = wait(fmt::format("the guest to let go of device {}", device));
    while (!removed_.contains(device)) {
        if (deadline.passed(Clock::now())) {
            co_return deadline.expired();
        }
        if (guest_->end() != guest::GuestEnd::none) {
            co_return fail(ErrorKind::lost_contact, "the guest ended as its devices were removed");
        }
        co_await pause(kBetweenLooks);
    }
    record_.answers.push_back({Step::remove, 0, 0, device});
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::wait_until_unbound() {
    const Deadline deadline = wait("the bindings of the devices that are gone to be unbound");
    for (;;) {
        const auto bindings = co_await agent_->bindings(deadline);
        RUNDOWN_CO_TRY(bindings);
        if (bindings->empty()) {
            co_return result<void>{};
        }
        co_await pause(kBetweenLooks);
    }
}

}  // namespace rundown::run
