// SPDX-License-Identifier: MIT
// Deliberately faulty drivers, each a line of drivers/defects/defects.toml: exit code 1, the rule
// named there among the findings and none that is not named there, the evidence kept. NIC models
// take turns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

struct Case {
    std::string driver;
    std::string rule;            // Must be among the findings.
    std::set<std::string> also;  // May be.
    std::string scenario;        // Under which it shows.
    std::string nic;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.driver << " under " << c.scenario << " on " << c.nic;
}

std::vector<Case> defects() {
    std::vector<Case> cases;
    const auto table = toml::parse_file(RUNDOWN_SOURCE_DIR "/drivers/defects/defects.toml");
    for (const auto& node : *table["defect"].as_array()) {
        const auto& defect = *node.as_table();
        if (defect["race"].value_or(false)) {
            continue;  // deterministic_test.cpp
        }
        const std::string needs = defect["needs"].value_or(std::string());
        std::istringstream also(defect["also"].value_or(std::string()));
        cases.push_back(
            {defect["name"].value_or(std::string("unnamed")),
             defect["rule"].value_or(std::string("no rule")),
             {std::istream_iterator<std::string>(also), {}},
             needs.empty() ? "unload-idle" : needs,
             cases.size() % 2 == 0 ? "virtio-net" : "e1000"}
        );
    }
    return cases;
}

class Defects : public testing::TestWithParam<Case> {};

TEST_P(Defects, IsFoundAndTheRuleNamed) {
    const auto& c = GetParam();
    const JsonRun run(
        {c.scenario, "--nic", c.nic, "--driver", built("drivers-x64/" + c.driver + ".sys")}
    );
    ASSERT_EQ(run.run_count(), 1u) << run.describe();
    EXPECT_EQ(run.outcome().exit_code, 1) << run.describe();
    EXPECT_EQ(run.verdict(0), "fail");
    EXPECT_THAT(run.rules(0), testing::HasSubstr(c.rule)) << run.describe();
    for (const auto& value : run.run(0).at("verdict").as_object().at("findings").as_array()) {
        const auto& finding = value.as_object();
        const std::string rule(finding.at("rule").as_string());
        EXPECT_TRUE(rule == c.rule || c.also.contains(rule)) << rule << "\n" << run.describe();
        EXPECT_FALSE(finding.at("citation").as_string().empty());
        EXPECT_FALSE(finding.at("explanation").as_string().empty());
    }
    EXPECT_TRUE(std::filesystem::exists(run.artifact(0, "trace")));
    EXPECT_THAT(std::string(run.run(0).at("reproduce").as_string()), testing::HasSubstr("--seed"));
    EXPECT_THAT(leftovers(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, Defects, testing::ValuesIn(defects()), [](const auto& info) {
    std::string name = info.param.driver;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(DefectTable, HasADriverAndARuleForEachLine) {
    const Outcome rules = run_program({"list", "--rules"});
    for (const Case& c : defects()) {
        EXPECT_TRUE(std::filesystem::exists(built("drivers-x64/" + c.driver + ".sys"))) << c.driver;
        EXPECT_THAT(rules.out, testing::HasSubstr(c.rule)) << c.driver;
    }
}

}  // namespace
}  // namespace rundown::integration
