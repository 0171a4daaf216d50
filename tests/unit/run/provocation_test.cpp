// SPDX-License-Identifier: MIT
#include "run/provocation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/plan.hpp"
#include "rundown/protocol5_ioctl.h"

namespace rundown::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

Provocations provocations(
    const std::vector<std::string>& holds,
    const std::string& sweep = "",
    std::optional<std::uint32_t> delay = {}
) {
    const auto all = provocations_from(holds, sweep, delay, 0);
    EXPECT_TRUE(all) << all.error().sentence;
    return all ? *all : Provocations();
}

TEST(Sweep, GoesThroughItsDelaysEndsIncluded) {
    EXPECT_THAT(*sweep_from("0..500/6"), ElementsAre(0, 100, 200, 300, 400, 500));
    EXPECT_THAT(*sweep_from("10..10/1"), ElementsAre(10));
    EXPECT_THAT(*sweep_from("0..10/3us"), ElementsAre(0, 5, 10));
    EXPECT_THAT(*sweep_from("0..4000000/2"), ElementsAre(0, 4000000));
}

TEST(Sweep, WhatIsNoneIsRefused) {
    for (const char* text :
         {"",
          "5",
          "0..5",
          "5..0/2",
          "0..5/0",
          "0..5/1",
          "0..5/2ms",
          "0..99999999999/2",
          "a..b/c",
          "0..20000000/2",
          "0..5/20000"}) {
        const auto sweep = sweep_from(text);
        ASSERT_FALSE(sweep) << text;
        EXPECT_EQ(sweep.error().kind, ErrorKind::usage);
        EXPECT_THAT(sweep.error().sentence, HasSubstr("0..500/11"));
    }
}

TEST(Sweep, ARepetitionIsMadeOfEachStep) {
    const auto all = provocations({}, "0..20/3");
    EXPECT_EQ(all.repetitions(1), 3u);
    EXPECT_EQ(all.repetitions(7), 7u);
    const scenario::Scenario scenario;
    EXPECT_EQ(all.of_repetition(0, scenario).delay_us, 0u);
    EXPECT_EQ(all.of_repetition(2, scenario).delay_us, 20u);
    EXPECT_EQ(all.of_repetition(4, scenario).delay_us, 10u) << "it begins anew";
    EXPECT_TRUE(all.timed_by_the_host());
    EXPECT_FALSE(provocations({"in-unload"}).timed_by_the_host());
}

TEST(Provocation, IsTypedAgainAsItWas) {
    const auto all = provocations({"in-unload:300", "in-receive:50us"}, "", 70);
    EXPECT_EQ(
        as_typed(all.of_repetition(0, scenario::Scenario())),
        " --hold in-unload:300 --hold in-receive:50us --delay 70"
    );
    EXPECT_EQ(as_typed(Provocation()), "");
}

TEST(Provocation, TheCommandLineHasTheLastWordAboutAPoint) {
    scenario::Scenario scenario;
    scenario.holds = {*scenario::hold_from("in-unload:10"), *scenario::hold_from("in-unbind:20")};
    const auto all = provocations({"in-unload:300"});
    const auto one = all.of_repetition(0, scenario);
    ASSERT_THAT(one.holds, SizeIs(2));
    EXPECT_EQ(to_string(one.holds[0]), "in-unbind:20");
    EXPECT_EQ(to_string(one.holds[1]), "in-unload:300");
    EXPECT_EQ(as_typed(one), " --hold in-unload:300") << "the scenario has its own";
}

TEST(Provocation, WhatMakesNoSenseIsRefused) {
    EXPECT_FALSE(provocations_from({"in-unlod"}, "", {}, 0));
    EXPECT_THAT(
        provocations_from({"in-unlod"}, "", {}, 0).error().sentence,
        HasSubstr("did you mean 'in-unload'?")
    );
    EXPECT_FALSE(provocations_from({}, "0..5/2", 3, 0));
    EXPECT_FALSE(provocations_from({}, "", {}, 96));
    EXPECT_FALSE(provocations_from({}, "", {}, 5));
    EXPECT_TRUE(provocations_from({}, "", {}, 30));
    EXPECT_FALSE(provocations_from({}, "", 10000001, 0));
}

TEST(SyncPoints, EachHasAName) {
    for (std::uint32_t point = 1; point < RD_P5_SYNC_POINTS; ++point) {
        const auto name = scenario::sync_point_name(point);
        EXPECT_FALSE(name.empty()) << point;
        EXPECT_EQ(scenario::sync_point_from(name), point);
    }
    EXPECT_TRUE(scenario::sync_point_name(RD_P5_SYNC_POINTS).empty());
}

TEST(SyncPoints, AHoldOfMillisecondsTakesOneArrivalAndADelayAll) {
    const auto hold = scenario::hold_from("in-unbind:250");
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->ms, 250u);
    EXPECT_EQ(hold->us, 0u);
    EXPECT_EQ(hold->arrivals, 1u);
    const auto delay = scenario::hold_from("in-receive:30us");
    ASSERT_TRUE(delay);
    EXPECT_EQ(delay->ms, 0u);
    EXPECT_EQ(delay->us, 30u);
    EXPECT_EQ(delay->arrivals, 0u);
    EXPECT_NE(scenario::hold_from("in-unload")->ms, 0u);
    for (const char* text :
         {"in-unbind:",
          "in-unbind:0",
          "in-unbind:x",
          "in-receive:30000us",
          "in-unbind:9999999",
          "in-unbind:5ms"}) {
        EXPECT_FALSE(scenario::hold_from(text)) << text;
    }
}

TEST(Provocation, ADeterministicRunHasNoHostTime) {
    Request request;
    request.all = true;
    request.deterministic = true;
    request.sweep = "0..5/2";
    scenario::Scenario scenario;
    scenario.name = "one";
    scenario.load = scenario::Load::idle;
    scenario.loads = {scenario::Load::idle};
    scenario.trigger = scenario::Trigger::unload;
    const auto capabilities = capabilities_of(*guest_choice_from("reference"));
    const auto swept = plan(request, {scenario}, capabilities);
    ASSERT_FALSE(swept);
    EXPECT_THAT(swept.error().sentence, HasSubstr("its seed is the sweep"));
    request.sweep.clear();
    request.holds = {"in-unload:5"};
    EXPECT_TRUE(plan(request, {scenario}, capabilities)) << "held in the guest's own time";
}

}  // namespace
}  // namespace rundown::run
