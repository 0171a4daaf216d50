// SPDX-License-Identifier: MIT
// What could not be seen is said, and does not pass for what was seen.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 and empty std::optional members.
#include "oracle/coverage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "oracle/evidence.hpp"
#include "oracle/oracle.hpp"

namespace rundown::oracle {
namespace {

using testing::HasSubstr;

RuleCoverage of_rule(const Judgement& judgement, std::string_view name) {
    const auto found =
        std::find_if(judgement.rules.begin(), judgement.rules.end(), [name](const auto& coverage) {
            return coverage.rule == name;
        });
    return found == judgement.rules.end() ? RuleCoverage{"missing", Judged::no, ""} : *found;
}

TEST(Coverage, ARuleThatNeedsNothingIsAlwaysJudged) {
    EXPECT_EQ(coverage_of("x", {}, 0).judged, Judged::whole);
}

TEST(Coverage, OneOfItsGroundsIsEnough) {
    EXPECT_EQ(coverage_of("x", {kTraces, 0}, kNdisTrace).judged, Judged::whole);
    const auto none = coverage_of("x", {kTraces, 0}, kPoolTags);
    EXPECT_EQ(none.judged, Judged::no);
    EXPECT_EQ(none.lacks, "no records of the driver's own, no records of NDIS's");
}

TEST(Coverage, WhatItLooksAtBesidesMakesItPartly) {
    const auto part =
        coverage_of("x", {kTraces, kNdisCounts | kPoolTags}, kDriverTrace | kPoolTags);
    EXPECT_EQ(part.judged, Judged::in_part);
    EXPECT_EQ(part.lacks, "no counts from NDIS's books");
}

TEST(Coverage, OfARunWithoutAnythingOnlyTheEndIsJudged) {
    RunRecord run;
    run.nic_count = 1;
    const auto judgement = judge(run);
    EXPECT_EQ(judgement.rules.size(), rules().size());
    EXPECT_EQ(of_rule(judgement, "bug-check").judged, Judged::whole);
    for (const char* name :
         {"contract-violation",
          "open-closed-once",
          "pool-balance",
          "traffic",
          "filters-released",
          "image-gone"}) {
        EXPECT_EQ(of_rule(judgement, name).judged, Judged::no) << name;
    }
    EXPECT_NE(judgement.verdict.kind, VerdictKind::pass);
}

TEST(Coverage, ACensusThatCannotTellIsNoGround) {
    RunRecord run;
    run.nic_count = 1;
    Census blind;
    blind.opens.reset();
    blind.filters.reset();
    run.censuses = {{CensusPoint::before, 0, blind}, {CensusPoint::torn_down, 0, blind}};
    EXPECT_EQ(of_rule(judge(run), "buffers-returned").judged, Judged::no);
    run.censuses[0].census.opens = 0;
    run.censuses[1].census.opens = 0;
    EXPECT_EQ(of_rule(judge(run), "buffers-returned").judged, Judged::whole);
}

TEST(Coverage, UnknownCountsAreNeverCompared) {
    RunRecord run;
    Census before;
    before.opens = 0;
    Census after;
    after.opens.reset();
    after.filters = 7;
    before.filters.reset();
    run.censuses = {{CensusPoint::before, 0, before}, {CensusPoint::torn_down, 0, after}};
    EXPECT_TRUE(judge(run).verdict.findings.empty());
}

TEST(Coverage, ACancelledRunSaysNothingOfRules) {
    RunRecord run;
    run.interruption.emplace().why = InconclusiveKind::cancelled;
    EXPECT_TRUE(judge(run).rules.empty());
}

TEST(BugCheckRule, WhatTheDebuggerSaidIsAFinding) {
    RunRecord run;
    run.debugger_words = {"The kernel's debugger was entered: Assertion failed: x."};
    const auto verdict = judge(run).verdict;
    ASSERT_EQ(verdict.kind, VerdictKind::fail);
    EXPECT_EQ(verdict.findings[0].rule, "bug-check");
    EXPECT_THAT(verdict.findings[0].explanation, HasSubstr("Assertion failed"));
}

TEST(BugCheckRule, StopCodesAreToldInWords) {
    RunRecord run;
    run.bug_check.emplace().code = 0xD1;
    run.bug_check->parameter = {0x10, 2, 1, 0x8000};
    const auto verdict = judge(run).verdict;
    ASSERT_FALSE(verdict.findings.empty());
    EXPECT_THAT(
        verdict.findings[0].explanation, HasSubstr("memory referenced 0x10; IRQL 0x2; access 0x1")
    );
}

}  // namespace
}  // namespace rundown::oracle
