// SPDX-License-Identifier: MIT
// One number for a trace: it changes with everything that is in it.
#include "run/trace_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

namespace rundown::run {
namespace {

trace::Trace two_records() {
    trace::Trace trace;
    trace.head = 2;
    trace.frequency_hz = 1000000000;
    trace.boot_id = 1;
    trace.records.resize(2);
    trace.records[1].sequence = 1;
    return trace;
}

TEST(TraceHash, IsTheSameForTheSameTrace) {
    const std::string hash = trace_hash(two_records());
    EXPECT_EQ(hash.size(), 64u);
    EXPECT_TRUE(std::all_of(hash.begin(), hash.end(), [](unsigned char c) {
        return std::isxdigit(c);
    }));
    EXPECT_EQ(trace_hash(two_records()), hash);
}

TEST(TraceHash, ChangesWithATimeStampAndWithTheHeader) {
    const std::string hash = trace_hash(two_records());
    trace::Trace other = two_records();
    ++other.records[1].time;
    EXPECT_NE(trace_hash(other), hash);
    other = two_records();
    ++other.boot_id;
    EXPECT_NE(trace_hash(other), hash);
    other = two_records();
    other.records.pop_back();
    EXPECT_NE(trace_hash(other), hash);
}

TEST(TraceHash, ATraceWithoutRecordsHasNone) {
    EXPECT_EQ(trace_hash(trace::Trace{}), "");
}

}  // namespace
}  // namespace rundown::run
