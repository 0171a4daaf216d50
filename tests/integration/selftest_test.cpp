// SPDX-License-Identifier: MIT
// `rundown selftest` on real guests: the reference guest passes its own tests and notices every
// crime. A test per family, so that what fails is named and can be repeated alone.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "integration/guest_fixture.hpp"
#include "integration/support/leftovers.hpp"
#include "integration/support/program.hpp"
#include "selftest/provocation.hpp"

namespace rundown::selftest {
namespace {

namespace json = boost::json;

struct Ran {
    int exit_code = -1;
    json::value document;
};

/// Runs the program; its document is read from standard output, and nothing may be left of it.
Ran run_selftest(const std::string& filter) {
    const std::string directory = guest::TestPlace::instance().new_directory();
    integration::Invocation invocation;
    invocation.arguments = {
        "selftest", "--json", "--seed", "1", "--out", directory, "--filter", filter};
    invocation.patience = std::chrono::seconds(200);
    const integration::Outcome outcome = integration::run_program(invocation);
    EXPECT_TRUE(integration::leftovers(std::chrono::seconds(2)).empty());
    Ran ran;
    ran.exit_code = outcome.exit_code;
    if (outcome.exit_code == exit_usage) {
        return ran;
    }
    boost::system::error_code error;
    ran.document = json::parse(outcome.out, error);
    EXPECT_FALSE(error) << outcome.err;
    return ran;
}

/// Expects that every test passed and gives back their names.
std::set<std::string> expect_all_passed(const Ran& ran) {
    std::set<std::string> names;
    EXPECT_EQ(ran.exit_code, 0);
    if (!ran.document.is_object()) {
        return names;
    }
    for (const auto& entry : ran.document.at("tests").as_array()) {
        const std::string name(entry.at("name").as_string());
        EXPECT_EQ(entry.at("result").as_string(), "passed")
            << name << ": " << entry.at("sentence").as_string() << "\nagain: "
            << (entry.as_object().contains("again") ? entry.at("again").as_string() : "");
        EXPECT_TRUE(names.insert(name).second) << name;
    }
    return names;
}

class GuestTests : public testing::TestWithParam<const char*> {};

TEST_P(GuestTests, Pass) {
    const std::string family = std::string(GetParam()) + ".";
    const auto names = expect_all_passed(run_selftest(family + "*"));
    EXPECT_FALSE(names.empty());
    for (const auto& name : names) {
        EXPECT_TRUE(name.starts_with(family)) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Families,
    GuestTests,
    testing::Values(
        "ke",
        "mm",
        "rtl",
        "ob",
        "ex",
        "ps",
        "cm",
        "io",
        "ldr",
        "hal",
        "ndis",
        "library",
        "miniport",
        "serialized"
    ),
    [](const testing::TestParamInfo<const char*>& info) { return info.param; }
);

class Provocations : public testing::TestWithParam<std::string> {};

TEST_P(Provocations, EndInTheirBugChecks) {
    const auto names = expect_all_passed(run_selftest("provoke." + GetParam() + ".*"));
    std::set<std::string> wanted;
    for (const auto& provocation : provocations()) {
        if (provocation.family == GetParam()) {
            wanted.insert(provocation.full_name());
        }
    }
    EXPECT_EQ(names, wanted);
}

std::vector<std::string> families() {
    std::set<std::string> names;
    for (const auto& provocation : provocations()) {
        names.insert(std::string(provocation.family));
    }
    return {names.begin(), names.end()};
}

INSTANTIATE_TEST_SUITE_P(
    Families,
    Provocations,
    testing::ValuesIn(families()),
    [](const testing::TestParamInfo<std::string>& info) { return info.param; }
);

TEST(Selftest, KilledWithItsGuestsRunningLeavesNothing) {
    integration::Invocation invocation;
    invocation.arguments = {"selftest", "--out", guest::TestPlace::instance().new_directory()};
    invocation.meanwhile = [](pid_t program) {
        integration::await_qemu(program);
        kill(program, SIGKILL);
    };
    const integration::Outcome outcome = integration::run_program(invocation);
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_TRUE(integration::leftovers(std::chrono::seconds(10)).empty());
}

TEST(Selftest, AFullStandardOutputIsNoSuccess) {
    const std::string command = integration::program() +
                                " selftest --json --filter provoke.object.* --out " +
                                guest::TestPlace::instance().new_directory() + " >/dev/full 2>&1";
    EXPECT_EQ(WEXITSTATUS(system(command.c_str())), exit_could_not_run);
}

TEST(Selftest, AFilterThatMatchesNothingIsAMistake) {
    EXPECT_EQ(run_selftest("provoke.nothing.*").exit_code, 2);
}

}  // namespace
}  // namespace rundown::selftest
