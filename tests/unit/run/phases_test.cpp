// SPDX-License-Identifier: MIT
#include "run/phases.hpp"

#include <gtest/gtest.h>

#include "base/stop_request.hpp"

namespace rundown::run {
namespace {

using scenario::Phase;

const TimePoint kStart = TimePoint{} + Milliseconds(1000);

TEST(Phases, ADeadlineIsThePhasesOwnHoweverLateTheWaitBegins) {
    scenario::Scenario scenario;
    scenario.deadlines[Phase::bind] = Milliseconds(500);
    Phases phases(scenario, kStart);
    phases.enter(Phase::bind, kStart);
    const auto deadline = phases.deadline("the adapters to be bound");
    EXPECT_EQ(deadline.at(), kStart + Milliseconds(500));
    EXPECT_EQ(
        deadline.expired().sentence,
        "gave up waiting for the adapters to be bound (phase bind) after 500 ms"
    );
}

TEST(Phases, TimesOfAPhaseEnteredTwiceAddUp) {
    scenario::Scenario scenario;
    Phases phases(scenario, kStart);
    phases.enter(Phase::boot, kStart);
    phases.enter(Phase::bind, kStart + Milliseconds(100));
    phases.enter(Phase::boot, kStart + Milliseconds(150));
    phases.leave(kStart + Milliseconds(160));
    const auto timings = phases.timings(kStart + Milliseconds(200));
    EXPECT_EQ(timings.at("boot"), 110);
    EXPECT_EQ(timings.at("bind"), 50);
    EXPECT_EQ(timings.at("total"), 200);
}

TEST(StopRequest, TheFirstOneCountsAndInterrupts) {
    StopRequest stop;
    int interrupted = 0;
    stop.on_request([&] { ++interrupted; });
    EXPECT_FALSE(stop.requested());
    stop.request("Ctrl-C");
    stop.request("SIGTERM");
    EXPECT_TRUE(stop.requested());
    EXPECT_EQ(stop.how(), "Ctrl-C");
    EXPECT_EQ(interrupted, 1);
}

}  // namespace
}  // namespace rundown::run
