// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "scenario/scenario.hpp"

namespace rundown::scenario {
namespace {

using testing::HasSubstr;

const std::string kValid = R"(
name = "unload-idle"
summary = "Stops the driver."
contract = ["S4"]
loads = ["idle", "heavy"]
trigger = "unload"
deadlines_ms = { trigger = 1234 }
driver_parameters = { DeregisterOn = 1 }
ndis = { close = "pending", open = "refused", request_ms = 20, request_oid = 0x10107 }
held = { requests = 1, handles = 2 }
)";

/// The error of kValid with `from` replaced by `to`.
std::string error_of(const std::string& from, const std::string& to) {
    std::string text = kValid;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto scenario = parse(text, "x.toml");
    EXPECT_FALSE(scenario.has_value()) << text;
    return scenario ? "" : scenario.error().sentence;
}

TEST(ScenarioParse, ReadsEveryField) {
    const auto scenario = parse(kValid, "x.toml");
    ASSERT_TRUE(scenario) << scenario.error().sentence;
    EXPECT_EQ(scenario->name, "unload-idle");
    EXPECT_EQ(scenario->trigger, Trigger::unload);
    EXPECT_EQ(scenario->load, Load::idle) << "the first of `loads` is the default";
    EXPECT_EQ(scenario->loads.size(), 2u);
    EXPECT_EQ(scenario->nic_count, 1u);
    EXPECT_TRUE(scenario->reload);
    EXPECT_EQ(scenario->driver_parameters.at("DeregisterOn"), 1u);
    EXPECT_EQ(scenario->ndis.close, Completion::pending);
    EXPECT_EQ(scenario->ndis.open, Completion::refused);
    EXPECT_EQ(scenario->ndis.request_ms, 20u);
    EXPECT_EQ(scenario->ndis.request_oid, 0x10107u);
    EXPECT_EQ(scenario->held.requests, 1u);
    EXPECT_EQ(scenario->held.handles, 2u);
    EXPECT_EQ(scenario->held.receives, 0u);
    EXPECT_EQ(scenario->bindings_with(2), 2u) << "one a NIC, unless 'bindings' says otherwise";
    EXPECT_EQ(scenario->deadline(Phase::trigger), Milliseconds(1234));
    EXPECT_EQ(scenario->deadline(Phase::boot), default_deadline(Phase::boot));
}

TEST(ScenarioParse, ComplaintsNameFileLineAndField) {
    EXPECT_EQ(
        error_of("trigger = \"unload\"", "trigger = \"unlaod\""),
        "x.toml:6: field 'trigger' is 'unlaod'; choose from unload, unbind-all, deregister, "
        "power-off, reboot, rebind, adapter-disable, removal, surprise-removal, link-flap"
    );
    EXPECT_THAT(
        error_of("name = \"unload-idle\"", "name = 5"), HasSubstr("x.toml:2: field 'name'")
    );
    EXPECT_THAT(error_of("name = \"unload-idle\"\n", "\n"), HasSubstr("field 'name' is missing"));
    EXPECT_THAT(
        error_of("\"idle\", \"heavy\"", "\"idle\", \"huge\""), HasSubstr("'loads' has 'huge'")
    );
    EXPECT_THAT(error_of("{ trigger = 1234 }", "{ tigger = 1 }"), HasSubstr("phase 'tigger'"));
    EXPECT_THAT(
        error_of("{ trigger = 1234 }", "{ trigger = -1 }"), HasSubstr("deadlines_ms.trigger")
    );
    EXPECT_THAT(
        error_of("trigger = \"unload\"", "trigger = \"unload\"\nnisc = 2"),
        HasSubstr("field 'nisc' is not")
    );
    EXPECT_THAT(
        error_of("trigger = \"unload\"", "trigger = \"unload\"\nnics = 9"), HasSubstr("from 0 to 8")
    );
    EXPECT_THAT(
        error_of("trigger = \"unload\"", "trigger = \"unload\"\ncycles = 2"),
        HasSubstr("'cycles' only goes")
    );
    EXPECT_THAT(
        error_of("trigger = \"unload\"", "trigger = \"unload\"\nnics = 0"),
        HasSubstr("without NICs")
    );
    EXPECT_THAT(error_of("[\"S4\"]", "[]"), HasSubstr("field 'contract'"));
    EXPECT_THAT(error_of("[\"S4\"]", "["), HasSubstr("not valid TOML"));
}

TEST(ScenarioParse, FieldsOfTablesAreNamedWithTheirTable) {
    EXPECT_EQ(
        error_of("close = \"pending\"", "close = \"late\""),
        "x.toml:9: field 'ndis.close' is 'late'; choose from seeded, pending, synchronous"
    );
    EXPECT_THAT(
        error_of("close = \"pending\"", "close = \"refused\""), HasSubstr("field 'ndis.close' is")
    );
    EXPECT_THAT(
        error_of("open = \"refused\"", "open = \"denied\""), HasSubstr("refused, refused-late")
    );
    EXPECT_THAT(
        error_of("request_ms = 20", "request_ms = 1001"),
        HasSubstr("field 'ndis.request_ms' must be a whole number from 0 to 1000")
    );
    EXPECT_THAT(
        error_of("requests = 1", "request = 1"), HasSubstr("field 'held.request' is not a field")
    );
    EXPECT_THAT(error_of("handles = 2", "handles = 17"), HasSubstr("field 'held.handles' must"));
    EXPECT_THAT(
        error_of("held = { requests = 1, handles = 2 }", "held = 2"),
        HasSubstr("field 'held' must be a table")
    );
}

/// kValid with this line behind its last.
std::string error_with(const std::string& line) {
    return error_of("held = { requests = 1, handles = 2 }", line);
}

TEST(ScenarioParse, WhatDoesNotGoTogetherIsRefused) {
    EXPECT_THAT(error_with("bindings = 2"), HasSubstr("'bindings' cannot be more than 'nics'"));
    EXPECT_THAT(
        error_with("bindings = 0"), HasSubstr("only be [\"idle\"] without NICs or bindings")
    );
    EXPECT_THAT(error_with("held = { receives = 2 }"), HasSubstr("field 'loads' cannot have idle"));
    EXPECT_THAT(
        error_of("trigger = \"unload\"", "trigger = \"rebind\""),
        HasSubstr("'handles', which only go with the trigger 'unload'")
    );
    EXPECT_THAT(
        error_of("trigger = \"unload\"", "trigger = \"reboot\""),
        HasSubstr("field 'trigger' needs reload = false")
    );
    EXPECT_THAT(
        error_of("trigger = \"unload\"", "trigger = \"power-off\"\nreload = true"),
        HasSubstr("x.toml:7: field 'reload' needs reload = false")
    );
    EXPECT_THAT(
        error_of("loads = [\"idle\", \"heavy\"]", "loads = [\"idle\"]\nnics = 0"),
        HasSubstr("field 'held' can only be of 'handles' without NICs or bindings")
    );
}

TEST(ScenarioParse, TriggersThatNeedABindingDoNotGoWithoutOne) {
    for (const char* trigger :
         {"rebind", "adapter-disable", "removal", "surprise-removal", "link-flap"}) {
        const auto scenario = parse(
            std::string("name = \"x\"\nsummary = \"x\"\ncontract = [\"S1\"]\nloads = [\"idle\"]\n"
            ) + "nics = 2\nbindings = 0\ntrigger = \"" +
                trigger + "\"\n",
            "x.toml"
        );
        ASSERT_FALSE(scenario) << trigger;
        EXPECT_THAT(scenario.error().sentence, HasSubstr("x.toml:6: field 'bindings' must be at"));
    }
}

TEST(ScenarioParse, EveryShippedScenarioIsValidAndNamedAfterItsFile) {
    const auto scenarios = load_directory(std::string(RUNDOWN_SOURCE_DIR) + "/tests/scenarios");
    ASSERT_TRUE(scenarios) << scenarios.error().sentence;
    std::set<std::string> names;
    for (const auto& scenario : *scenarios) {
        names.insert(scenario.name);
        EXPECT_THAT(scenario.file, testing::EndsWith("/" + scenario.name + ".toml"));
    }
    EXPECT_THAT(
        names,
        testing::IsSupersetOf(
            {"no-adapter",
             "bind-refused",
             "unload-idle",
             "unload-under-load",
             "last-unbind-deregisters",
             "deregister-with-1-open-binding",
             "deregister-with-2-open-bindings",
             "deregister-with-8-open-bindings",
             "close-pending",
             "close-synchronous",
             "filters-released",
             "shutdown-while-bound",
             "reboot-while-bound",
             "adapter-disable",
             "device-removal",
             "surprise-removal",
             "link-flap",
             "unload-with-open-handle",
             "receives-held",
             "request-held",
             "rebind-loop"}
        )
    );
}

TEST(ScenarioFind, SuggestsTheNearestName) {
    Scenario scenario;
    scenario.name = "unload-idle";
    const auto found = find({scenario}, "unlaod-idle");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::usage);
    EXPECT_THAT(found.error().sentence, HasSubstr("did you mean 'unload-idle'?"));
    EXPECT_THAT(find({scenario}, "x").error().sentence, testing::Not(HasSubstr("did you mean")));
}

TEST(ScenarioNames, RoundTrip) {
    for (auto load : {Load::idle, Load::light, Load::heavy}) {
        EXPECT_EQ(load_from(to_string(load)), load);
    }
    for (auto trigger :
         {Trigger::unload,
          Trigger::unbind_all,
          Trigger::deregister,
          Trigger::power_off,
          Trigger::reboot,
          Trigger::rebind,
          Trigger::adapter_disable,
          Trigger::removal,
          Trigger::surprise_removal,
          Trigger::link_flap}) {
        EXPECT_EQ(trigger_from(to_string(trigger)), trigger);
    }
    for (auto completion :
         {Completion::seeded,
          Completion::pending,
          Completion::synchronous,
          Completion::refused,
          Completion::refused_late}) {
        EXPECT_EQ(completion_from(to_string(completion)), completion);
    }
    EXPECT_EQ(load_from("invalid"), Load::invalid);
}

}  // namespace
}  // namespace rundown::scenario
