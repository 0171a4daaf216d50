// SPDX-License-Identifier: MIT
// Every case of tests/traces: the rule its folder names reports what the case expects, and nothing
// else; every rule has cases that trip it and cases that must not; recorded runs of a conforming
// driver (folder "conforming") trip none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "oracle/evidence.hpp"
#include "oracle/oracle.hpp"
#include "support/trace_case.hpp"

namespace rundown::oracle {
namespace {

namespace fs = std::filesystem;

const fs::path kTraces = fs::path(RUNDOWN_SOURCE_DIR) / "tests" / "traces";

constexpr const char* kConforming = "conforming/";

/// Cases of a rule, or the recorded conforming runs, by name.
std::vector<std::string> cases_in(bool conforming) {
    std::vector<std::string> cases;
    for (const auto& entry : fs::recursive_directory_iterator(kTraces)) {
        const std::string name = fs::relative(entry.path(), kTraces).string();
        if (entry.path().extension() == ".trace" && name.starts_with(kConforming) == conforming) {
            cases.push_back(name);
        }
    }
    std::sort(cases.begin(), cases.end());
    return cases;
}

std::vector<std::string> all_cases() {
    return cases_in(false);
}

std::string contents_of(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const Rule* rule_named(const std::string& name) {
    for (const Rule& rule : rules()) {
        if (rule.name == name) {
            return &rule;
        }
    }
    return nullptr;
}

bool matches(const Finding& finding, const test::Expectation& expectation) {
    return finding.event == expectation.event &&
           finding.explanation.find(expectation.words) != std::string::npos;
}

std::string words_for(const std::vector<Finding>& findings) {
    std::string words;
    for (const Finding& finding : findings) {
        words += "  event " + (finding.event ? std::to_string(*finding.event) : "none") + ": " +
                 finding.explanation + "\n";
    }
    return words.empty() ? "  nothing\n" : words;
}

class Traces : public testing::TestWithParam<std::string> {};

TEST_P(Traces, RuleSaysWhatTheCaseExpects) {
    const fs::path path = GetParam();
    const auto parsed = test::parse_case(contents_of(kTraces / path));
    ASSERT_TRUE(parsed) << parsed.error().sentence;
    const Rule* rule = rule_named(path.parent_path().string());
    ASSERT_NE(rule, nullptr) << "no rule is named like the folder";
    const Evidence evidence(parsed->record);
    Findings collected(*rule);
    rule->check(evidence, collected);
    const auto findings = std::move(collected).take();

    const bool trips = path.filename().string().starts_with("trips-");
    EXPECT_EQ(trips, !parsed->expectations.empty()) << "the name and the expectations disagree";
    EXPECT_EQ(findings.size(), parsed->expectations.size()) << "found:\n" << words_for(findings);
    for (const auto& expectation : parsed->expectations) {
        EXPECT_TRUE(std::any_of(
            findings.begin(),
            findings.end(),
            [&](const Finding& finding) { return matches(finding, expectation); }
        )) << "expected '"
           << expectation.words << "', found:\n"
           << words_for(findings);
    }
    for (const Finding& finding : findings) {
        EXPECT_EQ(finding.rule, rule->name);
        EXPECT_EQ(finding.citation, rule->citation);
    }
}

/// Names of the rules that find something in the case, in the oracle's order.
std::vector<std::string> rules_that_fire(const RunRecord& record) {
    const Evidence evidence(record);
    std::vector<std::string> names;
    for (const Rule& rule : rules()) {
        Findings collected(rule);
        rule.check(evidence, collected);
        if (!collected.empty()) {
            names.emplace_back(rule.name);
        }
    }
    return names;
}

/// A case that shows one wrong thing must not set off rules that are about another.
TEST_P(Traces, OnlyDeclaredRulesFire) {
    const fs::path path = GetParam();
    const auto parsed = test::parse_case(contents_of(kTraces / path));
    ASSERT_TRUE(parsed) << parsed.error().sentence;
    std::vector<std::string> declared = parsed->also;
    if (path.filename().string().starts_with("trips-")) {
        declared.push_back(path.parent_path().string());
    }
    EXPECT_THAT(rules_that_fire(parsed->record), testing::UnorderedElementsAreArray(declared));
}

INSTANTIATE_TEST_SUITE_P(All, Traces, testing::ValuesIn(all_cases()), [](const auto& info) {
    std::string name = info.param;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_'
    );
    return name;
});

TEST(TraceCases, RecordedConformingRunsTripNoRule) {
    const auto cases = cases_in(true);
    EXPECT_FALSE(cases.empty());
    for (const std::string& name : cases) {
        const auto parsed = test::parse_case(contents_of(kTraces / name));
        ASSERT_TRUE(parsed) << name << ": " << parsed.error().sentence;
        const Evidence evidence(parsed->record);
        for (const Rule& rule : rules()) {
            Findings collected(rule);
            rule.check(evidence, collected);
            const auto findings = std::move(collected).take();
            EXPECT_TRUE(findings.empty()) << name << ", " << rule.name << ":\n"
                                          << words_for(findings);
        }
    }
}

TEST(TraceCases, EveryRuleHasOneThatTripsAndOneThatPasses) {
    const auto cases = all_cases();
    for (const Rule& rule : rules()) {
        for (const char* kind : {"/trips-", "/passes-"}) {
            const std::string prefix = std::string(rule.name) + kind;
            EXPECT_TRUE(std::any_of(
                cases.begin(),
                cases.end(),
                [&](const std::string& name) { return name.starts_with(prefix); }
            )) << "no case "
               << prefix << "*";
        }
    }
}

/// Were a rule to find nothing, some run that is wrong would pass: there is a case that no other
/// rule sees.
TEST(TraceCases, EveryRuleIsTheOnlyOneToSeeSomeCase) {
    std::set<std::string> alone;
    for (const std::string& name : all_cases()) {
        const auto parsed = test::parse_case(contents_of(kTraces / name));
        ASSERT_TRUE(parsed) << name << ": " << parsed.error().sentence;
        const auto fired = rules_that_fire(parsed->record);
        if (fired.size() == 1) {
            alone.insert(fired.front());
            EXPECT_EQ(judge(parsed->record).verdict.kind, VerdictKind::fail) << name;
        }
    }
    for (const Rule& rule : rules()) {
        EXPECT_TRUE(alone.contains(std::string(rule.name))) << rule.name;
    }
}

TEST(TraceCases, NonsenseIsRefusedWithItsLine) {
    for (const char* text :
         {"driver call no-such-event\n",
          "driver call\n",
          "nobody call send\n",
          "\ndriver call send arg0\n",
          "run nothing=1\n",
          "census never\n",
          "expect @nowhere\n",
          "torn 0\n"}) {
        const auto parsed = test::parse_case(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(parsed.error().sentence.find("line "), std::string::npos);
    }
}

}  // namespace
}  // namespace rundown::oracle
