// SPDX-License-Identifier: MIT
// guest/lifecycle.hpp
//
// Decides what to do next with one guest: claim its names, start it, wait for its wires, keep it,
// stop it, let go of what it held. No I/O: feed it events with on_event(), perform the action it
// returns (guest_io.cpp does, with libvirt). Time comes in with the event deadline_passed. Not
// thread-safe; one instance a guest.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::guest {

/// Where the guest is.
enum class LifecycleState {
    idle,        // Nothing exists yet.
    claiming,    // Names are being registered, sockets opened, the window made.
    starting,    // libvirt is starting QEMU.
    connecting,  // QEMU runs; its serial line and NICs have not all connected.
    running,     // All wires up.
    panicked,    // The guest called for help and is paused; its memory is intact.
    stopping,    // QEMU is being ended.
    releasing,   // QEMU is gone; what it held is being removed.
    gone,        // Nothing exists any more. See outcome().
};

/// What to do next. There is no one-to-one mapping to states.
enum class LifecycleAction {
    none,           // Wait for the next event.
    claim_names,    // Register, then create, everything the guest needs.
    start_domain,   // Have libvirt start QEMU.
    accept_wires,   // Accept the serial line and the NICs.
    announce,       // Hand the guest to the caller.
    keep_evidence,  // The guest panicked: leave it paused, tell the caller.
    stop_domain,    // End QEMU, hard.
    release,        // Save logs; remove sockets, window and names in reverse order.
};

/// What happened.
enum class LifecycleEventKind {
    none,               // Not an event.
    start_requested,    // The caller wants the guest.
    names_claimed,      // Everything is registered and created.
    domain_started,     // libvirt says QEMU runs.
    wires_accepted,     // Serial line and NICs are connected.
    step_failed,        // The action last asked for failed; `error` says how.
    deadline_passed,    // The time to get to `running` is over; `error` says what was waited for.
    guest_panicked,     // pvpanic.
    guest_powered_off,  // The guest asked for power off; QEMU will end.
    process_ended,      // QEMU is gone.
    stop_requested,     // The caller has seen enough.
    domain_stopped,     // stop_domain is done.
    released,           // release is done.
};

/// How a guest's life ended, or is ending.
enum class GuestEnd {
    none,           // It has not.
    never_started,  // It did not get to `running`; error() says why.
    powered_off,    // By itself.
    panicked,       // It signalled a panic (and was stopped afterwards).
    stopped,        // By the harness, while it ran.
    died,           // QEMU crashed or was killed.
};

struct LifecycleEvent {
    LifecycleEventKind kind = LifecycleEventKind::none;
    Error error = {};  // Of step_failed and deadline_passed.
};

class Lifecycle {
  public:
    /// What to do about `event`. An event that means nothing in the present state yields `none`.
    LifecycleAction on_event(const LifecycleEvent& event);

    LifecycleState state() const { return state_; }
    /// How it ended: the first cause wins, a later one does not replace it.
    GuestEnd end() const { return end_; }
    /// Why it never started, or how it died; kind none otherwise.
    const Error& error() const { return error_; }
    /// True when the guest's processor can no longer make progress by itself.
    bool over() const { return end_ != GuestEnd::none; }

  private:
    LifecycleAction begin_stop();
    LifecycleAction begin_release();
    LifecycleAction give_up(const Error& error);
    void note_end(GuestEnd end, const Error& error = {});
    LifecycleAction while_coming_up(const LifecycleEvent& event);
    LifecycleAction while_up(const LifecycleEvent& event);
    LifecycleAction while_going_down(const LifecycleEvent& event);

    LifecycleState state_ = LifecycleState::idle;
    GuestEnd end_ = GuestEnd::none;
    Error error_;
};

std::string_view to_string(LifecycleState state);
std::string_view to_string(LifecycleAction action);
std::string_view to_string(GuestEnd end);

}  // namespace rundown::guest
