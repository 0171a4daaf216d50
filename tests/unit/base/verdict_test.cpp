// SPDX-License-Identifier: MIT
#include "base/verdict.hpp"

#include <gtest/gtest.h>

namespace rundown {
namespace {

Verdict verdict_of(VerdictKind kind, InconclusiveKind why = InconclusiveKind::none) {
    Verdict verdict;
    verdict.kind = kind;
    verdict.why = why;
    return verdict;
}

TEST(Verdict, OnlyPassAndKnownAreGreen) {
    EXPECT_EQ(exit_code(verdict_of(VerdictKind::pass)), 0);
    EXPECT_EQ(exit_code(verdict_of(VerdictKind::known)), 0);
    EXPECT_EQ(exit_code(verdict_of(VerdictKind::fail)), 1);
    EXPECT_EQ(
        exit_code(verdict_of(VerdictKind::inconclusive, InconclusiveKind::trace_truncated)), 69
    );
    EXPECT_EQ(exit_code(verdict_of(VerdictKind::inconclusive, InconclusiveKind::harness_bug)), 70);
}

TEST(Verdict, AVerdictNobodyGaveIsAnInternalError) {
    EXPECT_EQ(exit_code(Verdict{}), 70);
}

TEST(Verdict, TheMoreAlarmingExitCodeWins) {
    EXPECT_EQ(worse(exit_finding, exit_could_not_run), exit_finding);
    EXPECT_EQ(worse(exit_could_not_run, exit_finding), exit_finding);
    EXPECT_EQ(worse(exit_pass, exit_could_not_run), exit_could_not_run);
    EXPECT_EQ(worse(exit_internal, exit_finding), exit_internal);
    EXPECT_EQ(worse(exit_pass, exit_pass), exit_pass);
}

TEST(Verdict, EveryInconclusiveKindSaysWhoMustAct) {
    for (auto kind :
         {InconclusiveKind::boot_failed,
          InconclusiveKind::lost_contact,
          InconclusiveKind::no_progress,
          InconclusiveKind::trace_truncated,
          InconclusiveKind::infrastructure,
          InconclusiveKind::cancelled,
          InconclusiveKind::harness_bug}) {
        EXPECT_NE(to_string(kind), "none");
        EXPECT_NE(who_must_act(kind), "nobody") << to_string(kind);
    }
}

TEST(Verdict, ErrorsMapToWhoseProblemTheyAre) {
    EXPECT_EQ(inconclusive_kind(ErrorKind::guest_boot), InconclusiveKind::boot_failed);
    EXPECT_EQ(inconclusive_kind(ErrorKind::hypervisor), InconclusiveKind::infrastructure);
    EXPECT_EQ(inconclusive_kind(ErrorKind::timeout), InconclusiveKind::lost_contact);
    EXPECT_EQ(inconclusive_kind(ErrorKind::internal), InconclusiveKind::harness_bug);
    EXPECT_EQ(exit_code(ErrorKind::usage), 2);
    EXPECT_EQ(exit_code(ErrorKind::environment), 69);
}

}  // namespace
}  // namespace rundown
