// SPDX-License-Identifier: MIT
// What a person can get wrong before anything boots: one clear sentence, the right exit code,
// nothing started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/support/program.hpp"

namespace rundown::integration {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Usage errors are one line on standard error, nothing on standard output, exit code 2.
void expect_usage_error(
    const std::vector<std::string>& arguments, const std::string& sentence_part
) {
    const Outcome outcome = run_program(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("rundown: "));
    EXPECT_THAT(outcome.err, HasSubstr(sentence_part));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

TEST(CommandLine, WrongWordsAreRefusedInOneSentence) {
    expect_usage_error(
        {"run", "unlaod-idle"}, "unknown scenario 'unlaod-idle': did you mean 'unload-idle'?"
    );
    expect_usage_error({"run", "unload-idle", "--nic", "ne2000"}, "unknown NIC model 'ne2000'");
    expect_usage_error(
        {"run", "unload-idle", "--nic", "e1000,virtio"},
        "unknown NIC model 'virtio': did you mean 'virtio-net'?"
    );
    expect_usage_error({"run", "unload-idle", "--guest", "referance"}, "did you mean 'reference'?");
    expect_usage_error({"run", "unload-idle", "--load", "haevy"}, "did you mean 'heavy'?");
    expect_usage_error({"run", "unload-idle", "--nics", "e1000"}, "did you mean '--nic'?");
    expect_usage_error({"run", "unload-idle", "--jsn"}, "did you mean '--json'?");
    expect_usage_error({"rnu", "unload-idle"}, "did you mean 'run'?");
    expect_usage_error({"run", "unload-idle", "--accel", "tgc"}, "did you mean 'tcg'?");
    expect_usage_error({"list", "unload-idle"}, "`rundown list` takes no 'unload-idle'");
    expect_usage_error({"run", "unload-idle", "--seed"}, "--seed");
    expect_usage_error({"run", "unload-idle", "--nic", ""}, "unknown NIC model ''");
    expect_usage_error({"run", std::string(5000, 'x')}, "unknown scenario");
    expect_usage_error({"run", "unload-idle", "--guest", "beos"}, "unknown guest 'beos'");
    expect_usage_error({"run", "unload-idle", "--ndis", "9"}, "--ndis");
    expect_usage_error({"run", "unload-idle", "--load", "heavy"}, "does not run with load 'heavy'");
    expect_usage_error({"run", "unload-idle", "--repeat", "0"}, "--repeat");
    expect_usage_error({"run", "unload-idle", "--repeat", "many"}, "--repeat");
    expect_usage_error({"run", "unload-idle", "--frobnicate"}, "--frobnicate");
    expect_usage_error({"run", "unload-idle", "--accel", "hvf"}, "hvf");
    expect_usage_error({"run"}, "name at least one scenario");
    expect_usage_error({"walk"}, "walk");
    expect_usage_error({}, "needs a command");
    expect_usage_error({"replay", "/nowhere/at/all"}, "/nowhere/at/all");
}

TEST(CommandLine, HelpHasExamplesAndExitCodes) {
    const Outcome outcome = run_program({"--help"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("Examples:"));
    EXPECT_THAT(outcome.out, HasSubstr("69 could not run or inconclusive"));
}

TEST(CommandLine, ListNamesEveryScenarioAndRule) {
    const Outcome scenarios = run_program({"list"});
    EXPECT_EQ(scenarios.exit_code, 0);
    EXPECT_THAT(scenarios.out, HasSubstr("unload-under-load"));
    EXPECT_THAT(scenarios.out, HasSubstr("S4"));
    const Outcome rules = run_program({"list", "--rules"});
    EXPECT_EQ(rules.exit_code, 0);
    EXPECT_THAT(rules.out, HasSubstr("open-closed-once"));
}

TEST(CommandLine, AMalformedScenarioFileIsNamedWithLineAndField) {
    // The assets directory is the only way to bring a scenario of one's own; a broken one must not
    // boot anything.
    TemporaryDirectory assets;
    ASSERT_EQ(system(("mkdir -p " + assets.path() + "/scenarios").c_str()), 0);
    assets.file(
        "scenarios/broken.toml",
        "name = \"broken\"\nsummary = \"x\"\ncontract = [\"S4\"]\nloads = [\"idle\"]\ntrigger = "
        "\"boom\"\n"
    );
    Invocation invocation;
    invocation.arguments = {"run", "broken"};
    invocation.environment = {"RUNDOWN_ASSETS=" + assets.path()};
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("broken.toml:5: field 'trigger' is 'boom'"));
}

/// What a run says when this is the one scenario file there is.
std::string complaint_about(const std::string& text) {
    TemporaryDirectory assets;
    EXPECT_EQ(system(("mkdir -p " + assets.path() + "/scenarios").c_str()), 0);
    assets.file("scenarios/broken.toml", text);
    Invocation invocation;
    invocation.arguments = {"run", "broken"};
    invocation.environment = {"RUNDOWN_ASSETS=" + assets.path()};
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 2) << text.substr(0, 200) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("broken.toml"));
    return outcome.err;
}

TEST(CommandLine, WhateverIsWrongInAScenarioFileIsNamed) {
    const std::string good = contents_of(built("scenarios") + "/unload-idle.toml");
    ASSERT_FALSE(good.empty());
    EXPECT_THAT(complaint_about(""), HasSubstr("field 'name'"));
    EXPECT_THAT(complaint_about(good + "\nnonsense = 1\n"), HasSubstr("nonsense"));
    EXPECT_THAT(complaint_about("name = 7\n" + good.substr(good.find('\n'))), HasSubstr("name"));
    EXPECT_THAT(complaint_about("name = \"open"), HasSubstr("broken.toml:1"));
    EXPECT_THAT(complaint_about(good + "\n[["), HasSubstr("broken.toml:"));
    EXPECT_THAT(complaint_about(std::string("\0\xFF\xFE\x01", 4)), HasSubstr("broken.toml:1"));
    EXPECT_THAT(complaint_about(std::string(200000, '[')), HasSubstr("broken.toml:1"));
}

TEST(CommandLine, MissingGuestFilesAreNamedWithTheCommandThatMakesThem) {
    TemporaryDirectory assets;
    ASSERT_EQ(system(("cp -r " + built("scenarios") + " " + assets.path()).c_str()), 0);
    Invocation invocation;
    invocation.arguments = {"run", "no-adapter", "--out", assets.path() + "/out"};
    invocation.environment = {"RUNDOWN_ASSETS=" + assets.path()};
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69);
    EXPECT_THAT(outcome.err, HasSubstr("boot.elf is missing"));
    EXPECT_THAT(outcome.err, HasSubstr("make build"));
}

}  // namespace
}  // namespace rundown::integration
