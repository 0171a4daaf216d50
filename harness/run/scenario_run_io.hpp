// SPDX-License-Identifier: MIT
// run/scenario_run_io.hpp
//
// What one run holds while it lasts, and its steps, one member a sentence. run_scenario_io.cpp puts
// them in order; load_io.cpp, triggers_io.cpp, repeated_triggers_io.cpp, host_side_io.cpp and
// aftermath_io.cpp perform.
// Internal to this folder. With Asio; on one loop.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "guest/guest_io.hpp"
#include "image/overlay_io.hpp"
#include "run/agent_io.hpp"
#include "run/debug_log_io.hpp"
#include "run/deterministic_meetings_io.hpp"
#include "run/guest_spec.hpp"
#include "run/phases.hpp"
#include "run/run_scenario_io.hpp"
#include "run/trace_pieces.hpp"
#include "run/trace_window_io.hpp"
#include "witness/nic_peer_io.hpp"

namespace rundown::run {

/// Between two looks at something in the guest that is waited for.
inline constexpr Milliseconds kBetweenLooks{5};

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
    Awaitable<void> wait_for_adapters();
    Awaitable<void> deploy();
    Awaitable<void> bind();
    Awaitable<void> settle();
    Awaitable<void> reload();
    Awaitable<void> say_end();

    // What differs with the guest's home (home_run_io.cpp).
    /// The overlay of an image and what else the machine is made with.
    Awaitable<MachineFiles> prepare_machine();
    /// COM2, where the guest's kernel has its debug log there.
    result<void> open_debug_line();
    /// What the hello says: is it the guest that was asked for, and can it do what is to be done?
    result<void> hear_of_the_guest();
    /// INF and catalog, for guests that install a protocol by them.
    Awaitable<void> put_package();
    std::map<std::string, std::uint32_t> driver_parameters() const;

    // A trace that comes by RPC (drain_io.cpp).
    /// Asks the driver where its records go.
    Awaitable<void> find_trace();
    /// Takes what the driver's own ring holds, where that is where they go.
    Awaitable<void> drain_trace();
    /// The records of the last Unload, and the agent's own marks.
    Awaitable<void> collect_trace();
    /// All there is, as one trace.
    result<trace::Trace> whole_trace();

    // Provoked races (provoke_io.cpp).
    /// Arms the sync points and slows the processors down.
    Awaitable<void> provoke();
    /// The sweep's delay, to the microsecond as far as the host's scheduler lets it.
    Awaitable<void> delay_the_trigger();

    // Load (load_io.cpp).
    Awaitable<void> load();
    Awaitable<void> set_driver_load();
    /// Polls the driver's counters until what the load asks for is in flight.
    Awaitable<void> wait_until_in_flight();
    Awaitable<void> keep_load_for(Milliseconds time);
    /// Receives and requests that the scenario wants kept across the trigger: there when it
    /// returns.
    Awaitable<void> hold();
    Awaitable<void> wait_until_held();
    /// No more handles come and go, nor are any open.
    Awaitable<void> stop_handles();

    // Triggers (triggers_io.cpp).
    Awaitable<void> trigger();
    Awaitable<void> unload();
    Awaitable<void> unload_with_open_handles();
    Awaitable<void> open_handles(std::vector<std::uint64_t>& handles);
    Awaitable<void> close_handles(const std::vector<std::uint64_t>& handles);
    Awaitable<void> unbind_all();
    Awaitable<void> deregister();
    Awaitable<void> end_guest();
    Awaitable<void> remove_devices();
    Awaitable<void> wait_until_removed(const std::string& device);
    Awaitable<void> wait_until_unbound();
    /// Stops the service and keeps the answer.
    Awaitable<void> stop_service(oracle::Step step);
    /// The last trigger of those that repeat: the service stopped between its marks.
    Awaitable<void> stop_in_the_end();

    // Those that repeat (repeated_triggers_io.cpp).
    Awaitable<void> rebind();
    Awaitable<void> disable_adapters();
    Awaitable<void> unbind_and_bind(std::uint32_t cycle, const std::vector<BindingState>& bindings);
    Awaitable<void> unbind_each(std::uint32_t cycle, const std::vector<BindingState>& bindings);
    Awaitable<void> bind_each(std::uint32_t cycle, const std::vector<BindingState>& bindings);
    Awaitable<void> disable_and_enable(std::uint32_t cycle, const std::vector<std::string>& names);
    /// The load is in flight again before the next cycle may come.
    Awaitable<void> come_under_load_again();
    Awaitable<void> flap_links();
    Awaitable<void> set_links(bool up);
    Awaitable<void> wait_for_links(bool up);
    /// The host's traffic ends, so that the trace's beginning survives, when what was triggered
    /// stays away.
    void fall_silent_later();
    void stay_loud();

    // The NICs' far ends (host_side_io.cpp).
    result<void> start_peers();
    void set_pace(witness::Pace pace);
    witness::Pace wanted_pace() const;
    /// Host traffic off; waits until the wires are quiet; what comes later came after the teardown.
    boost::asio::awaitable<void> quieten_wires();
    boost::asio::awaitable<void> ask_receive_filters(
        std::optional<oracle::ReceiveFilter> oracle::NicWitness::*kept
    );
    void keep_witness();

    // A deterministic run's time (deterministic_run_io.cpp).
    Awaitable<void> open_meetings();
    /// Lets the machine run, and returns when the guest has come to its first meeting.
    Awaitable<void> begin_meetings();
    void on_meeting(GuestTime now);
    /// Time as the load and the scenario count it: the guest's in a deterministic run.
    Milliseconds elapsed() const;
    /// Little is left of the phase: giving up must be told as what it is.
    bool nearly_over(const Deadline& deadline) const;
    boost::asio::awaitable<void> pause(Milliseconds time);

    // What became of it (aftermath_io.cpp).
    boost::asio::awaitable<void> blame(const Error& error);
    std::string garbage_on_the_line() const;
    boost::asio::awaitable<void> knock_at_a_silent_guest();
    // Of guests whose kernel is not ours (outside_io.cpp).
    /// Did the guest tell a bug check on its debug line, or does it stand at its debugger's prompt?
    boost::asio::awaitable<bool> crashed_by_its_own_word();
    /// What the kernel's debugger had to say since the driver was loaded.
    void keep_debugger_words();
    /// A picture of the screen and the memory of a guest that has crashed or hangs.
    boost::asio::awaitable<void> look_from_outside();
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
    void on_guest_event(const guest::GuestEvent& event);
    /// Ends the wait under way.
    void interrupt();
    bool loaded() const { return spec_.load != scenario::Load::idle && record_.nic_count > 0; }

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
    std::unique_ptr<Meetings> meetings_;  // Of a deterministic run; else null.
    GuestTime phase_began_{0};            // Likewise.
    bool guest_is_late_ = false;          // The phase's deadline has passed in guest time.
    std::optional<Agent> agent_;
    rpc::Hello hello_;

    std::unique_ptr<image::Overlay> overlay_;  // Of an image; else null.
    std::unique_ptr<DebugLine> debug_line_;    // Where the guest has one.
    bool drains_ = false;            // The driver's records stay in its own ring: RPC brings them.
    bool driver_loaded_ = false;     // So that its device can be asked.
    bool own_marks_ = false;         // The agent keeps marks that no driver takes.
    std::size_t visits_before_ = 0;  // Stops in its debugger before the driver was there.
    DrainedTrace drained_;
    std::vector<trace::Record> marks_;  // Of the agent's own.

    std::optional<boost::asio::steady_timer> silence_;  // See fall_silent_later().
    std::string waiting_for_;                           // Of the latest wait().
    bool driver_listens_ = true;                        // It has the test drivers' control device.
    bool stopped_cleanly_ = false;     // The service stopped, so that it can be loaded again.
    bool power_off_expected_ = false;  // The guest may go: it was asked to.
    bool saw_reset_ = false;
    bool handles_churn_ = false;  // The agent opens and closes handles to the driver.
    std::optional<rd_p5_counters> seen_in_flight_;  // When the load was last looked for.
    std::set<std::string> removed_;                 // Devices that QEMU said are gone: "net0".
};

}  // namespace rundown::run
