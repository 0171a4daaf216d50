// SPDX-License-Identifier: MIT
// image/install/progress.hpp
//
// Decides how an installation is doing from what the host sees of it: disk writes, the screen,
// lines on the COM ports, resets. No I/O: feed it events, perform the actions it gives back
// (install/drive_io.cpp does). Time comes in with every event. Not thread-safe; one instance an
// installation, over all its machines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "image/install/phase.hpp"

namespace rundown::image {

enum class InstallEventKind {
    none,             // Not an event.
    machine_started,  // A machine runs: the first, or the next.
    tick,             // Time goes by.
    disk_written,     // The guest's disks have more written to them than at the last look.
    screen_changed,   // More of it than a blinking cursor.
    line,             // `text` came on `port`.
    prompt,           // `text` came on `port` and waits for an answer, without a line end.
    reset,            // The guest reset itself.
    powered_off,      // The guest powered itself off.
    panicked,         // The guest told its hypervisor of a panic; `text` says more.
    died,             // The machine is gone and nobody asked; `error` says why.
    hello,            // The agent said hello.
};

struct InstallEvent {
    InstallEventKind kind = InstallEventKind::none;
    TimePoint now;
    unsigned port = 0;  // COM1 is 1.
    std::string text = {};
    Error error = {};
};

/// What to do next.
enum class InstallActionKind {
    none,
    show,          // Tell the person what is going on: `text`.
    keep_screen,   // Keep a picture of the screen; `text` is what to call it.
    answer,        // Send `text` (with its line end) to `port`.
    await_hello,   // From here on the agent is expected: COM1 is its line.
    next_machine,  // This machine has done its part; the next one is to start.
    give_up,       // See failure(). A picture of the screen was asked for before.
    done,          // Every phase is over.
};

struct InstallAction {
    InstallActionKind kind = InstallActionKind::none;
    std::string text = {};
    unsigned port = 0;
};

/// Who can do something about an installation that failed.
enum class Culprit {
    none,
    medium,  // What the person gave: the installation medium, or what it was told to do.
    system,  // The system being installed crashed.
    recipe,  // This project's answer files and scripts.
    host,    // This machine: too slow, or its hypervisor.
};

struct InstallFailure {
    std::string phase;  // Its name.
    Error error;        // Kind, and one sentence with the phase and why.
    Culprit culprit = Culprit::none;
    std::vector<std::string> last_lines;  // What the guest said last, of both ports.
};

struct PhaseTime {
    std::string name;
    Milliseconds taken{};
};

class InstallProgress {
  public:
    /// `slowness`: how many times slower this host is than the one the phases' times are for; at
    /// least 1. `look_every`: how often a tick is meant to come. Time in which this program did not
    /// get to look (the host was suspended, or has too much to do) is not held against the guest.
    InstallProgress(
        std::vector<Phase> phases, double slowness, Milliseconds look_every = Milliseconds(1000)
    );

    /// What to do about `event`, in this order. Nothing any more once it is over.
    std::vector<InstallAction> on_event(const InstallEvent& event);

    /// The phase under way; the last one when all are over.
    const Phase& phase() const { return phases_[current_]; }
    std::size_t phase_number() const { return current_; }
    bool over() const { return over_; }
    const std::optional<InstallFailure>& failure() const { return failure_; }
    /// The phases that are over and how long each took.
    const std::vector<PhaseTime>& times() const { return times_; }
    /// What was odd and did not end the installation: a milestone that never came, a prompt of the
    /// debugger that was answered. Sentences.
    const std::vector<std::string>& notes() const { return notes_; }

  private:
    using Actions = std::vector<InstallAction>;

    void forgive_gap(TimePoint now);
    void begin_phase(TimePoint now, Actions& actions);
    void end_phase(TimePoint now, Actions& actions);
    void on_tick(TimePoint now, Actions& actions);
    void on_line(const InstallEvent& event, Actions& actions);
    void on_milestone(const std::string& name, const InstallEvent& event, Actions& actions);
    void on_milestone_again(const std::string& name, Actions& actions);
    void on_prompt(const InstallEvent& event, Actions& actions);
    void on_reset(const InstallEvent& event, Actions& actions);
    void give_up(Culprit culprit, ErrorKind kind, const std::string& why, Actions& actions);
    void remember(const InstallEvent& event);
    void note(std::string sentence) { notes_.push_back(std::move(sentence)); }
    Milliseconds scaled(Milliseconds time) const;

    std::vector<Phase> phases_;
    double slowness_;
    Milliseconds look_every_;
    std::size_t current_ = 0;
    bool started_ = false;
    bool over_ = false;
    bool waits_for_machine_ = true;
    TimePoint last_event_;
    TimePoint phase_entered_;
    TimePoint phase_began_;  // The same, but put later by gaps, as are the next two.
    TimePoint last_sign_;    // Of life.
    TimePoint last_shown_;
    bool saw_anything_ = false;  // Of this machine.
    unsigned resets_ = 0;        // Within the phase.
    unsigned repeats_ = 0;       // Of the milestone before, within the phase.
    unsigned stops_ = 0;         // Of the debugger, in all.
    std::string crash_;          // The kernel's words of its end; empty: it lives.
    TimePoint crashed_at_;
    bool asked_for_trace_ = false;
    std::optional<InstallFailure> failure_;
    std::vector<PhaseTime> times_;
    std::vector<std::string> notes_;
    std::vector<std::string> last_lines_;
};

std::string_view to_string(PhaseEnd end);
std::string_view to_string(Culprit culprit);

/// What a culprit means for the person, as a sentence: who must act, and how.
std::string_view advice(Culprit culprit);

}  // namespace rundown::image
