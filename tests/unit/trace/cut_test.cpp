// SPDX-License-Identifier: MIT
// What Trace::cut() forgets, and what it must not.
#include <gtest/gtest.h>

#include "trace/trace.hpp"

namespace rundown::trace {
namespace {

/// Records 2, 3, 6, 7, 9: 0 and 1 overwritten; 4, 5 and 8 torn.
Trace with_gaps() {
    Trace trace;
    for (const std::uint64_t sequence : {2, 3, 6, 7, 9}) {
        Record record;
        record.sequence = sequence;
        trace.records.push_back(record);
    }
    trace.gaps = {{0, 2}, {4, 6}, {8, 9}};
    trace.head = 10;
    trace.lost = 2;
    trace.torn = 3;
    return trace;
}

TEST(TraceCut, BeyondTheHeadChangesNothing) {
    Trace trace = with_gaps();
    trace.cut(trace.head);
    EXPECT_EQ(trace.records.size(), 5u);
    EXPECT_EQ(trace.gaps, with_gaps().gaps);
    EXPECT_EQ(trace.torn, 3u);
    trace.cut(100);
    EXPECT_EQ(trace.head, 10u);
}

TEST(TraceCut, ForgetsRecordsGapsAndTheirCount) {
    Trace trace = with_gaps();
    trace.cut(8);
    EXPECT_EQ(trace.records.size(), 4u);
    EXPECT_EQ(trace.gaps, (std::vector<Gap>{{0, 2}, {4, 6}}));
    EXPECT_EQ(trace.head, 8u);
    EXPECT_EQ(trace.lost, 2u);
    EXPECT_EQ(trace.torn, 2u);
}

TEST(TraceCut, InTheMiddleOfAGapKeepsItsBeginning) {
    Trace trace = with_gaps();
    trace.cut(5);
    EXPECT_EQ(trace.records.size(), 2u);
    EXPECT_EQ(trace.gaps, (std::vector<Gap>{{0, 2}, {4, 5}}));
    EXPECT_EQ(trace.torn, 1u);
    EXPECT_FALSE(trace.whole(4, 5));
}

}  // namespace
}  // namespace rundown::trace
