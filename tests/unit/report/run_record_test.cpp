// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>

#include "oracle/oracle.hpp"
#include "report/run_record_json.hpp"
#include "support/conforming_run.hpp"

namespace rundown::report {
namespace {

using namespace oracle;
using testing::HasSubstr;

/// A record with something in every member.
RunRecord full_record() {
    RunRecord run;
    run.scenario = "rebind-loop";
    run.trigger = "rebind";
    run.cycles = 20;
    run.reload_wanted = false;
    run.nic_count = 2;
    run.load = "heavy";
    run.receive_style = 1;
    run.driver_module = "protocol5.sys";
    Census census;
    census.protocols = 1;
    census.work_items = 7;
    census.pool = {{0x35706452, 0xFFFFFFFFFFFFFFFF, 3, 1}};
    census.modules = {{"ndis.sys", 0xFFFF800000001000, 4096}};
    run.censuses = {{CensusPoint::cycle, 3, census}, {CensusPoint::gone_again, 0, {}}};
    run.answers = {{Step::reload_stop, 0, 0xC0000001, "a \"quoted\" sentence"}};
    run.query_after_teardown = DriverQuery{true, true, 0xFFFF800000001000, 8192, 3};
    run.counters = DriverCounters{1, 2, 3, 4, 5};
    NicWitness nic;
    nic.model = "virtio-net";
    nic.frames_from_guest = 1000;
    nic.first_ms = 12;
    nic.filter_after_teardown = ReceiveFilter{true, "all", {"01:00:5e:52:44:01"}};
    run.nics = {nic, NicWitness{}};
    run.guest_end = GuestEnd::panicked;
    run.bug_check = BugCheck{0xC2, {1, 2, 3, 0xFFFFFFFFFFFFFFFF}, "protocol5.sys", 0x34};
    run.deadline = PassedDeadline{"trigger", "the driver to stop", 5000, "It spins."};
    run.interruption = Interruption{InconclusiveKind::cancelled, "Ctrl-C"};
    return run;
}

TEST(RunRecordJson, KeepsEveryMember) {
    const RunRecord run = full_record();
    const auto again = run_record_from_json(to_json(run));
    ASSERT_TRUE(again) << again.error().sentence;
    EXPECT_EQ(to_json(*again), to_json(run));
    EXPECT_EQ(again->scenario, run.scenario);
    EXPECT_EQ(again->censuses, run.censuses);
    EXPECT_EQ(again->answers, run.answers);
    EXPECT_EQ(again->query_after_teardown, run.query_after_teardown);
    EXPECT_EQ(again->query_after_reload, run.query_after_reload);
    EXPECT_EQ(again->counters, run.counters);
    EXPECT_EQ(again->nics, run.nics);
    EXPECT_EQ(again->guest_end, run.guest_end);
    EXPECT_EQ(again->bug_check, run.bug_check);
    EXPECT_EQ(again->deadline, run.deadline);
    EXPECT_EQ(again->interruption, run.interruption);
    EXPECT_FALSE(again->reload_wanted);
}

TEST(RunRecordJson, NamesTheMemberThatMakesNoSense) {
    const std::string good = to_json(full_record());
    const auto sentence = [&good](const std::string& from, const std::string& to) {
        std::string text = good;
        const auto at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
        const auto record = run_record_from_json(text);
        EXPECT_FALSE(record) << to;
        return record ? std::string() : record.error().sentence;
    };
    EXPECT_THAT(sentence("rundown.record/1", "rundown.record/9"), HasSubstr("schema"));
    EXPECT_THAT(sentence("\"cycles\": 20", "\"cycles\": -1"), HasSubstr("'cycles'"));
    EXPECT_THAT(sentence("\"cycles\": 20", "\"wheels\": 20"), HasSubstr("'cycles'"));
    EXPECT_THAT(
        sentence("\"point\": \"cycle\"", "\"point\": \"x\""), HasSubstr("censuses[0].point")
    );
    EXPECT_THAT(
        sentence("\"work_items\": 7", "\"work_items\": 4294967296"), HasSubstr("work_items")
    );
    EXPECT_THAT(sentence("\"panicked\"", "7"), HasSubstr("guest_end"));
    EXPECT_FALSE(run_record_from_json(""));
    EXPECT_FALSE(run_record_from_json("[]"));
    EXPECT_FALSE(run_record_from_json("{}"));
}

TEST(RunRecordJson, AnyDamageIsReadOrRefused) {
    EXPECT_TRUE(rc::check("bytes changed anywhere", [] {
        std::string text = to_json(full_record());
        std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
        for (int i = 0; i < 3; ++i) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        const auto record = run_record_from_json(text);
        RC_ASSERT(record.has_value() || !record.error().sentence.empty());
    }));
}

TEST(RunRecordJson, AReplayedRecordIsJudgedTheSame) {
    test::ConformingOptions options;
    options.bindings = 2;
    RunRecord run = test::conforming_run(7, options);
    run.trace.records[5].irql = 2;
    auto again = run_record_from_json(to_json(run));
    ASSERT_TRUE(again);
    again->trace = run.trace;
    const auto first = judge(run);
    const auto second = judge(*again);
    EXPECT_EQ(first.verdict.kind, second.verdict.kind);
    EXPECT_EQ(first.in_flight, second.in_flight);
    ASSERT_EQ(first.verdict.findings.size(), second.verdict.findings.size());
    for (std::size_t i = 0; i < first.verdict.findings.size(); ++i) {
        EXPECT_EQ(first.verdict.findings[i].explanation, second.verdict.findings[i].explanation);
    }
}

}  // namespace
}  // namespace rundown::report
