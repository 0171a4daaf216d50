// SPDX-License-Identifier: MIT
// What is broken at random is found, and the rule named: a busy run that conforms, with one kind of
// record taken out, changed or added.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "support/trace_case.hpp"
#include "unit/oracle/damaged_run.hpp"

namespace rundown::oracle {
namespace {

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

TEST(OracleBreakage, ACloseNobodyCalls) {
    expect_found("open-closed-once", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_CLOSE_ADAPTER ||
                          record.event == RD_EV_CLOSE_ADAPTER_COMPLETE;
               }) != 0;
    });
}

TEST(OracleBreakage, ACloseThatNeverCompletes) {
    expect_found("close-completed-once", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_CLOSE_ADAPTER_COMPLETE;
               }) != 0;
    });
}

TEST(OracleBreakage, AnUnbindThatNeverCompletes) {
    expect_found("unbind-once-per-open", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_COMPLETE_UNBIND;
               }) != 0;
    });
}

TEST(OracleBreakage, AnUnbindThatNeverComes) {
    // The close goes with it: a driver that closes by itself need not be unbound.
    expect_found("unbind-once-per-open", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_UNBIND_ADAPTER ||
                          record.event == RD_EV_CLOSE_ADAPTER ||
                          record.event == RD_EV_CLOSE_ADAPTER_COMPLETE;
               }) != 0;
    });
}

TEST(OracleBreakage, ASendThatNeverCompletes) {
    expect_found("packets-returned", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_SEND_COMPLETE;
               }) != 0;
    });
}

TEST(OracleBreakage, AReceiveThatIsNeverReturned) {
    expect_found("packets-returned", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_RETURN_PACKETS;
               }) != 0;
    });
}

TEST(OracleBreakage, ARequestTheDriverLoses) {
    expect_found("requests-completed", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_REQUEST_COMPLETE &&
                          record.source == RD_SOURCE_DRIVER;
               }) != 0;
    });
}

TEST(OracleBreakage, APoolThatIsNeverFreed) {
    expect_found("pool-balance", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_FREE_PACKET_POOL;
               }) != 0;
    });
}

TEST(OracleBreakage, AFilterThatIsNeverCleared) {
    expect_found("filters-released", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_FILTER_SET && record.arg[0] == 0;
               }) != 0;
    });
}

TEST(OracleBreakage, ACallbackAfterTheEnd) {
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

TEST(OracleBreakage, ASendAfterTheClose) {
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

TEST(OracleBreakage, ADeregistrationThatFails) {
    expect_found("deregister-status", [](RunRecord& run) {
        for (Record& record : run.trace.records) {
            if (record.kind == RD_KIND_RETURN && record.event == RD_EV_DEREGISTER_PROTOCOL) {
                record.status = 0xC0000001;
            }
        }
        return true;
    });
}

TEST(OracleBreakage, ADeregistrationNobodyCalls) {
    expect_found("deregistered-before-unload", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_DEREGISTER_PROTOCOL;
               }) != 0;
    });
}

TEST(OracleBreakage, AFilterTheDriverLeavesSet) {
    expect_found("filters-released", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_REQUEST && record.source == RD_SOURCE_DRIVER &&
                          record.arg[1] == (std::uint64_t{1} << 32 | 0x0001010E) &&
                          (record.arg[2] & 0xFFFFFFFF) == 0;
               }) != 0;
    });
}

TEST(OracleBreakage, AFrameNobodyHandedOver) {
    expect_found("silent-wire", [](RunRecord& run) {
        oracle::WireStream& stream = run.nics.front().streams.front();
        stream.last_sequence += *rc::gen::inRange<std::uint32_t>(1, 100);
        return true;
    });
}

TEST(OracleBreakage, AnUnloadWithAHandleOpen) {
    expect_found("unload-waits-for-handles", [](RunRecord& run) {
        return remove(run, [](const Record& record) {
                   return record.event == RD_EV_HANDLE_CLOSE;
               }) != 0;
    });
}

TEST(OracleBreakage, AnUnbindThatFails) {
    expect_found("unbind-once-per-open", [](RunRecord& run) {
        for (Record& record : run.trace.records) {
            if (record.is(RD_KIND_CALLBACK_RETURN, RD_EV_UNBIND_ADAPTER)) {
                record.status = 0xC0000001;
                return true;
            }
        }
        return false;
    });
}

TEST(OracleBreakage, ARaisedIrql) {
    expect_found("passive-level", [](RunRecord& run) {
        for (Record& record : run.trace.records) {
            record.irql = record.event == RD_EV_CLOSE_ADAPTER ? 2 : record.irql;
        }
        return true;
    });
}

TEST(OracleBreakage, AHandleUsedTwice) {
    expect_found("protocol-handle", [](RunRecord& run) {
        const auto& records = run.trace.records;
        const auto call = std::find_if(records.begin(), records.end(), [](const Record& record) {
            return record.is(RD_SOURCE_DRIVER, RD_KIND_CALL, RD_EV_DEREGISTER_PROTOCOL);
        });
        append(run, *call);
        return true;
    });
}

}  // namespace
}  // namespace rundown::oracle
