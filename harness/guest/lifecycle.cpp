// SPDX-License-Identifier: MIT
#include "guest/lifecycle.hpp"

namespace rundown::guest {

namespace {

using Kind = LifecycleEventKind;

Error process_gone(const char* when) {
    return fail(
        ErrorKind::hypervisor,
        std::string("QEMU ended ") + when + "; see qemu.log in the run directory"
    );
}

}  // namespace

void Lifecycle::note_end(GuestEnd end, const Error& error) {
    if (end_ != GuestEnd::none)
        return;
    end_ = end;
    error_ = error;
}

LifecycleAction Lifecycle::begin_stop() {
    state_ = LifecycleState::stopping;
    return LifecycleAction::stop_domain;
}

LifecycleAction Lifecycle::begin_release() {
    state_ = LifecycleState::releasing;
    return LifecycleAction::release;
}

/// Undoes what exists so far: before libvirt was asked there are only names; after, perhaps a
/// process.
LifecycleAction Lifecycle::give_up(const Error& error) {
    end_ = GuestEnd::never_started;  // Whatever it did in between: nobody was handed a guest.
    error_ = error;
    return state_ == LifecycleState::claiming ? begin_release() : begin_stop();
}

LifecycleAction Lifecycle::while_coming_up(const LifecycleEvent& event) {
    switch (event.kind) {
        case Kind::names_claimed:
            if (state_ != LifecycleState::claiming)
                return LifecycleAction::none;
            state_ = LifecycleState::starting;
            return LifecycleAction::start_domain;
        case Kind::domain_started:
            if (state_ != LifecycleState::starting)
                return LifecycleAction::none;
            state_ = LifecycleState::connecting;
            return LifecycleAction::accept_wires;
        case Kind::wires_accepted:
            if (state_ != LifecycleState::connecting)
                return LifecycleAction::none;
            state_ =
                end_ == GuestEnd::panicked ? LifecycleState::panicked : LifecycleState::running;
            return LifecycleAction::announce;
        case Kind::guest_panicked:
        case Kind::guest_powered_off:
            // A guest can be quicker than our accepting its wires, which then are still there to be
            // accepted.
            note_end(
                event.kind == Kind::guest_panicked ? GuestEnd::panicked : GuestEnd::powered_off
            );
            return LifecycleAction::none;
        case Kind::step_failed:
        case Kind::deadline_passed:
            return give_up(event.error);
        case Kind::stop_requested:
            return give_up(fail(ErrorKind::cancelled, "the guest was stopped while it was starting")
            );
        case Kind::process_ended:
            // While libvirt is starting it, its call fails with QEMU's own words, which say more
            // than we can.
            if (state_ == LifecycleState::connecting && !over())
                return give_up(process_gone("before its serial line and NICs were connected"));
            return LifecycleAction::none;
        default:
            return LifecycleAction::none;
    }
}

LifecycleAction Lifecycle::while_up(const LifecycleEvent& event) {
    switch (event.kind) {
        case Kind::guest_panicked:
            note_end(GuestEnd::panicked);
            if (state_ == LifecycleState::panicked)
                return LifecycleAction::none;
            state_ = LifecycleState::panicked;
            return LifecycleAction::keep_evidence;
        case Kind::guest_powered_off:
            note_end(GuestEnd::powered_off);
            return LifecycleAction::none;  // QEMU is still there; process_ended follows.
        case Kind::process_ended:
            // What it leaves, the trace window above all, is evidence: kept until the caller has
            // seen it.
            note_end(GuestEnd::died, process_gone("while the guest ran: it crashed or was killed"));
            return LifecycleAction::none;
        case Kind::stop_requested:
            note_end(GuestEnd::stopped);
            return begin_stop();
        default:
            return LifecycleAction::none;
    }
}

LifecycleAction Lifecycle::while_going_down(const LifecycleEvent& event) {
    if (state_ == LifecycleState::stopping &&
        (event.kind == Kind::domain_stopped || event.kind == Kind::step_failed))
        return begin_release();  // A stop that failed must not keep the files: they are ours.
    if (state_ == LifecycleState::releasing &&
        (event.kind == Kind::released || event.kind == Kind::step_failed))
        state_ = LifecycleState::gone;
    return LifecycleAction::none;
}

LifecycleAction Lifecycle::on_event(const LifecycleEvent& event) {
    switch (state_) {
        case LifecycleState::idle:
            if (event.kind != Kind::start_requested)
                return LifecycleAction::none;
            state_ = LifecycleState::claiming;
            return LifecycleAction::claim_names;
        case LifecycleState::claiming:
        case LifecycleState::starting:
        case LifecycleState::connecting:
            return while_coming_up(event);
        case LifecycleState::running:
        case LifecycleState::panicked:
            return while_up(event);
        case LifecycleState::stopping:
        case LifecycleState::releasing:
            return while_going_down(event);
        case LifecycleState::gone:
            return LifecycleAction::none;
    }
    return LifecycleAction::none;
}

std::string_view to_string(LifecycleState state) {
    switch (state) {
        case LifecycleState::idle:
            return "idle";
        case LifecycleState::claiming:
            return "claiming";
        case LifecycleState::starting:
            return "starting";
        case LifecycleState::connecting:
            return "connecting";
        case LifecycleState::running:
            return "running";
        case LifecycleState::panicked:
            return "panicked";
        case LifecycleState::stopping:
            return "stopping";
        case LifecycleState::releasing:
            return "releasing";
        case LifecycleState::gone:
            return "gone";
    }
    return "invalid";
}

std::string_view to_string(LifecycleAction action) {
    switch (action) {
        case LifecycleAction::none:
            return "none";
        case LifecycleAction::claim_names:
            return "claim_names";
        case LifecycleAction::start_domain:
            return "start_domain";
        case LifecycleAction::accept_wires:
            return "accept_wires";
        case LifecycleAction::announce:
            return "announce";
        case LifecycleAction::keep_evidence:
            return "keep_evidence";
        case LifecycleAction::stop_domain:
            return "stop_domain";
        case LifecycleAction::release:
            return "release";
    }
    return "invalid";
}

std::string_view to_string(GuestEnd end) {
    switch (end) {
        case GuestEnd::none:
            return "none";
        case GuestEnd::never_started:
            return "never_started";
        case GuestEnd::powered_off:
            return "powered_off";
        case GuestEnd::panicked:
            return "panicked";
        case GuestEnd::stopped:
            return "stopped";
        case GuestEnd::died:
            return "died";
    }
    return "invalid";
}

}  // namespace rundown::guest
