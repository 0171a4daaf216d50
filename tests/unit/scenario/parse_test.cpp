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
    EXPECT_EQ(scenario->deadline(Phase::trigger), Milliseconds(1234));
    EXPECT_EQ(scenario->deadline(Phase::boot), default_deadline(Phase::boot));
}

TEST(ScenarioParse, ComplaintsNameFileLineAndField) {
    EXPECT_EQ(
        error_of("trigger = \"unload\"", "trigger = \"unlaod\""),
        "x.toml:6: field 'trigger' is 'unlaod'; choose from unload, unbind-all, deregister, "
        "power-off, rebind"
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
             "unload-idle",
             "unload-under-load",
             "last-unbind-deregisters",
             "deregister-with-1-open-binding",
             "deregister-with-2-open-bindings",
             "shutdown-while-bound",
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
          Trigger::rebind}) {
        EXPECT_EQ(trigger_from(to_string(trigger)), trigger);
    }
    EXPECT_EQ(load_from("invalid"), Load::invalid);
}

}  // namespace
}  // namespace rundown::scenario
