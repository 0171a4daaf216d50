// SPDX-License-Identifier: MIT
// run/scenario_run_io.hpp
//
// What one run holds while it lasts, and its steps, one member a sentence. run_scenario_io.cpp puts
// them in order; load_io.cpp, triggers_io.cpp, host_side_io.cpp and aftermath_io.cpp perform.
// Internal to this folder. With Asio; on one loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/guest_io.hpp"
#include "run/agent_io.hpp"
#include "run/phases.hpp"
#include "run/run_scenario_io.hpp"
#include "run/trace_window_io.hpp"
#include "witness/nic_peer_io.hpp"

namespace rundown::run {

class ScenarioRun {
  public:
    ScenarioRun(RunContext& context, const RunSpec& spec, const EvidencePaths& evidence);
    ScenarioRun(const ScenarioRun&) = delete;
    ScenarioRun& operator=(const ScenarioRun&) = delete;

    boost::asio::awaitable<RunOutcome> go();

  private:
    // The road (run_scenario_io.cpp).
    Awaitable<void> travel();
    Awaitable<void> boot();
    Awaitable<void> deploy();
    Awaitable<void> bind();
    Awaitable<void> settle();
    Awaitable<void> reload();
    Awaitable<void> say_end();

    // Load (load_io.cpp).
    Awaitable<void> load();
    Awaitable<void> set_driver_load();
    /// Polls the driver's counters until what the load asks for is in flight.
    Awaitable<void> wait_until_in_flight();
    Awaitable<void> keep_load_for(Milliseconds time);

    // Triggers (triggers_io.cpp).
    Awaitable<void> trigger();
    Awaitable<void> unload();
    Awaitable<void> unbind_all();
    Awaitable<void> deregister();
    Awaitable<void> power_off();
    Awaitable<void> rebind();
    Awaitable<void> one_cycle(std::uint32_t cycle, const std::vector<BindingState>& bindings);
    /// Stops the service and keeps the answer.
    Awaitable<void> stop_service(oracle::Step step);

    // The NICs' far ends (host_side_io.cpp).
    result<void> start_peers();
    void set_pace(witness::Pace pace);
    witness::Pace wanted_pace() const;
    /// Host traffic off; waits until the wires are quiet; what comes later came after the teardown.
    boost::asio::awaitable<void> quieten_wires();
    boost::asio::awaitable<void> ask_receive_filters();
    void keep_witness();

    // What became of it (aftermath_io.cpp).
    boost::asio::awaitable<void> blame(const Error& error);
    boost::asio::awaitable<void> knock_at_a_silent_guest();
    boost::asio::awaitable<void> finish();
    void keep_trace();
    void keep_bug_check();
    void complain_of_lost_evidence();

    // Small things that all of them use.
    void enter(scenario::Phase phase, const std::string& doing);
    /// The deadline of a wait in this phase; `what` is named when it passes.
    Deadline wait(const std::string& what);
    Awaitable<void> mark(rd_trace_mark mark, std::uint64_t value = 0);
    Awaitable<void> take_census(oracle::CensusPoint point, std::uint32_t cycle = 0);
    /// Keeps an answer for the oracle, and passes on why there was none.
    result<Answer> keep(oracle::Step step, std::uint32_t cycle, result<Answer> answer);
    boost::asio::awaitable<void> pause(Milliseconds time);
    void on_guest_event(const guest::GuestEvent& event);
    /// Ends the wait under way.
    void interrupt();
    bool loaded() const {
        return spec_.load != scenario::Load::idle && spec_.scenario.nic_count > 0;
    }

    RunContext& context_;
    const RunSpec& spec_;
    const EvidencePaths& evidence_;
    const TimePoint started_;
    Phases phases_;
    RunOutcome outcome_;
    oracle::RunRecord& record_;

    std::unique_ptr<guest::Guest> guest_;
    TraceWindow window_;
    std::vector<std::unique_ptr<witness::NicPeer>> peers_;
    std::unique_ptr<rpc::Client> client_;
    std::optional<Agent> agent_;
    rpc::Hello hello_;

    std::string waiting_for_;          // Of the latest wait().
    bool driver_listens_ = true;       // It has the test drivers' control device.
    bool stopped_cleanly_ = false;     // The service stopped, so that it can be loaded again.
    bool power_off_expected_ = false;  // The guest may go: it was asked to.
    bool saw_reset_ = false;
};

}  // namespace rundown::run
