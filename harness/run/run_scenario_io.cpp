// SPDX-License-Identifier: MIT
// The road of one run, as in the README at the top of the repository.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "run/run_scenario_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>

#include "run/deterministic_guest.hpp"
#include "run/guest_spec.hpp"
#include "run/record_of_plan.hpp"
#include "run/scenario_run_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;
using oracle::CensusPoint;
using oracle::Step;
using scenario::Phase;

namespace {

/// A system that boots for half a minute finds what was sent meanwhile in its line: as little as
/// can be. Its agent says hello unasked when it is up.
constexpr Milliseconds kAskSlowly{5000};

int patience_of(const RunContext& context, const RunSpec& spec) {
    return spec.deterministic ? kDeterministicPatience : patience_with(context.home.choice.family);
}

}  // namespace

ScenarioRun::ScenarioRun(RunContext& context, const RunSpec& spec, const EvidencePaths& evidence)
    : context_(context),
      spec_(spec),
      evidence_(evidence),
      started_(Clock::now()),
      phases_(
          spec.scenario, started_, patience_of(context, spec), boot_time_max(context.home.choice)
      ),
      record_(outcome_.record) {
    record_ = record_of(spec, context.driver);
}

asio::awaitable<RunOutcome> ScenarioRun::go() {
    context_.stop.on_request([this] { interrupt(); });
    silence_.emplace(co_await asio::this_coro::executor);
    const auto travelled = co_await travel();
    if (!travelled) {
        co_await blame(travelled.error());
    }
    co_await finish();
    context_.stop.on_request(nullptr);
    phases_.leave(Clock::now());
    outcome_.timings_ms = phases_.timings(Clock::now());
    co_return std::move(outcome_);
}

Awaitable<void> ScenarioRun::travel() {
    RUNDOWN_CO_TRY(co_await boot());
    if (outcome_.skipped) {
        co_return result<void>{};
    }
    RUNDOWN_CO_TRY(co_await deploy());
    RUNDOWN_CO_TRY(co_await bind());
    RUNDOWN_CO_TRY(co_await load());
    RUNDOWN_CO_TRY(co_await provoke());
    RUNDOWN_CO_TRY(co_await trigger());
    if (scenario::ends_guest(spec_.scenario.trigger)) {
        co_return result<void>{};  // There is nobody left to ask.
    }
    RUNDOWN_CO_TRY(co_await settle());
    RUNDOWN_CO_TRY(co_await reload());
    RUNDOWN_CO_TRY(co_await say_end());
    co_return co_await collect_trace();
}

Awaitable<void> ScenarioRun::boot() {
    enter(Phase::boot, "booting");
    const auto files = co_await prepare_machine();
    RUNDOWN_CO_TRY(files);
    auto spec = spec_of_run(context_.home, context_.assets, context_.accelerator, spec_, *files);
    auto guest = co_await guest::Guest::start(
        context_.hypervisor, std::move(spec), wait("the guest to start and connect")
    );
    if (!guest) {
        co_return guest.error();
    }
    guest_ = std::move(*guest);
    outcome_.guest_started = true;
    if (!spec_.no_window) {
        auto window = TraceWindow::open(guest_->trace_window());
        if (!window) {
            co_return window.error();
        }
        window_ = std::move(*window);
    }
    RUNDOWN_CO_TRY(start_peers());
    RUNDOWN_CO_TRY(open_debug_line());
    rpc::ClientOptions options{evidence_.rpc_log(), spec_.seed};
    if (!spec_.no_window && !spec_.serial_only) {
        const auto line = open_line(guest_->trace_window());
        RUNDOWN_CO_TRY(line);
        options.memory = *line;
    }
    if (context_.home.choice.family != GuestFamily::reference) {
        options.ask_again_after = kAskSlowly;
    }
    if (spec_.deterministic) {
        RUNDOWN_CO_TRY(co_await open_meetings());
        make_deterministic(options);
    }
    client_ = std::make_unique<rpc::Client>(std::move(guest_->serial()), std::move(options));
    client_->on_event([this](const rpc::Event& event) {
        if (event.has_bug_check()) {
            const auto& told = event.bug_check();
            record_.bug_check = oracle::BugCheck{told.code(), {}, told.module(), told.offset()};
            for (int i = 0; i < std::min(told.parameter_size(), 4); ++i) {
                record_.bug_check->parameter[static_cast<std::size_t>(i)] = told.parameter(i);
            }
        }
    });
    agent_.emplace(*client_);
    guest_->on_event([this](const guest::GuestEvent& event) { on_guest_event(event); });
    if (guest_->end() != guest::GuestEnd::none || context_.stop.requested()) {
        interrupt();  // It happened before anybody listened.
    }
    if (meetings_) {
        RUNDOWN_CO_TRY(co_await begin_meetings());
    }
    auto hello = co_await client_->open(wait("the agent's hello"));
    RUNDOWN_CO_TRY(hello);
    hello_ = std::move(*hello);
    co_return hear_of_the_guest();
}

/// Until every NIC is there as an adapter: a system that meets one for the first time installs its
/// driver while its agent answers already.
Awaitable<void> ScenarioRun::wait_for_adapters() {
    const Deadline deadline = wait("the guest to start an adapter on every NIC");
    for (;;) {
        const auto adapters = co_await agent_->adapters(deadline);
        RUNDOWN_CO_TRY(adapters);
        const auto started = std::count_if(
            adapters->begin(), adapters->end(), [](const auto& adapter) { return adapter.started; }
        );
        if (static_cast<std::size_t>(started) >= spec_.nics.size()) {
            co_return result<void>{};
        }
        co_await pause(kBetweenLooks);
    }
}

Awaitable<void> ScenarioRun::deploy() {
    enter(Phase::deploy, "deploying the driver");
    RUNDOWN_CO_TRY(co_await wait_for_adapters());
    const std::string file = record_.driver_module;
    RUNDOWN_CO_TRY(co_await rpc::put_file(
        *client_, file, context_.driver.bytes, wait("the driver's file to arrive in the guest")
    ));
    RUNDOWN_CO_TRY(co_await put_package());
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::before));
    RUNDOWN_CO_TRY(co_await agent_->install(
        file, driver_parameters(), hello_, wait("the driver to be installed")
    ));
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::bind() {
    enter(Phase::bind, "loading and binding");
    visits_before_ = debug_line_ ? debug_line_->log().visits().size() : 0;
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_BIND));
    const auto started =
        keep(Step::start, 0, co_await agent_->start_driver(wait("the driver to start")));
    RUNDOWN_CO_TRY(started);
    if (started->status != 0) {
        co_return fail(ErrorKind::refused, "the driver did not start: " + started->message);
    }
    driver_loaded_ = true;
    RUNDOWN_CO_TRY(co_await find_trace());
    RUNDOWN_CO_TRY(co_await agent_->wait_for_bindings(wait("the adapters to be bound")));
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::bound));
    const auto bindings = co_await agent_->bindings(wait("the list of bindings"));
    RUNDOWN_CO_TRY(bindings);
    // More than one a NIC is a driver's own affair; one where all are to be refused is not.
    if (bindings->size() < record_.nic_count || (record_.nic_count == 0 && !bindings->empty())) {
        co_return fail(
            ErrorKind::refused,
            fmt::format(
                "the driver bound to {} of {} adapters, and the scenario is about {} bindings",
                bindings->size(),
                spec_.nics.size(),
                record_.nic_count
            )
        );
    }
    co_await ask_receive_filters(&oracle::NicWitness::filter_while_bound);
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::settle() {
    enter(Phase::settle, "looking at what is left");
    co_await quieten_wires();
    RUNDOWN_CO_TRY(co_await stop_handles());
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::torn_down));
    const auto query = co_await agent_->query_driver(wait("the driver's state"));
    RUNDOWN_CO_TRY(query);
    record_.query_after_teardown = *query;
    co_await ask_receive_filters(&oracle::NicWitness::filter_after_teardown);
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::reload() {
    if (!spec_.scenario.reload || !stopped_cleanly_ || record_.query_after_teardown->image_loaded) {
        co_return result<void>{};  // What keeps it from being loaded again is a finding already.
    }
    enter(Phase::reload, "loading it again");
    RUNDOWN_CO_TRY(co_await mark(RD_MARK_RELOAD));
    for (const auto& peer : peers_) {
        peer->set_up_again();
    }
    const auto started = keep(
        Step::reload_start, 0, co_await agent_->start_driver(wait("the driver to start again"))
    );
    RUNDOWN_CO_TRY(started);
    if (started->status != 0) {
        co_return result<void>{};
    }
    driver_loaded_ = true;
    RUNDOWN_CO_TRY(co_await drain_trace());
    RUNDOWN_CO_TRY(co_await agent_->wait_for_bindings(wait("the adapters to be bound again")));
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::reloaded));
    RUNDOWN_CO_TRY(co_await stop_service(Step::reload_stop));
    RUNDOWN_CO_TRY(co_await take_census(CensusPoint::gone_again));
    const auto query = co_await agent_->query_driver(wait("the driver's state"));
    RUNDOWN_CO_TRY(query);
    record_.query_after_reload = *query;
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::say_end() {
    enter(Phase::end, "ending the guest");
    co_return co_await mark(RD_MARK_END);
}

void ScenarioRun::enter(Phase phase, const std::string& doing) {
    phases_.enter(phase, Clock::now());
    phase_began_ = meetings_ ? meetings_->now() : GuestTime(0);
    context_.progress.status(doing);
}

Deadline ScenarioRun::wait(const std::string& what) {
    waiting_for_ = what;
    return phases_.deadline(what);
}

Awaitable<void> ScenarioRun::mark(rd_trace_mark mark, std::uint64_t value) {
    if (mark == RD_MARK_TRIGGER) {
        fall_silent_later();
    } else {
        stay_loud();
    }
    RUNDOWN_CO_TRY(co_await agent_->mark(mark, value, wait("a mark in the trace")));
    if (mark == RD_MARK_TRIGGER) {
        co_return co_await delay_the_trigger();  // Nothing else comes between.
    }
    co_return co_await drain_trace();
}

Awaitable<void> ScenarioRun::take_census(CensusPoint point, std::uint32_t cycle) {
    auto census = co_await agent_->census(wait("a census of the guest"));
    RUNDOWN_CO_TRY(census);
    record_.censuses.push_back({point, cycle, std::move(*census)});
    co_return result<void>{};
}

result<Answer> ScenarioRun::keep(Step step, std::uint32_t cycle, result<Answer> answer) {
    if (answer) {
        record_.answers.push_back({step, cycle, answer->status, answer->message});
    }
    return answer;
}

void ScenarioRun::on_guest_event(const guest::GuestEvent& event) {
    using guest::GuestEventKind;
    switch (event.kind) {
        case GuestEventKind::reset:
            saw_reset_ = true;
            break;
        case GuestEventKind::powering_off:
            // With -no-reboot, QEMU ends at a reset and says so.
            saw_reset_ |= event.detail == "guest-reset";
            break;
        case GuestEventKind::panicked:
        case GuestEventKind::stopped:
        case GuestEventKind::died:
            break;
        case GuestEventKind::device_deleted:
            removed_.insert(event.detail);
            return;
        default:
            return;
    }
    // A guest that was asked to go may still be answering: its line ends by itself.
    if (!power_off_expected_ || event.kind == GuestEventKind::panicked) {
        interrupt();
    }
}

void ScenarioRun::interrupt() {
    if (client_) {
        client_->close();
    }
}

asio::awaitable<RunOutcome> run_scenario(
    RunContext& context, const RunSpec& spec, const EvidencePaths& evidence
) {
    ScenarioRun run(context, spec, evidence);
    co_return co_await run.go();
}

}  // namespace rundown::run
