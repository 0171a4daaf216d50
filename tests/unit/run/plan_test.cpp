// SPDX-License-Identifier: MIT
#include "run/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rundown::run {
namespace {

using scenario::Load;
using scenario::Scenario;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Scenario make(const std::string& name, std::uint32_t nics, std::vector<Load> loads) {
    Scenario scenario;
    scenario.name = name;
    scenario.nic_count = nics;
    scenario.load = loads.front();
    scenario.loads = std::move(loads);
    return scenario;
}

const std::vector<Scenario> kCatalogue = {
    make("none", 0, {Load::idle}),
    make("one", 1, {Load::heavy, Load::idle}),
    make("two", 2, {Load::heavy}),
};

/// The runs on the reference guest.
result<std::vector<RunSpec>> plan_for(
    const Request& request, const std::vector<Scenario>& catalogue
) {
    const auto choice = guest_choice_from(request.guest);
    RUNDOWN_TRY(choice);
    auto planned = plan(request, catalogue, capabilities_of(*choice));
    RUNDOWN_TRY(planned);
    return std::move(planned->runs);
}

std::string error_of(const Request& request) {
    const auto specs = plan_for(request, kCatalogue);
    EXPECT_FALSE(specs.has_value());
    return specs ? "" : specs.error().sentence;
}

Request for_scenario(const std::string& name) {
    Request request;
    request.scenarios = {name};
    return request;
}

TEST(Plan, AllRunsEachScenarioOncePerNicSetAndTheOneWithoutNicsOnce) {
    Request request;
    request.all = true;
    request.nic_sets = "e1000,virtio-net,e1000+virtio-net";
    const auto specs = plan_for(request, kCatalogue);
    ASSERT_TRUE(specs) << specs.error().sentence;
    std::vector<std::string> ids;
    for (const auto& spec : *specs) {
        ids.push_back(spec.id);
    }
    EXPECT_THAT(
        ids,
        ElementsAre(
            "none.idle",
            "one.e1000.heavy",
            "one.virtio-net.heavy",
            "one.e1000+virtio-net.heavy",
            "two.e1000+e1000.heavy",
            "two.virtio-net+virtio-net.heavy",
            "two.e1000+virtio-net.heavy"
        )
    );
}

TEST(Plan, RepetitionsHaveTheirOwnSeedAndId) {
    Request request = for_scenario("one");
    request.nic_sets = "e1000";
    request.repeat = 3;
    request.seed = 40;
    const auto specs = plan_for(request, kCatalogue);
    ASSERT_TRUE(specs);
    ASSERT_EQ(specs->size(), 3u);
    EXPECT_EQ(specs->at(2).seed, 42u);
    EXPECT_EQ(specs->at(2).id, "one.e1000.heavy.0003");
}

TEST(Plan, ALoadTheScenarioDoesNotRunWithIsRefusedWhenItWasNamed) {
    Request request = for_scenario("two");
    request.load = "idle";
    EXPECT_THAT(
        error_of(request),
        HasSubstr("scenario 'two' does not run with load 'idle'; it runs with heavy")
    );
    request.load = "huge";
    EXPECT_THAT(error_of(request), HasSubstr("choose from idle, light, heavy, all"));
    request.load = "heavy,idle";
    EXPECT_THAT(error_of(request), HasSubstr("scenario 'two' does not run with load 'heavy,idle'"));
    request.load = "heavy,";
    EXPECT_THAT(error_of(request), HasSubstr("--load: unknown load ''"));
}

std::vector<std::string> ids_of(const Request& request) {
    const auto specs = plan_for(request, kCatalogue);
    EXPECT_TRUE(specs) << specs.error().sentence;
    std::vector<std::string> ids;
    for (const auto& spec : *specs) {
        ids.push_back(spec.id);
    }
    return ids;
}

TEST(Plan, WhatCannotBeTheSameEachTimeIsRefusedWhenNamedAndLeftOutOfAll) {
    std::vector<Scenario> catalogue = kCatalogue;
    catalogue.push_back(make("removed", 1, {Load::idle}));
    catalogue.back().trigger = scenario::Trigger::surprise_removal;
    Request request = for_scenario("removed");
    request.deterministic = true;
    const auto named = plan_for(request, catalogue);
    ASSERT_FALSE(named);
    EXPECT_THAT(named.error().sentence, AllOf(HasSubstr("--deterministic"), HasSubstr("removed")));
    request.scenarios.clear();
    request.all = true;
    const auto all = plan_for(request, catalogue);
    ASSERT_TRUE(all) << all.error().sentence;
    EXPECT_FALSE(all->empty());
    for (const auto& spec : *all) {
        EXPECT_NE(spec.scenario.name, "removed");
        EXPECT_TRUE(spec.deterministic);
    }
}

TEST(Plan, TheSerialLineAloneIsNotDeterministic) {
    Request request = for_scenario("one");
    request.serial_only = true;
    const auto specs = plan_for(request, kCatalogue);
    ASSERT_TRUE(specs) << specs.error().sentence;
    EXPECT_TRUE(specs->front().serial_only);
    request.deterministic = true;
    EXPECT_THAT(error_of(request), AllOf(HasSubstr("--deterministic"), HasSubstr("--serial-only")));
}

TEST(Plan, SeveralLoadsAreSeveralRuns) {
    Request request = for_scenario("one");
    request.nic_sets = "e1000";
    request.load = "idle,heavy";
    EXPECT_THAT(ids_of(request), ElementsAre("one.e1000.idle", "one.e1000.heavy"));
    request.load = "all";
    EXPECT_THAT(ids_of(request), ElementsAre("one.e1000.heavy", "one.e1000.idle"));
    request = Request{};
    request.all = true;
    request.nic_sets = "e1000";
    request.load = "idle,heavy";
    EXPECT_THAT(
        ids_of(request),
        ElementsAre("none.idle", "one.e1000.idle", "one.e1000.heavy", "two.e1000+e1000.heavy")
    );
}

TEST(Plan, MixedModelsAreForScenariosWithTwoNicsOrMore) {
    Request request = for_scenario("two");
    request.nic_sets = "mixed";
    const auto specs = plan_for(request, kCatalogue);
    ASSERT_TRUE(specs) << specs.error().sentence;
    EXPECT_THAT(specs->at(0).nics, ElementsAre("e1000", "virtio-net"));
    EXPECT_THAT(
        error_of([] {
            Request one = for_scenario("one");
            one.nic_sets = "mixed";
            return one;
        }()),
        HasSubstr("--nic: scenario 'one' needs 1 NIC, so there is nothing to be mixed")
    );
    request = Request{};
    request.all = true;
    request.nic_sets = "e1000,mixed";
    EXPECT_THAT(
        ids_of(request),
        ElementsAre(
            "none.idle", "one.e1000.heavy", "two.e1000+e1000.heavy", "two.e1000+virtio-net.heavy"
        )
    );
    request = Request{};
    request.scenarios = {"none", "one"};
    request.nic_sets = "mixed";
    EXPECT_THAT(error_of(request), HasSubstr("none of these scenarios has two NICs"));
}

TEST(Plan, ALoadForAllIsTakenWhereItFits) {
    Request request;
    request.all = true;
    request.nic_sets = "e1000";
    request.load = "idle";
    const auto specs = plan_for(request, kCatalogue);
    ASSERT_TRUE(specs);
    EXPECT_EQ(specs->at(1).load, Load::idle);
    EXPECT_EQ(specs->at(2).load, Load::heavy);
}

TEST(Plan, EveryWrongOptionIsNamedWithItsChoices) {
    Request request = for_scenario("one");
    request.nic_sets = "e1000,ne2000";
    EXPECT_THAT(
        error_of(request),
        AllOf(
            HasSubstr("--nic: unknown NIC model 'ne2000'"),
            HasSubstr("choose from e1000, virtio-net, virtio-net-modern, virtio-net-transitional, "
                      "virtio-net-legacy")
        )
    );
    request.nic_sets = "e1000+e1000+e1000+e1000+e1000+e1000+e1000+e1000+e1000";
    EXPECT_THAT(error_of(request), HasSubstr("at most 8"));
    request = for_scenario("one");
    request.guest = "beos";
    EXPECT_THAT(error_of(request), HasSubstr("--guest: unknown guest 'beos'"));
    request = for_scenario("one");
    request.ndis = "7";
    EXPECT_THAT(error_of(request), HasSubstr("--ndis: unknown version '7'"));
    request = for_scenario("one");
    request.repeat = 0;
    EXPECT_THAT(error_of(request), HasSubstr("--repeat"));
    EXPECT_THAT(error_of(for_scenario("onne")), HasSubstr("did you mean 'one'?"));
    EXPECT_THAT(error_of(Request{}), HasSubstr("name at least one scenario"));
    request = for_scenario("one");
    request.all = true;
    EXPECT_THAT(error_of(request), HasSubstr("--all"));
}

}  // namespace
}  // namespace rundown::run
