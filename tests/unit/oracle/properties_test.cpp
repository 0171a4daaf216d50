// SPDX-License-Identifier: MIT
// What must hold for every run: those that conform pass, records that are missing never make a
// finding and never a pass, what nobody did is found, and neither noise nor what others do matters.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

#include "support/trace_case.hpp"
#include "trace/text.hpp"
#include "unit/oracle/damaged_run.hpp"

namespace rundown::oracle {
namespace {

using test::conforming_run;

struct Drawn {
    std::uint32_t seed;
    test::ConformingOptions options;
    RunRecord run;
};

Drawn draw() {
    Drawn drawn;
    drawn.seed = *rc::gen::arbitrary<std::uint32_t>();
    drawn.options.bindings = *rc::gen::inRange<std::uint32_t>(0, 4);
    drawn.options.operations = *rc::gen::inRange<std::uint32_t>(0, 12);
    drawn.options.ndis_speaks = *rc::gen::arbitrary<bool>();
    drawn.run = conforming_run(drawn.seed, drawn.options);
    return drawn;
}

TEST(OracleProperties, ConformingRunsPass) {
    EXPECT_TRUE(rc::check("every conforming run passes", [] {
        const Drawn drawn = draw();
        const Judgement judgement = judge(drawn.run);
        if (judgement.verdict.kind != VerdictKind::pass) {
            RC_LOG() << words_for(judgement) << "\n" << test::to_text(drawn.run);
        }
        RC_ASSERT(judgement.verdict.kind == VerdictKind::pass);
    }));
}

TEST(OracleProperties, MissingRecordsNeverMakeAFindingNorAPass) {
    EXPECT_TRUE(rc::check("holes in a conforming trace are inconclusive", [] {
        Drawn drawn = draw();
        auto& trace = drawn.run.trace;
        // The end mark stays: what is torn after it is nobody's business.
        const auto last = trace.head - 1;
        const auto overwritten = *rc::gen::inRange<std::uint64_t>(0, last);
        const auto torn = *rc::gen::inRange<std::uint64_t>(overwritten, last);
        std::erase_if(trace.records, [&](const Record& record) {
            return record.sequence < overwritten || record.sequence == torn;
        });
        if (overwritten != 0) {
            trace.gaps.push_back({0, overwritten});
            trace.lost = overwritten;
        }
        trace.gaps.push_back({torn, torn + 1});
        trace.torn = 1;
        const Judgement judgement = judge(drawn.run);
        if (judgement.verdict.kind != VerdictKind::inconclusive) {
            RC_LOG() << words_for(judgement) << "\n" << test::to_text(drawn.run);
        }
        RC_ASSERT(judgement.verdict.kind == VerdictKind::inconclusive);
    }));
}

/// Records whose absence nobody can hold against anyone: the returns of traffic's own calls, what
/// NDIS only counts, what one side alone says of a crossing that the other side shows too.
bool may_be_absent(const Record& record) {
    switch (record.event) {
        case RD_EV_MARK:
        case RD_EV_DRIVER_ENTRY:
        case RD_EV_DRIVER_UNLOAD:
        case RD_EV_BINDING_CREATED:
        case RD_EV_BINDING_FREED:
        case RD_EV_REGISTER_PROTOCOL:
        case RD_EV_OPEN_ADAPTER:
        case RD_EV_OPEN_ADAPTER_COMPLETE:
        case RD_EV_ALLOCATE_PACKET_POOL:
        case RD_EV_UNBIND_ADAPTER:
        case RD_EV_HANDLE_CREATE:
        case RD_EV_RECEIVE_PACKET:  // A callback that never returned may have kept any packet.
            return true;
        case RD_EV_FILTER_SET:
            return record.arg[0] != 0;
        case RD_EV_DEREGISTER_PROTOCOL:
        case RD_EV_SEND:
        case RD_EV_REQUEST:
            return record.kind == RD_KIND_CALL || record.status == 0x103 ||
                   record.event == RD_EV_DEREGISTER_PROTOCOL;
        default:
            return record.kind == RD_KIND_RETURN || record.kind == RD_KIND_CALLBACK_RETURN;
    }
}

TEST(OracleProperties, WhatNeverHappenedIsFoundOrExplained) {
    EXPECT_TRUE(rc::check("one record removed at random", [] {
        Drawn drawn = draw();
        const auto& records = drawn.run.trace.records;
        const auto victim = *rc::gen::inRange<std::size_t>(0, records.size());
        const Record removed = records[victim];
        remove(drawn.run, [&](const Record& record) { return record.sequence == victim; });
        const Judgement judgement = judge(drawn.run);
        if (judgement.verdict.kind == VerdictKind::pass && !may_be_absent(removed)) {
            RC_LOG() << "removed: " << trace::to_text(removed) << "\n" << test::to_text(drawn.run);
            RC_FAIL("not found");
        }
    }));
}

/// What breaks a rule: a record of the driver's or NDIS's taken out, or none.
void damage(RunRecord& run) {
    const auto event = *rc::gen::element<std::uint16_t>(
        RD_EV_SEND_COMPLETE,
        RD_EV_RETURN_PACKETS,
        RD_EV_CLOSE_ADAPTER,
        RD_EV_COMPLETE_UNBIND,
        RD_EV_FREE_PACKET_POOL,
        RD_EV_DEREGISTER_PROTOCOL,
        RD_EV_INVALID
    );
    remove(run, [&](const Record& record) { return record.event == event; });
}

/// Rules that fire, one name for each finding.
std::vector<std::string> fired(const RunRecord& run) {
    std::vector<std::string> names;
    for (const Finding& finding : judge(run).verdict.findings) {
        names.push_back(finding.rule);
    }
    return names;
}

/// What the system and other protocols do meanwhile.
Record unrelated(std::mt19937& random) {
    Record record;
    record.thread = 0x9000 + random() % 4;
    record.processor = static_cast<std::uint8_t>(random() % 4);
    record.irql = static_cast<std::uint8_t>(random() % 3);
    record.source = random() % 2 == 0 ? RD_SOURCE_NDIS : RD_SOURCE_KERNEL;
    record.kind = RD_KIND_NOTE;
    record.event = RD_EV_SWITCH;
    record.object = random();
    if (record.source == RD_SOURCE_NDIS) {  // Another protocol's binding, which stays bound.
        record.binding = static_cast<std::uint16_t>(900 + random() % 3);
        record.kind = RD_KIND_CALLBACK;
        record.event = RD_EV_RECEIVE_COMPLETE;
    }
    return record;
}

TEST(OracleProperties, UnrelatedRecordsChangeNothing) {
    EXPECT_TRUE(rc::check("records of others mixed in", [] {
        RunRecord run = busy_run();
        damage(run);
        const auto before = fired(run);
        std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
        auto& records = run.trace.records;
        // Of the other protocol NDIS tells that it was opened, and by whom it is not.
        for (int i = 0; i < 40; ++i) {
            const auto at = random() % records.size();
            records.insert(records.begin() + static_cast<std::ptrdiff_t>(at), unrelated(random));
        }
        for (std::size_t i = 0; i < records.size(); ++i) {
            records[i].sequence = i;
        }
        run.trace.head = records.size();
        if (fired(run) != before) {
            RC_LOG() << words_for(judge(run)) << "\n" << test::to_text(run);
        }
        RC_ASSERT(fired(run) == before);
    }));
}

TEST(OracleProperties, ProcessorsAndTimesDoNotMatter) {
    EXPECT_TRUE(rc::check("processors shuffled, time stretched", [] {
        RunRecord run = busy_run();
        damage(run);
        const std::string before = words_for(judge(run));
        std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
        std::uint64_t time = 0;
        for (Record& record : run.trace.records) {
            record.processor = static_cast<std::uint8_t>(random() % 8);
            record.time = time += random() % 1000;
        }
        RC_ASSERT(words_for(judge(run)) == before);
    }));
}

TEST(OracleProperties, NoiseIsJudgedWithoutHarm) {
    EXPECT_TRUE(rc::check("records of any content", [] {
        RunRecord run;
        std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
        const auto count = *rc::gen::inRange<std::size_t>(0, 400);
        for (std::size_t i = 0; i < count; ++i) {
            Record record;
            record.sequence = i;
            record.time = random();
            record.thread = random() % 4;
            record.irql = static_cast<std::uint8_t>(random() % 16);
            record.source = static_cast<std::uint8_t>(random() % 6);
            record.kind = static_cast<std::uint8_t>(random() % 7);
            record.event = static_cast<std::uint16_t>(random() % 116);
            record.binding = static_cast<std::uint16_t>(random() % 4);
            record.status = random() % 3 == 0 ? random() : random() % 2 * 0x103;
            record.object = random() % 8;
            record.arg = {random() % 8, std::uint64_t{random()} << 32 | random() % 3, random()};
            run.trace.records.push_back(record);
        }
        run.trace.head = count;
        run.trigger = "unload";
        run.nics.resize(1);
        run.nics[0].streams = {{static_cast<std::uint32_t>(random() % 4), 1, 7}};
        if (random() % 2 == 0) {
            run.deadline = PassedDeadline{"trigger", "the driver to stop", 5000};
        }
        const Judgement judgement = judge(run);
        RC_ASSERT(judgement.verdict.kind != VerdictKind::invalid);
        for (const Finding& finding : judgement.verdict.findings) {
            RC_ASSERT(!finding.explanation.empty());
            RC_ASSERT(finding.event.value_or(0) < std::max<std::uint64_t>(run.trace.head, 1));
        }
    }));
}

TEST(OracleProperties, JudgingTwiceSaysTheSame) {
    EXPECT_TRUE(rc::check("judge is a function of the record", [] {
        RunRecord run = busy_run();
        remove(run, [](const Record& record) { return record.event == RD_EV_SEND_COMPLETE; });
        RC_ASSERT(words_for(judge(run)) == words_for(judge(run)));
    }));
}

}  // namespace
}  // namespace rundown::oracle
