// SPDX-License-Identifier: MIT
// Lines of self-tests: the guest is what is under test, so nothing but the exact form counts.
#include "selftest/test_log.hpp"

#include <gmock/gmock.h>

#include "selftest/glob.hpp"
#include "selftest/report.hpp"

namespace rundown::selftest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kGood =
    "something else the guest says\n"
    "selftest ke.events: start\n"
    "selftest ke.events: ok\n"
    "selftest mm.pool-of-module: start\n"
    "selftest mm.pool-of-module: FAILED: blocks == before\n"
    "selftest kernel: 1 passed, 1 failed\n"
    "selftest executive: 0 passed, 0 failed\n"
    "selftest ndis.pool_lives: ok\n"
    "selftest ndis: 1 passed, 0 failed\n"
    "selftest miniport: 0 passed, 0 failed\n"
    "selftest serialized: 0 passed, 0 failed\n"
    "selftest driver: 0 passed, 0 failed\r\n"
    "selftest: complete\n";

std::vector<std::string> failures(const std::string& text) {
    std::vector<std::string> names;
    for (const auto& outcome : judge(read_test_log(text))) {
        if (outcome.kind == OutcomeKind::failed) {
            names.push_back(outcome.name);
        }
    }
    return names;
}

TEST(TestLog, ReadsResultsGroupsAndEnd) {
    const auto log = read_test_log(kGood);
    ASSERT_EQ(log.tests.size(), 3u);
    EXPECT_EQ(log.tests[0].name, "ke.events");
    EXPECT_TRUE(log.tests[0].passed);
    EXPECT_FALSE(log.tests[1].passed);
    EXPECT_EQ(log.tests[1].what, "blocks == before");
    ASSERT_EQ(log.groups.size(), 6u);
    EXPECT_EQ(log.groups[0].failed, 1u);
    EXPECT_TRUE(log.complete);
    EXPECT_THAT(log.malformed, IsEmpty());
    EXPECT_THAT(failures(kGood), ElementsAre("mm.pool-of-module"));
}

TEST(TestLog, WhatIsNotExactlyOfTheFormIsMalformed) {
    for (const char* line :
         {"selftest ke.events: OK",
          "selftest ke.events:ok",
          "selftest ke.events: ok ",
          "selftest Ke.events: ok",
          "selftest ke.: ok",
          "selftest .x: ok",
          "selftest ke.a.b: ok",
          "selftest ke.x: FAILED: ",
          "selftest kernel: -1 passed, 0 failed",
          "selftest kernel: 1 passed, 99999999999999999999 failed",
          "selftest kernel: 1 passed, 0 failed.",
          "selftest",
          "selftest:",
          "selftest: completed"}) {
        const auto log = read_test_log(std::string(line) + "\n");
        EXPECT_THAT(log.malformed, ElementsAre(line));
        EXPECT_FALSE(log.complete) << line;
    }
    const auto control = read_test_log("selftest \x1b[2J\x07: ok\n");
    EXPECT_THAT(control.malformed, ElementsAre("selftest ?[2J?: ok"))
        << "a terminal is not the guest's";
    const auto endless = read_test_log("selftest ke.x: FAILED: " + std::string(5000, 'x') + "\n");
    ASSERT_EQ(endless.malformed.size(), 1u);
    EXPECT_EQ(endless.malformed[0].size(), kLineMax);
}

TEST(TestLog, AnUnfinishedLineIsNone) {
    EXPECT_FALSE(read_test_log("selftest: complete").complete);
    EXPECT_THAT(read_test_log("").tests, IsEmpty());
}

TEST(TestLog, ATestHasOneVerdict) {
    const auto log = read_test_log("selftest ke.x: FAILED: y\nselftest ke.x: ok\n");
    ASSERT_EQ(log.tests.size(), 1u);
    EXPECT_FALSE(log.tests[0].passed);
    EXPECT_EQ(log.malformed.size(), 1u);
    EXPECT_EQ(read_test_log("selftest ke.x: ok\nselftest ke.x: start\n").malformed.size(), 1u);
}

TEST(TestLog, NothingCountsAfterTheEnd) {
    EXPECT_EQ(read_test_log(std::string(kGood) + "selftest ke.late: ok\n").malformed.size(), 1u);
}

TEST(TestLog, ATestThatNeverEndsFails) {
    const std::string text = "selftest ke.hangs: start\n";
    EXPECT_THAT(
        failures(text),
        ElementsAre(
            "ke.hangs",
            "group.kernel",
            "group.executive",
            "group.ndis",
            "group.miniport",
            "group.serialized",
            "group.driver",
            "group.end"
        )
    );
}

TEST(TestLog, ASumThatIsNotThatOfItsLinesFails) {
    std::string text = kGood;
    text.replace(text.find("1 passed, 1 failed"), 18, "2 passed, 0 failed");
    EXPECT_THAT(failures(text), ElementsAre("mm.pool-of-module", "group.kernel"));
}

TEST(TestLog, AGroupMustEndOnce) {
    std::string text = kGood;
    const std::string sum = "selftest executive: 0 passed, 0 failed\n";
    text.insert(text.find(sum), sum);
    EXPECT_THAT(failures(text), ElementsAre("mm.pool-of-module", "group.executive"));
    text.erase(text.find(sum), 2 * sum.size());
    EXPECT_THAT(failures(text), ElementsAre("mm.pool-of-module", "group.executive"));
}

TEST(Glob, MatchesAsTheGuestDoes) {
    EXPECT_TRUE(glob_matches("*", "anything"));
    EXPECT_TRUE(glob_matches("ke.*", "ke.events"));
    EXPECT_TRUE(glob_matches("*.*lock*", "ke.spin-lock"));
    EXPECT_TRUE(glob_matches("k?.dpc", "ke.dpc"));
    EXPECT_TRUE(glob_matches("", ""));
    EXPECT_FALSE(glob_matches("", "x"));
    EXPECT_FALSE(glob_matches("ke.*", "rtl.strings"));
    EXPECT_FALSE(glob_matches("ke.dpc", "ke.dpc-storm"));
    EXPECT_FALSE(glob_matches("?", ""));
    EXPECT_FALSE(glob_matches("*a*b", "aab-"));
}

Report report_of(std::vector<Outcome> outcomes) {
    Report report;
    report.directory = "/runs/x";
    report.accelerator = "tcg";
    report.seed = 7;
    report.program = "rundown";
    report.arguments = "--accel tcg";
    report.outcomes = std::move(outcomes);
    return report;
}

TEST(SelftestReport, GroupsByFamilyAndSaysHowToRepeat) {
    const auto report = report_of(
        {{"ke.a", OutcomeKind::passed, "", ""},
         {"mm.b", OutcomeKind::failed, "x == y", "/runs/x/self-tests"},
         {"ke.c", OutcomeKind::passed, "", ""}}
    );
    const auto text = to_text(report);
    EXPECT_THAT(text, HasSubstr("ke\n  ok    a\n  ok    c\nmm\n  FAIL  b"));
    EXPECT_THAT(text, HasSubstr("mm.b: x == y.\n  evidence: /runs/x/self-tests\n"));
    EXPECT_THAT(text, HasSubstr("rundown selftest --filter 'mm.b' --seed 7 --accel tcg\n"));
    EXPECT_THAT(text, HasSubstr("2 passed, 1 failed in "));
    EXPECT_EQ(exit_code(report), exit_finding);
    EXPECT_THAT(to_json(report), HasSubstr("\"exit_code\": 1"));
}

TEST(SelftestReport, WhatCouldNotRunIsNotGreen) {
    auto report = report_of({{"ke.a", OutcomeKind::passed, "", ""}});
    EXPECT_EQ(exit_code(report), exit_pass);
    report.outcomes.push_back({"provoke.pool.x", OutcomeKind::could_not_run, "QEMU died", ""});
    EXPECT_EQ(exit_code(report), exit_could_not_run);
    report.outcomes.push_back({"ke.b", OutcomeKind::failed, "no", ""});
    EXPECT_EQ(exit_code(report), exit_finding);
}

}  // namespace
}  // namespace rundown::selftest
