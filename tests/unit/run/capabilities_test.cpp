// SPDX-License-Identifier: MIT
#include "run/capabilities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/messages.hpp"
#include "run/plan.hpp"

namespace rundown::run {
namespace {

using scenario::Completion;
using scenario::Load;
using scenario::Scenario;
using scenario::Trigger;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Scenario scenario_with(Trigger trigger) {
    Scenario scenario;
    scenario.name = "one";
    scenario.trigger = trigger;
    scenario.load = Load::idle;
    scenario.loads = {Load::idle, Load::heavy};
    return scenario;
}

GuestCapabilities guest(const std::string& text) {
    return capabilities_of(*guest_choice_from(text));
}

std::string why(const GuestCapabilities& guest, const Scenario& scenario, Load load = Load::idle) {
    return why_not(guest, scenario, load, {"e1000"}, "5.1").value_or("");
}

TEST(Capabilities, TheReferenceGuestCanBeAskedForEverything) {
    for (int i = 1; i <= static_cast<int>(Trigger::link_flap); ++i) {
        Scenario scenario = scenario_with(static_cast<Trigger>(i));
        scenario.ndis.close = Completion::pending;
        scenario.ndis.serialized_miniports = true;
        scenario.held.handles = 2;
        EXPECT_EQ(why(guest("reference"), scenario, Load::heavy), "") << i;
    }
}

TEST(Capabilities, ReactOsUnbindsNothing) {
    const auto ros = guest("reactos");
    for (const Trigger trigger :
         {Trigger::unbind_all, Trigger::adapter_disable, Trigger::removal}) {
        EXPECT_THAT(why(ros, scenario_with(trigger)), HasSubstr("never calls ProtocolUnbind"));
    }
    for (const Trigger trigger :
         {Trigger::unload, Trigger::deregister, Trigger::power_off, Trigger::rebind}) {
        EXPECT_EQ(why(ros, scenario_with(trigger)), "");
    }
}

TEST(Capabilities, OnlyOurNdisCanBeTold) {
    Scenario scenario = scenario_with(Trigger::unload);
    scenario.ndis.open = Completion::refused;
    for (const char* text : {"reactos", "windows:w10"}) {
        EXPECT_THAT(why(guest(text), scenario), HasSubstr("completes, and refuses, as it likes"));
    }
    EXPECT_EQ(why(guest("reference:disk"), scenario), "");
}

TEST(Capabilities, WhatTheAgentCannotIsTakenAway) {
    auto windows = guest("windows:w10");
    EXPECT_EQ(why(windows, scenario_with(Trigger::rebind)), "");
    restrict_to_operations(windows, {rpc::Request::kHandleOpen, rpc::Request::kHandleChurn});
    EXPECT_THAT(
        why(windows, scenario_with(Trigger::rebind)),
        HasSubstr("its agent cannot unbind an adapter")
    );
    EXPECT_THAT(why(windows, scenario_with(Trigger::power_off)), HasSubstr("power off"));
    EXPECT_EQ(why(windows, scenario_with(Trigger::unload), Load::heavy), "");
}

TEST(Capabilities, HeavyLoadNeedsHandles) {
    auto windows = guest("windows:w10");
    restrict_to_operations(windows, {});
    EXPECT_EQ(why(windows, scenario_with(Trigger::unload), Load::light), "");
    EXPECT_THAT(why(windows, scenario_with(Trigger::unload), Load::heavy), HasSubstr("handles"));
}

TEST(Capabilities, NicsAndNdisAreTheManifests) {
    auto windows = guest("windows:w10");
    windows.guest = "image 'w10'";
    windows.nic_drivers.emplace()["e1000e"] = "e1i65x64.sys";
    windows.ndis = {"6.50"};
    const Scenario scenario = scenario_with(Trigger::unload);
    EXPECT_THAT(
        why_not(windows, scenario, Load::idle, {"e1000e"}, "5.1").value_or(""),
        HasSubstr("image 'w10' has NDIS 6.50, not 5.1")
    );
    EXPECT_THAT(
        why_not(windows, scenario, Load::idle, {"e1000"}, "6.50").value_or(""),
        HasSubstr("has no driver for the NIC model e1000")
    );
    EXPECT_FALSE(why_not(windows, scenario, Load::idle, {"e1000e"}, "6.50"));
}

TEST(Capabilities, APlanTellsWhatItSkipsAndRunsTheRest) {
    Scenario unbinds = scenario_with(Trigger::unbind_all);
    unbinds.name = "unbinds";
    const std::vector<Scenario> catalogue = {scenario_with(Trigger::unload), unbinds};
    Request request;
    request.all = true;
    request.guest = "reactos";
    request.nic_sets = "e1000";
    request.repeat = 3;
    const auto planned = plan(request, catalogue, guest("reactos"));
    ASSERT_TRUE(planned) << planned.error().sentence;
    EXPECT_THAT(planned->runs, SizeIs(3));
    ASSERT_THAT(planned->skipped, SizeIs(1)) << "told once, not once a repetition";
    EXPECT_EQ(planned->skipped[0].scenario, "unbinds");
    EXPECT_EQ(planned->skipped[0].guest, "reactos");
    EXPECT_THAT(planned->skipped[0].why, HasSubstr("NDIS to unbind single adapters"));
}

TEST(Capabilities, TheReferenceGuestHasNoDriverForOtherPeoplesNics) {
    Request request;
    request.scenarios = {"one"};
    request.nic_sets = "e1000,rtl8139,e1000e";
    const auto planned = plan(request, {scenario_with(Trigger::unload)}, guest("reference"));
    ASSERT_TRUE(planned) << planned.error().sentence;
    EXPECT_THAT(planned->runs, SizeIs(1));
    EXPECT_THAT(planned->skipped, SizeIs(2));
}

TEST(Capabilities, ADeterministicPlanTellsWhatItLeavesOut) {
    Request request;
    request.all = true;
    request.deterministic = true;
    request.nic_sets = "e1000";
    const auto planned = plan(
        request,
        {scenario_with(Trigger::unload), scenario_with(Trigger::surprise_removal)},
        guest("reference")
    );
    ASSERT_TRUE(planned) << planned.error().sentence;
    EXPECT_THAT(planned->runs, SizeIs(1));
}

TEST(Capabilities, DeterministicIsTheBuiltReferenceGuestsAlone) {
    Request request;
    request.all = true;
    request.deterministic = true;
    request.guest = "reactos";
    const auto planned = plan(request, {scenario_with(Trigger::unload)}, guest("reactos"));
    ASSERT_FALSE(planned);
    EXPECT_THAT(planned.error().sentence, HasSubstr("only the reference guest as it was built"));
}

}  // namespace
}  // namespace rundown::run
