// SPDX-License-Identifier: MIT
#include "report/run_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace rundown::report {
namespace {

using testing::HasSubstr;
using testing::Not;

RunReport failing_run() {
    RunReport run;
    run.run_id = "unload-idle.e1000.idle";
    run.scenario = "unload-idle";
    run.guest = "reference";
    run.nics = {"e1000"};
    run.ndis = "5.1";
    run.load = "heavy";
    run.seed = 7;
    run.accelerator = "tcg";
    run.verdict.kind = VerdictKind::fail;
    run.verdict.findings = {Finding{
        .rule = "open-closed-once",
        .citation = "S7: quoted \"text\"",
        .event = 42,
        .event_us = 1500000,
        .explanation = "Never closed."}};
    run.in_flight.sends = 64;
    run.timings_ms = {{"total", 1250}};
    run.artifacts = {{"directory", "/out/x"}};
    run.reproduce = "rundown run unload-idle --seed 7";
    return run;
}

TEST(RunReportJson, CarriesTheVerdictWithEveryFieldOfAFinding) {
    InvocationReport invocation{"2026-01-01T00:00:00Z", "/out", {failing_run()}};
    const auto document = boost::json::parse(to_json(invocation)).as_object();
    EXPECT_EQ(document.at("schema").as_string(), "rundown.result/1");
    EXPECT_EQ(document.at("exit_code").as_int64(), 1);
    const auto& run = document.at("runs").as_array().at(0).as_object();
    EXPECT_EQ(run.at("seed").as_int64(), 7);
    EXPECT_EQ(run.at("in_flight").as_object().at("sends").as_int64(), 64);
    const auto& verdict = run.at("verdict").as_object();
    EXPECT_EQ(verdict.at("kind").as_string(), "fail");
    const auto& finding = verdict.at("findings").as_array().at(0).as_object();
    EXPECT_EQ(finding.at("rule").as_string(), "open-closed-once");
    EXPECT_EQ(finding.at("citation").as_string(), "S7: quoted \"text\"");
    EXPECT_EQ(finding.at("event").as_int64(), 42);
    EXPECT_EQ(finding.at("event_us").as_int64(), 1500000);
    EXPECT_EQ(finding.at("explanation").as_string(), "Never closed.");
}

TEST(RunReportJson, AFindingWithoutEventHasNull) {
    InvocationReport invocation{"", "", {failing_run()}};
    invocation.runs[0].verdict.findings[0].event.reset();
    EXPECT_THAT(to_json(invocation), HasSubstr("\"event\": null"));
}

TEST(RunReportText, ManyNicsAreCounted) {
    EXPECT_EQ(nics_text({"e1000", "virtio-net"}), "e1000+virtio-net");
    EXPECT_EQ(nics_text(std::vector<std::string>(8, "e1000")), "8xe1000");
    EXPECT_EQ(nics_text({"e1000", "virtio-net", "e1000", "virtio-net"}), "2xe1000+2xvirtio-net");
}

TEST(RunReportText, SaysWhatWasInFlight) {
    RunReport run = failing_run();
    run.in_flight = {64, 8, 2, 4, 1};
    EXPECT_THAT(
        verdict_line(run), HasSubstr("in flight: 64 sends, 8 receives, 2 requests, 4 handles")
    );
    run.load = "idle";
    EXPECT_THAT(verdict_line(run), testing::Not(HasSubstr("in flight")));
    InvocationReport invocation{"", "", {run}};
    EXPECT_THAT(to_json(invocation), HasSubstr("\"handles\": 4"));
}

TEST(RunReportText, AFailureNamesRuleCitationEvidenceAndReproduction) {
    const auto text = explanation(failing_run());
    EXPECT_THAT(text, HasSubstr("rule open-closed-once: Never closed."));
    EXPECT_THAT(text, HasSubstr("S7: quoted"));
    EXPECT_THAT(text, HasSubstr("at trace record 42, 1.500000 s"));
    EXPECT_THAT(text, HasSubstr("evidence: /out/x"));
    EXPECT_THAT(text, HasSubstr("reproduce: rundown run unload-idle --seed 7"));
    EXPECT_THAT(verdict_line(failing_run()), testing::StartsWith("FAIL"));
    EXPECT_THAT(verdict_line(failing_run()), HasSubstr("64 sends"));
}

TEST(RunReportText, TheSummaryMeasuresAFlakeAsKOfN) {
    InvocationReport invocation{"", "/out", {failing_run(), failing_run(), failing_run()}};
    invocation.runs[1].verdict = Verdict{};
    invocation.runs[1].verdict.kind = VerdictKind::pass;
    const auto text = summary(invocation);
    EXPECT_THAT(text, HasSubstr("3 runs: 1 passed, 2 failed, 0 inconclusive"));
    EXPECT_THAT(text, HasSubstr("not green in 2 of 3"));
}

TEST(RunReportText, InconclusiveSaysWhoMustActAndIsNeverGreen) {
    RunReport run = failing_run();
    run.verdict =
        Verdict{VerdictKind::inconclusive, InconclusiveKind::infrastructure, "QEMU was killed", {}};
    EXPECT_THAT(explanation(run), HasSubstr("infrastructure: QEMU was killed"));
    EXPECT_THAT(explanation(run), HasSubstr("who must act: the owner of this machine"));
    EXPECT_EQ(exit_code(InvocationReport{"", "", {run}}), exit_could_not_run);
}

}  // namespace
}  // namespace rundown::report
