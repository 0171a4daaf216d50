// SPDX-License-Identifier: MIT
#include "oracle/divergence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_io.hpp"
#include "run/divergence_file.hpp"

namespace rundown::oracle {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Divergence ignores_open_bindings() {
    Divergence divergence;
    divergence.rule = "unbind-once-per-open";
    divergence.guest = "reactos";
    divergence.scenarios = {"deregister-*"};
    divergence.against_system = true;
    divergence.reason = "open bindings are ignored";
    divergence.since = "0.4.16";
    return divergence;
}

Finding finding_of(const std::string& rule, const std::string& against = "") {
    Finding finding;
    finding.rule = rule;
    finding.against = against;
    return finding;
}

Judgement judged(std::vector<Finding> findings) {
    Judgement judgement;
    judgement.verdict.kind = findings.empty() ? VerdictKind::pass : VerdictKind::fail;
    judgement.verdict.findings = std::move(findings);
    judgement.rules = {
        {"unbind-once-per-open", Judged::whole, {}}, {"traffic", Judged::no, "nothing"}};
    return judgement;
}

Judgement after(
    Judgement judgement,
    const Divergence& divergence,
    const char* guest = "reactos:ros",
    const char* scenario = "deregister-with-2"
) {
    const std::vector<Divergence> all = {divergence};
    apply(all, guest, scenario, judgement);
    return judgement;
}

TEST(Divergence, ADeclaredFindingIsKnown) {
    const auto result =
        after(judged({finding_of("unbind-once-per-open", "the system")}), ignores_open_bindings());
    EXPECT_EQ(result.verdict.kind, VerdictKind::known);
    EXPECT_EQ(exit_code(result.verdict), exit_pass);
    EXPECT_THAT(result.verdict.findings[0].known, HasSubstr("since 0.4.16"));
}

TEST(Divergence, AnotherFindingBesidesIsStillAFailure) {
    const auto result = after(
        judged({finding_of("unbind-once-per-open", "the system"), finding_of("traffic")}),
        ignores_open_bindings()
    );
    EXPECT_EQ(result.verdict.kind, VerdictKind::fail);
    EXPECT_FALSE(result.verdict.findings[0].known.empty());
    EXPECT_TRUE(result.verdict.findings[1].known.empty());
}

TEST(Divergence, OfTheSystemDoesNotExcuseTheDriver) {
    auto divergence = ignores_open_bindings();
    divergence.scenarios.clear();
    const auto result = after(judged({finding_of("unbind-once-per-open")}), divergence);
    EXPECT_EQ(result.verdict.kind, VerdictKind::fail);
}

TEST(Divergence, OneThatDoesNotShowWhereItMustIsAnUnexpectedPass) {
    const auto result = after(judged({}), ignores_open_bindings());
    EXPECT_EQ(result.verdict.kind, VerdictKind::fail);
    ASSERT_THAT(result.verdict.findings, SizeIs(1));
    EXPECT_EQ(result.verdict.findings[0].rule, kUnexpectedPass);
    EXPECT_THAT(result.verdict.findings[0].explanation, HasSubstr("the guest has changed"));
}

TEST(Divergence, ItIsMissedOnlyWhereItIsNamedAndJudged) {
    EXPECT_EQ(
        after(judged({}), ignores_open_bindings(), "reactos:ros", "unload-idle").verdict.kind,
        VerdictKind::pass
    );
    EXPECT_EQ(
        after(judged({}), ignores_open_bindings(), "windows:w10").verdict.kind, VerdictKind::pass
    );
    auto everywhere = ignores_open_bindings();
    everywhere.scenarios.clear();
    EXPECT_EQ(after(judged({}), everywhere).verdict.kind, VerdictKind::pass);
    auto not_judged = ignores_open_bindings();
    not_judged.rule = "traffic";
    EXPECT_EQ(after(judged({}), not_judged).verdict.kind, VerdictKind::pass);
}

TEST(Divergence, AnInconclusiveRunIsLeftAlone) {
    Judgement judgement = judged({});
    judgement.verdict.kind = VerdictKind::inconclusive;
    const auto result = after(judgement, ignores_open_bindings());
    EXPECT_EQ(result.verdict.kind, VerdictKind::inconclusive);
    EXPECT_THAT(result.verdict.findings, SizeIs(0));
}

TEST(Divergence, PatternsAreOfStarsAndQuestionMarks) {
    EXPECT_TRUE(matches("*", ""));
    EXPECT_TRUE(matches("de*-?-o*", "deregister-with-2-open-bindings"));
    EXPECT_FALSE(matches("a?", "a"));
    EXPECT_FALSE(matches("a", "ab"));
    EXPECT_TRUE(matches("**a**", "bab"));
}

TEST(DivergenceFile, TheTreesOwnIsReadAndItsRulesExist) {
    const auto all =
        run::read_divergences(std::string(RUNDOWN_SOURCE_DIR) + "/guest-images/divergences.toml");
    ASSERT_TRUE(all) << all.error().sentence;
    EXPECT_FALSE(all->empty());
}

TEST(DivergenceFile, ComplaintsNameFileLineAndField) {
    const auto complaint = [](const char* text) {
        const auto read = run::divergences_in(text, "x.toml");
        return read ? std::string() : read.error().sentence;
    };
    EXPECT_THAT(
        complaint("[[divergence]]\nrule = \"unbind-once\"\nguest = \"reactos\"\nreason = "
                  "\"r\"\nsince = \"1\""),
        HasSubstr("x.toml:2: field 'divergence.rule' is 'unbind-once', which is no rule")
    );
    EXPECT_THAT(
        complaint("[[divergence]]\nrule = \"traffic\"\nguest = \"reactos\"\nsince = \"1\""),
        HasSubstr("'divergence.reason' is missing")
    );
    EXPECT_THAT(
        complaint("[[divergence]]\nrule = \"traffic\"\nguest = \"r\"\nreason = \"r\"\nsince = "
                  "\"1\"\nwhy = 1"),
        HasSubstr("'divergence.why'")
    );
    EXPECT_THAT(complaint("divergences = 1"), HasSubstr("is not a [[divergence]]"));
    EXPECT_THAT(complaint("[[divergence]"), HasSubstr("not valid TOML"));
    EXPECT_THAT(
        complaint("[[divergence]]\nrule = \"traffic\"\nguest = \"r\"\nagainst = \"driver\"\nreason "
                  "= \"r\"\nsince = \"1\""),
        HasSubstr("can only be \"system\"")
    );
}

}  // namespace
}  // namespace rundown::oracle
