// SPDX-License-Identifier: MIT
#include "guest/lifecycle.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace rundown::guest {
namespace {

using Action = LifecycleAction;
using Kind = LifecycleEventKind;
using State = LifecycleState;

const Error kError = fail(ErrorKind::hypervisor, "broken");

struct Step {
    Kind event;
    Action action;
    State state;
};

/// Feeds the events and expects after each its action and state.
void play(Lifecycle& life, std::initializer_list<Step> steps) {
    int number = 0;
    for (const Step& step : steps) {
        const bool fails = step.event == Kind::step_failed || step.event == Kind::deadline_passed;
        EXPECT_EQ(life.on_event({step.event, fails ? kError : Error{}}), step.action)
            << "step " << number;
        EXPECT_EQ(life.state(), step.state) << "step " << number;
        ++number;
    }
}

void bring_up(Lifecycle& life) {
    play(
        life,
        {
            {Kind::start_requested, Action::claim_names, State::claiming},
            {Kind::names_claimed, Action::start_domain, State::starting},
            {Kind::domain_started, Action::accept_wires, State::connecting},
            {Kind::wires_accepted, Action::announce, State::running},
        }
    );
}

TEST(Lifecycle, ComesUpAndIsStopped) {
    Lifecycle life;
    EXPECT_EQ(life.state(), State::idle);
    bring_up(life);
    EXPECT_FALSE(life.over());
    play(
        life,
        {
            {Kind::stop_requested, Action::stop_domain, State::stopping},
            {Kind::process_ended, Action::none, State::stopping},
            {Kind::domain_stopped, Action::release, State::releasing},
            {Kind::released, Action::none, State::gone},
            {Kind::stop_requested, Action::none, State::gone},
        }
    );
    EXPECT_EQ(life.end(), GuestEnd::stopped);
    EXPECT_EQ(life.error().kind, ErrorKind::none);
}

TEST(Lifecycle, FailureToClaimNamesOnlyReleases) {
    Lifecycle life;
    play(
        life,
        {
            {Kind::start_requested, Action::claim_names, State::claiming},
            {Kind::step_failed, Action::release, State::releasing},
            {Kind::released, Action::none, State::gone},
        }
    );
    EXPECT_EQ(life.end(), GuestEnd::never_started);
    EXPECT_EQ(life.error().sentence, "broken");
}

TEST(Lifecycle, FailureToStartStopsWhateverThereIs) {
    Lifecycle life;
    play(
        life,
        {
            {Kind::start_requested, Action::claim_names, State::claiming},
            {Kind::names_claimed, Action::start_domain, State::starting},
            {Kind::process_ended, Action::none, State::starting},  // libvirt's call says it better.
            {Kind::step_failed, Action::stop_domain, State::stopping},
            {Kind::domain_stopped, Action::release, State::releasing},
            {Kind::released, Action::none, State::gone},
        }
    );
    EXPECT_EQ(life.end(), GuestEnd::never_started);
}

TEST(Lifecycle, DeadlineWhileConnectingGivesUp) {
    Lifecycle life;
    play(
        life,
        {
            {Kind::start_requested, Action::claim_names, State::claiming},
            {Kind::names_claimed, Action::start_domain, State::starting},
            {Kind::domain_started, Action::accept_wires, State::connecting},
            {Kind::deadline_passed, Action::stop_domain, State::stopping},
        }
    );
    EXPECT_EQ(life.end(), GuestEnd::never_started);
    EXPECT_EQ(life.error().sentence, "broken");
}

TEST(Lifecycle, QemuThatDiesBeforeItsWiresNeverStarted) {
    Lifecycle life;
    play(
        life,
        {
            {Kind::start_requested, Action::claim_names, State::claiming},
            {Kind::names_claimed, Action::start_domain, State::starting},
            {Kind::domain_started, Action::accept_wires, State::connecting},
            {Kind::process_ended, Action::stop_domain, State::stopping},
        }
    );
    EXPECT_EQ(life.end(), GuestEnd::never_started);
    EXPECT_EQ(life.error().kind, ErrorKind::hypervisor);
}

TEST(Lifecycle, PanicKeepsTheGuestUntilStopped) {
    Lifecycle life;
    bring_up(life);
    play(
        life,
        {
            {Kind::guest_panicked, Action::keep_evidence, State::panicked},
            {Kind::guest_panicked, Action::none, State::panicked},
            {Kind::stop_requested, Action::stop_domain, State::stopping},
            {Kind::domain_stopped, Action::release, State::releasing},
            {Kind::released, Action::none, State::gone},
        }
    );
    EXPECT_EQ(life.end(), GuestEnd::panicked);
}

TEST(Lifecycle, GuestQuickerThanOurAcceptsIsStillHandedOver) {
    Lifecycle panicked, off;
    for (Lifecycle* life : {&panicked, &off}) {
        life->on_event({Kind::start_requested, {}});
        life->on_event({Kind::names_claimed, {}});
    }
    play(
        panicked,
        {
            {Kind::guest_panicked, Action::none, State::starting},
            {Kind::domain_started, Action::accept_wires, State::connecting},
            {Kind::wires_accepted, Action::announce, State::panicked},
        }
    );
    EXPECT_EQ(panicked.end(), GuestEnd::panicked);
    play(
        off,
        {
            {Kind::domain_started, Action::accept_wires, State::connecting},
            {Kind::guest_powered_off, Action::none, State::connecting},
            {Kind::process_ended, Action::none, State::connecting},
            {Kind::wires_accepted, Action::announce, State::running},
        }
    );
    EXPECT_EQ(off.end(), GuestEnd::powered_off);
}

TEST(Lifecycle, TheFirstCauseOfTheEndStays) {
    Lifecycle life;
    bring_up(life);
    play(
        life,
        {
            {Kind::guest_powered_off, Action::none, State::running},
            {Kind::process_ended, Action::none, State::running},
            {Kind::stop_requested, Action::stop_domain, State::stopping},
        }
    );
    EXPECT_EQ(life.end(), GuestEnd::powered_off);
}

TEST(Lifecycle, DeathKeepsEvidenceUntilStopped) {
    Lifecycle life;
    bring_up(life);
    play(life, {{Kind::process_ended, Action::none, State::running}});
    EXPECT_EQ(life.end(), GuestEnd::died);
    EXPECT_EQ(life.error().kind, ErrorKind::hypervisor);
    play(life, {{Kind::stop_requested, Action::stop_domain, State::stopping}});
    EXPECT_EQ(life.end(), GuestEnd::died);
}

TEST(Lifecycle, StopThatFailsStillReleases) {
    Lifecycle life;
    bring_up(life);
    play(
        life,
        {
            {Kind::stop_requested, Action::stop_domain, State::stopping},
            {Kind::step_failed, Action::release, State::releasing},
            {Kind::step_failed, Action::none, State::gone},
        }
    );
}

TEST(Lifecycle, StopWhileStartingIsACancellation) {
    Lifecycle life;
    play(
        life,
        {
            {Kind::start_requested, Action::claim_names, State::claiming},
            {Kind::names_claimed, Action::start_domain, State::starting},
            {Kind::stop_requested, Action::stop_domain, State::stopping},
        }
    );
    EXPECT_EQ(life.error().kind, ErrorKind::cancelled);
}

/// Every event in every state: no crash, and never an action after the end.
TEST(Lifecycle, NoEventRevivesTheDead) {
    for (int kind = 0; kind <= static_cast<int>(Kind::released); ++kind) {
        Lifecycle life;
        bring_up(life);
        life.on_event({Kind::stop_requested, {}});
        life.on_event({Kind::domain_stopped, {}});
        life.on_event({Kind::released, {}});
        EXPECT_EQ(life.on_event({static_cast<Kind>(kind), {}}), Action::none) << kind;
        EXPECT_EQ(life.state(), State::gone);
    }
}

}  // namespace
}  // namespace rundown::guest
