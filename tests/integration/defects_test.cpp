// SPDX-License-Identifier: MIT
// Deliberately faulty drivers: exit code 1, the right rule named, the evidence kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

struct Case {
    std::string driver;
    std::string rule;  // Must be among the findings.
    std::string scenario;
};

class Defects : public testing::TestWithParam<Case> {};

TEST_P(Defects, IsFoundAndTheRuleNamed) {
    const auto& c = GetParam();
    const JsonRun run(
        {c.scenario, "--nic", "virtio-net", "--driver", built("drivers-x64/" + c.driver + ".sys")}
    );
    ASSERT_EQ(run.run_count(), 1u) << run.describe();
    EXPECT_EQ(run.outcome().exit_code, 1) << run.describe();
    EXPECT_EQ(run.verdict(0), "fail");
    EXPECT_THAT(run.rules(0), testing::HasSubstr(c.rule)) << run.describe();
    for (const auto& value : run.run(0).at("verdict").as_object().at("findings").as_array()) {
        const auto& finding = value.as_object();
        EXPECT_FALSE(finding.at("citation").as_string().empty());
        EXPECT_FALSE(finding.at("explanation").as_string().empty());
    }
    EXPECT_TRUE(std::filesystem::exists(run.artifact(0, "trace")));
    EXPECT_THAT(std::string(run.run(0).at("reproduce").as_string()), testing::HasSubstr("--seed"));
    EXPECT_THAT(leftovers(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Defects,
    testing::Values(
        Case{"never-closes", "open-closed-once", "unload-idle"},
        Case{"leaks-packet-pool", "pool-balance", "unload-idle"},
        Case{"touches-after-deregister", "no-callback-after-deregister", "unload-idle"},
        Case{"never-returns-from-unload", "deadline", "unload-idle"},
        Case{"hangs-the-guest", "deadline", "unload-idle"},
        Case{"bug-checks", "bug-check", "unload-idle"}
    ),
    [](const auto& info) {
        std::string name = info.param.driver;
        std::replace(name.begin(), name.end(), '-', '_');
        return name;
    }
);

}  // namespace
}  // namespace rundown::integration
