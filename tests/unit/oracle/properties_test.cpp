// SPDX-License-Identifier: MIT
// What must hold for every run: those that conform pass, records that are missing never make a
// finding and never a pass, and what is broken at random is found.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

#include "oracle/oracle.hpp"
#include "support/conforming_run.hpp"
#include "support/trace_case.hpp"
#include "trace/text.hpp"

namespace rundown::oracle {
namespace {

using test::conforming_run;
using trace::Record;

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

std::string words_for(const Judgement& judgement) {
    std::string words(to_string(judgement.verdict.kind));
    words += " " + judgement.verdict.sentence;
    for (const auto& finding : judgement.verdict.findings) {
        words += "\n" + finding.rule + ": " + finding.explanation;
    }
    return words;
}

bool has_rule(const Judgement& judgement, const std::string& rule) {
    const auto& findings = judgement.verdict.findings;
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.rule == rule;
    });
}

/// Takes the records out for which `which` says so, and closes the ranks: they never happened.
template <class Which>
std::size_t remove(RunRecord& run, Which which) {
    auto& records = run.trace.records;
    const auto count = std::erase_if(records, which);
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].sequence = i;
    }
    run.trace.head = records.size();
    return count;
}

/// Puts a record in before the end mark.
void append(RunRecord& run, Record record) {
    auto& records = run.trace.records;
    record.sequence = records.size() - 1;
    records.back().sequence = records.size();
    records.insert(records.end() - 1, record);
    run.trace.head = records.size();
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

/// A run with at least one binding and traffic, both sides speaking.
RunRecord busy_run() {
    test::ConformingOptions options;
    options.bindings = *rc::gen::inRange<std::uint32_t>(1, 3);
    options.operations = 12;
    return conforming_run(*rc::gen::arbitrary<std::uint32_t>(), options);
}

/// What a defect removes or changes, and the rule that must name it.
template <class Break>
void expect_found(const char* rule, Break damage) {
    EXPECT_TRUE(rc::check(rule, [&] {
        RunRecord run = busy_run();
        RC_PRE(damage(run));
        const Judgement judgement = judge(run);
        if (!has_rule(judgement, rule)) {
            RC_LOG() << words_for(judgement) << "\n" << test::to_text(run);
        }
        RC_ASSERT(has_rule(judgement, rule));
    }));
}

TEST(OracleProperties, ACloseNobodyCalls) {
    expect_found("open-closed-once", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_CLOSE_ADAPTER ||
                          record.event == RD_EV_CLOSE_ADAPTER_COMPLETE;
               }) != 0;
    });
}

TEST(OracleProperties, ACloseThatNeverCompletes) {
    expect_found("close-completed-once", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_CLOSE_ADAPTER_COMPLETE;
               }) != 0;
    });
}

TEST(OracleProperties, AnUnbindThatNeverCompletes) {
    expect_found("unbind-once-per-open", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_COMPLETE_UNBIND;
               }) != 0;
    });
}

TEST(OracleProperties, AnUnbindThatNeverComes) {
    // The close goes with it: a driver that closes by itself need not be unbound.
    expect_found("unbind-once-per-open", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_UNBIND_ADAPTER ||
                          record.event == RD_EV_CLOSE_ADAPTER ||
                          record.event == RD_EV_CLOSE_ADAPTER_COMPLETE;
               }) != 0;
    });
}

TEST(OracleProperties, ASendThatNeverCompletes) {
    expect_found("packets-returned", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_SEND_COMPLETE;
               }) != 0;
    });
}

TEST(OracleProperties, AReceiveThatIsNeverReturned) {
    expect_found("packets-returned", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_RETURN_PACKETS;
               }) != 0;
    });
}

TEST(OracleProperties, ARequestTheDriverLoses) {
    expect_found("requests-completed", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_REQUEST_COMPLETE &&
                          record.source == RD_SOURCE_DRIVER;
               }) != 0;
    });
}

TEST(OracleProperties, APoolThatIsNeverFreed) {
    expect_found("pool-balance", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_FREE_PACKET_POOL;
               }) != 0;
    });
}

TEST(OracleProperties, AFilterThatIsNeverCleared) {
    expect_found("filters-released", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_FILTER_SET && record.arg[0] == 0;
               }) != 0;
    });
}

TEST(OracleProperties, ACallbackAfterTheEnd) {
    expect_found("no-callback-after-deregister", [](RunRecord& run) {
        const auto& records = run.trace.records;
        const auto victim = std::find_if(records.begin(), records.end(), [](const Record& record) {
            return record.kind == RD_KIND_CALLBACK && record.source == RD_SOURCE_DRIVER &&
                   record.event == RD_EV_RECEIVE_PACKET;
        });
        if (victim == records.end()) {
            return false;
        }
        append(run, *victim);
        return true;
    });
}

TEST(OracleProperties, ASendAfterTheClose) {
    expect_found("no-callback-after-close", [](RunRecord& run) {
        const auto& records = run.trace.records;
        const auto victim = std::find_if(records.begin(), records.end(), [](const Record& record) {
            return record.kind == RD_KIND_CALL && record.event == RD_EV_SEND;
        });
        if (victim == records.end()) {
            return false;
        }
        append(run, *victim);
        return true;
    });
}

TEST(OracleProperties, ADeregistrationThatFails) {
    expect_found("deregister-status", [](RunRecord& run) {
        for (Record& record : run.trace.records) {
            if (record.kind == RD_KIND_RETURN && record.event == RD_EV_DEREGISTER_PROTOCOL) {
                record.status = 0xC0000001;
            }
        }
        return true;
    });
}

TEST(OracleProperties, ADeregistrationNobodyCalls) {
    expect_found("deregistered-before-unload", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_DEREGISTER_PROTOCOL;
               }) != 0;
    });
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
