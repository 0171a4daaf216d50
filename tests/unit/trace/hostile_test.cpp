// SPDX-License-Identifier: MIT
// What the guest writes into the window is believed in nothing: damaged rings are read without
// harm, and what is read says of each record whether it is there.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstring>
#include <random>
#include <span>

#include "oracle/oracle.hpp"
#include "support/conforming_run.hpp"
#include "trace/reader.hpp"

namespace rundown::trace {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// Every sequence number up to head is a record or in a gap, never both; counts agree.
void check_accounts(const Trace& trace) {
    std::uint64_t missing = 0;
    for (std::size_t i = 0; i < trace.gaps.size(); ++i) {
        RC_ASSERT(trace.gaps[i].first < trace.gaps[i].end);
        if (i != 0) {  // RC_ASSERT looks at both sides of an ||.
            RC_ASSERT(trace.gaps[i - 1].end < trace.gaps[i].first);
        }
        missing += trace.gaps[i].end - trace.gaps[i].first;
    }
    RC_ASSERT(missing + trace.records.size() == trace.head);
    RC_ASSERT(missing == trace.lost + trace.torn);
    for (const Record& record : trace.records) {
        RC_ASSERT(trace.find(record.sequence) == &record);
        RC_ASSERT(trace.whole(record.sequence, record.sequence + 1));
    }
}

std::string drawn_window() {
    test::ConformingOptions options;
    options.bindings = *rc::gen::inRange<std::uint32_t>(0, 3);
    const auto run = test::conforming_run(*rc::gen::arbitrary<std::uint32_t>(), options);
    return write(run.trace);
}

TEST(HostileTrace, DamagedBytesAreReadWithoutHarm) {
    EXPECT_TRUE(rc::check("any bytes changed anywhere", [] {
        std::string window = drawn_window();
        std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
        const auto changes = *rc::gen::inRange(1, 64);
        for (int i = 0; i < changes; ++i) {
            // Half of them where it hurts: in the header.
            const auto end = i % 2 == 0 ? std::size_t{128} : window.size();
            window[random() % end] = static_cast<char>(random());
        }
        const auto trace = read(bytes_of(window));
        if (trace) {
            check_accounts(*trace);
            const auto again = read(bytes_of(write(*trace)));
            RC_ASSERT(again.has_value());
            RC_ASSERT(again->gaps == trace->gaps);
            RC_ASSERT(again->lost == trace->lost);
        }
    }));
}

TEST(HostileTrace, DamagedTracesAreJudgedWithoutHarm) {
    EXPECT_TRUE(rc::check("records changed, then judged", [] {
        std::string window = drawn_window();
        std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
        const auto changes = *rc::gen::inRange(1, 400);
        for (int i = 0; i < changes && window.size() > RD_TRACE_HEADER_BYTES; ++i) {
            const auto at =
                RD_TRACE_HEADER_BYTES + random() % (window.size() - RD_TRACE_HEADER_BYTES);
            window[at] = static_cast<char>(random() % 4 == 0 ? random() : random() % 8);
        }
        const auto trace = read(bytes_of(window));
        RC_PRE(trace.has_value());
        oracle::RunRecord run;
        run.trace = *trace;
        run.trigger = "unload";
        RC_ASSERT(oracle::judge(run).verdict.kind != VerdictKind::invalid);
    }));
}

TEST(HostileTrace, AWindowOfAnyLengthIsReadOrRefused) {
    EXPECT_TRUE(rc::check("cut anywhere", [] {
        std::string window = drawn_window();
        window.resize(*rc::gen::inRange<std::size_t>(0, window.size()));
        const auto trace = read(bytes_of(window));
        RC_ASSERT(!trace.has_value());  // Its header claims more than is there.
    }));
}

TEST(HostileTrace, WhatIsWrittenIsReadAgain) {
    EXPECT_TRUE(rc::check("write, then read", [] {
        test::ConformingOptions options;
        auto trace = test::conforming_run(*rc::gen::arbitrary<std::uint32_t>(), options).trace;
        const auto lost = *rc::gen::inRange<std::uint64_t>(0, trace.head);
        const auto torn = *rc::gen::inRange<std::uint64_t>(lost, trace.head);
        std::erase_if(trace.records, [&](const Record& record) {
            return record.sequence < lost || record.sequence == torn;
        });
        if (lost != 0) {
            trace.gaps.push_back({0, lost});
        }
        trace.lost = lost;
        trace.torn = 1;
        if (torn == lost && lost != 0) {
            trace.gaps.back().end = torn + 1;
        } else {
            trace.gaps.push_back({torn, torn + 1});
        }
        const std::string bytes = write(trace);
        const auto again = read(bytes_of(bytes));
        RC_ASSERT(again.has_value());
        RC_ASSERT(again->gaps == trace.gaps);
        RC_ASSERT(again->lost == trace.lost);
        RC_ASSERT(again->torn == trace.torn);
        RC_ASSERT(again->records.size() == trace.records.size());
    }));
}

}  // namespace
}  // namespace rundown::trace
