// SPDX-License-Identifier: MIT
#include "run/record_of_plan.hpp"

#include <gtest/gtest.h>

#include "run/kernel_words.hpp"

namespace rundown::run {
namespace {

using scenario::Completion;
using scenario::Load;
using scenario::Trigger;

RunSpec spec_of(Trigger trigger, std::vector<std::string> nics) {
    RunSpec spec;
    spec.scenario.name = "x";
    spec.scenario.trigger = trigger;
    spec.scenario.nic_count = static_cast<std::uint32_t>(nics.size());
    spec.nics = std::move(nics);
    spec.load = Load::heavy;
    return spec;
}

const DriverFile kDriver{"/somewhere/mine.sys", "MZ"};

TEST(RecordOfPlan, EveryNicIsToBeBoundUnlessTheScenarioRefuses) {
    RunSpec spec = spec_of(Trigger::unload, {"e1000", "virtio-net"});
    auto record = record_of(spec, kDriver);
    EXPECT_EQ(record.nic_count, 2u);
    EXPECT_EQ(record.driver_module, "mine.sys");
    EXPECT_EQ(record.promised.binds_refused, 0u);
    EXPECT_TRUE(record.promised.filters_set);
    EXPECT_FALSE(record.promised.filters_left);

    spec.scenario.bindings = 0;
    record = record_of(spec, kDriver);
    EXPECT_EQ(record.nic_count, 0u);
    EXPECT_EQ(record.promised.binds_refused, 2u);
    EXPECT_FALSE(record.promised.filters_set);
}

TEST(RecordOfPlan, WhatTheScenarioHoldsAndForcesIsPromised) {
    RunSpec spec = spec_of(Trigger::link_flap, {"e1000"});
    spec.scenario.cycles = 3;
    spec.scenario.held = {5, 1, 2};
    spec.scenario.ndis.close = Completion::pending;
    spec.scenario.ndis.open = Completion::refused;
    spec.scenario.driver_parameters["LeaveFilters"] = 1;
    const auto promised = record_of(spec, kDriver).promised;
    EXPECT_EQ(promised.link_changes, 6u) << "down and up";
    EXPECT_EQ(promised.receives_held, 5u);
    EXPECT_EQ(promised.requests_held, 1u);
    EXPECT_EQ(promised.handles_held, 2u);
    EXPECT_EQ(promised.closes, "pending");
    EXPECT_EQ(promised.opens, "") << "a refusal is looked for where binds are refused";
    EXPECT_TRUE(promised.filters_left);
}

TEST(KernelWords, SayWhatTheScenarioTakesFromTheSeed) {
    scenario::Scenario scenario;
    EXPECT_EQ(kernel_words(scenario, Load::idle), "");
    scenario.ndis.close = Completion::pending;
    scenario.ndis.open = Completion::synchronous;
    EXPECT_EQ(kernel_words(scenario, Load::idle), " ndis_open=sync ndis_close=pend");
    scenario.ndis = {};
    scenario.ndis.open = Completion::refused_late;
    EXPECT_EQ(kernel_words(scenario, Load::light), " ndis_open=refuse-late");
    scenario.trigger = Trigger::surprise_removal;
    scenario.ndis = {Completion::refused, Completion::seeded, 100, 0x10107};
    EXPECT_EQ(
        kernel_words(scenario, Load::heavy),
        " ndis_open=refuse ndis_request_ms=100 ndis_request_oid=0x10107 pnp_removal=surprise"
    );
}

TEST(KernelWords, UnderHeavyLoadOneRequestTakesItsTime) {
    EXPECT_EQ(
        kernel_words(scenario::Scenario{}, Load::heavy),
        " ndis_request_ms=4 ndis_request_oid=0x10107"
    );
}

}  // namespace
}  // namespace rundown::run
