// SPDX-License-Identifier: MIT
// From findings and shortcomings to the verdict: which wins, and what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "oracle/oracle.hpp"
#include "support/conforming_run.hpp"
#include "support/trace_case.hpp"

namespace rundown::oracle {
namespace {

using testing::HasSubstr;

RunRecord good_run() {
    test::ConformingOptions options;
    options.bindings = 2;
    return test::conforming_run(1, options);
}

void expect_inconclusive(const RunRecord& run, InconclusiveKind why, const char* words) {
    const auto verdict = judge(run).verdict;
    EXPECT_EQ(verdict.kind, VerdictKind::inconclusive);
    EXPECT_EQ(verdict.why, why) << to_string(verdict.why);
    EXPECT_THAT(verdict.sentence, HasSubstr(words));
}

TEST(Judge, NamesItsRulesOnce) {
    std::set<std::string_view> names;
    for (const Rule& rule : rules()) {
        EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
        EXPECT_FALSE(rule.sentence.empty());
        EXPECT_FALSE(rule.citation.empty());
        EXPECT_NE(rule.check, nullptr);
    }
    EXPECT_EQ(names.size(), 22u);
}

TEST(Judge, PassesARunInWhichAllWasDone) {
    EXPECT_EQ(judge(good_run()).verdict.kind, VerdictKind::pass);
}

TEST(Judge, AFindingOutweighsLostRecords) {
    RunRecord run = good_run();
    run.trace.records.erase(run.trace.records.begin());
    run.trace.gaps = {{0, 1}};
    run.trace.lost = 1;
    expect_inconclusive(run, InconclusiveKind::trace_truncated, "1 records");
    for (auto& record : run.trace.records) {
        record.irql = record.event == RD_EV_CLOSE_ADAPTER ? 2 : 0;
    }
    EXPECT_EQ(judge(run).verdict.kind, VerdictKind::fail);
}

TEST(Judge, AnInterruptionIsNoPass) {
    RunRecord run = good_run();
    run.interruption = Interruption{InconclusiveKind::infrastructure, "QEMU was killed"};
    expect_inconclusive(run, InconclusiveKind::infrastructure, "QEMU was killed");
}

TEST(Judge, ACancelledRunIsNotJudged) {
    RunRecord run = good_run();
    run.interruption = Interruption{InconclusiveKind::cancelled, "Ctrl-C"};
    run.bug_check = BugCheck{0xC2};
    expect_inconclusive(run, InconclusiveKind::cancelled, "Ctrl-C");
}

TEST(Judge, ADeadlineNobodyCanBeBlamedForSaysWhoMustLook) {
    RunRecord run = good_run();
    run.deadline = PassedDeadline{"settle", "the census", 3000, {}};
    expect_inconclusive(run, InconclusiveKind::lost_contact, "the census in phase settle");
    run.deadline->phase = "boot";
    expect_inconclusive(run, InconclusiveKind::boot_failed, "phase boot");
}

TEST(Judge, ATriggerWithoutWhatWasAskedForIsNoProgress) {
    RunRecord run = good_run();
    run.nic_count = 3;
    expect_inconclusive(run, InconclusiveKind::no_progress, "2 of 3 adapters bound");

    run = good_run();
    run.trace = {};
    expect_inconclusive(run, InconclusiveKind::no_progress, "trace is empty");

    run = good_run();
    std::erase_if(run.answers, [](const auto& a) { return a.step == Step::reload_start; });
    expect_inconclusive(run, InconclusiveKind::no_progress, "not loaded again");
    run.reload_wanted = false;
    EXPECT_EQ(judge(run).verdict.kind, VerdictKind::pass);

    run = good_run();
    run.trigger = "rebind";
    run.cycles = 2;
    expect_inconclusive(run, InconclusiveKind::no_progress, "1 of 2 cycles");
}

TEST(Judge, HeavyLoadWantsSomethingInFlight) {
    const auto parsed = test::parse_case(
        "run trigger=unload nics=1 load=heavy reload=no\n"
        "answer stop\n"
        "driver return register-protocol object=PROTO arg0=0x501\n"
        "driver return open-adapter b=1 object=OPEN1 arg0=CTX1\n"
        "driver call send b=1 object=OPEN1 arg0=P1\n"
        "driver return send b=1 object=OPEN1 arg0=P1\n"
        "agent note mark arg0=trigger\n"
        "driver call deregister-protocol object=PROTO\n"
        "driver callback unbind-adapter b=1 object=CTX1 arg0=UC1\n"
        "driver call close-adapter b=1 object=OPEN1 arg0=CTX1\n"
        "driver return close-adapter b=1 object=OPEN1 arg0=CTX1\n"
        "driver callback-return unbind-adapter b=1 object=CTX1 arg0=UC1\n"
        "driver return deregister-protocol object=PROTO\n"
    );
    ASSERT_TRUE(parsed) << parsed.error().sentence;
    expect_inconclusive(parsed->record, InconclusiveKind::no_progress, "no packet in flight");
    auto light = parsed->record;
    light.load = "light";
    EXPECT_EQ(judge(light).verdict.kind, VerdictKind::pass);
}

TEST(Judge, CountsWhatWasInFlightAtTheTrigger) {
    const auto parsed = test::parse_case(
        "driver call send b=1 arg0=P1\n"
        "driver return send b=1 arg0=P1 status=pending\n"
        "driver note packet-sent b=1 arg0=P2\n"
        "driver call request b=1 arg0=R1\n"
        "driver callback receive-packet b=1 arg0=P3 thread=2\n"
        "driver callback-return receive-packet b=1 arg0=P3 arg1=1 thread=2\n"
        "driver callback receive-complete b=1 thread=2\n"
        "agent note mark arg0=trigger\n"
        "driver callback send-complete b=1 arg0=P1\n"
    );
    ASSERT_TRUE(parsed);
    const auto in_flight = judge(parsed->record).in_flight;
    EXPECT_EQ(in_flight.sends, 2u);
    EXPECT_EQ(in_flight.requests, 1u);
    EXPECT_EQ(in_flight.receives_held, 1u);
    EXPECT_EQ(in_flight.calls, 2u);  // NdisRequest and ProtocolReceiveComplete.
}

TEST(Judge, RecordsTornAsTheGuestPoweredOffAreNotMissed) {
    const auto parsed = test::parse_case(
        "run trigger=power-off nics=1 load=idle\n"
        "end powered_off\n"
        "driver return register-protocol object=PROTO arg0=0x501\n"
        "driver return open-adapter b=1 object=OPEN1 arg0=CTX1\n"
        "agent note mark arg0=trigger\n"
        "driver callback shutdown\n"
        "driver call deregister-protocol object=PROTO\n"
        "driver callback unbind-adapter b=1 object=CTX1 arg0=UC1\n"
        "driver call close-adapter b=1 object=OPEN1 arg0=CTX1\n"
        "driver return close-adapter b=1 object=OPEN1 arg0=CTX1\n"
        "driver callback-return unbind-adapter b=1 object=CTX1 arg0=UC1\n"
        "driver return deregister-protocol object=PROTO\n"
        "driver callback-return shutdown\n"
        "torn 1\n"
    );
    ASSERT_TRUE(parsed) << parsed.error().sentence;
    EXPECT_EQ(judge(parsed->record).verdict.kind, VerdictKind::pass);
}

TEST(Judge, AFindingSaysWhenItWas) {
    const auto parsed = test::parse_case("ndis note violation arg0=wrong-irql time=2500001\n");
    ASSERT_TRUE(parsed);
    RunRecord run = parsed->record;
    ASSERT_EQ(judge(run).verdict.findings.size(), 1u);
    EXPECT_FALSE(judge(run).verdict.findings[0].event_us);  // The clock's frequency is not known.
    run.trace.frequency_hz = 1'000'000;
    EXPECT_EQ(judge(run).verdict.findings[0].event_us, 2'500'001u);
    run.trace.frequency_hz = 10'000'000;
    EXPECT_EQ(judge(run).verdict.findings[0].event_us, 250'000u);
}

TEST(Judge, TheSixthFindingOfARuleIsCounted) {
    RunRecord run = good_run();
    run.trace.records.pop_back();  // The end mark.
    trace::Record violation;
    violation.source = RD_SOURCE_NDIS;
    violation.kind = RD_KIND_NOTE;
    violation.event = RD_EV_VIOLATION;
    for (int i = 0; i < 9; ++i) {
        violation.sequence = run.trace.records.size();
        run.trace.records.push_back(violation);
    }
    run.trace.head = run.trace.records.size();
    const auto verdict = judge(run).verdict;
    ASSERT_EQ(verdict.findings.size(), 5u);
    EXPECT_THAT(verdict.findings.back().explanation, HasSubstr("And 4 more"));
}

}  // namespace
}  // namespace rundown::oracle
