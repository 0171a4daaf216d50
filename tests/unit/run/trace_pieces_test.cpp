// SPDX-License-Identifier: MIT
#include "run/trace_pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "trace/reader.hpp"

namespace rundown::run {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

std::string bytes_of(std::uint64_t first, const std::vector<std::uint64_t>& times) {
    std::string bytes;
    for (std::size_t i = 0; i < times.size(); ++i) {
        rd_trace_record raw{};
        raw.commit = first + i + 1;
        raw.time = times[i];
        raw.source = RD_SOURCE_DRIVER;
        raw.kind = RD_KIND_NOTE;
        bytes.append(reinterpret_cast<const char*>(&raw), sizeof(raw));
    }
    return bytes;
}

TracePiece piece(std::uint64_t first, const std::vector<std::uint64_t>& times) {
    return *piece_of(bytes_of(first, times), first, 0, 1000);
}

trace::Record mark_at(std::uint64_t time, std::uint64_t what) {
    trace::Record mark;
    mark.time = time;
    mark.source = RD_SOURCE_AGENT;
    mark.kind = RD_KIND_NOTE;
    mark.event = RD_EV_MARK;
    mark.arg[0] = what;
    return mark;
}

std::vector<std::uint64_t> times_of(const trace::Trace& trace) {
    std::vector<std::uint64_t> times;
    for (const auto& record : trace.records) {
        times.push_back(record.time);
    }
    return times;
}

TEST(TracePieces, WhatIsNoRecordIsRefused) {
    EXPECT_FALSE(piece_of("abc", 0, 0, 0));
    EXPECT_FALSE(piece_of(bytes_of(5, {1}), 6, 0, 0)) << "numbered otherwise";
    std::string unknown = bytes_of(0, {1});
    unknown[22] = 77;  // Its source.
    EXPECT_FALSE(piece_of(unknown, 0, 0, 0));
    EXPECT_THAT(piece_of("", 9, 0, 0)->records, SizeIs(0));
}

TEST(TracePieces, PiecesMakeAWhole) {
    DrainedTrace drained;
    ASSERT_TRUE(drained.add(piece(0, {10, 11})));
    ASSERT_TRUE(drained.add(piece(2, {})));
    ASSERT_TRUE(drained.add(piece(2, {12})));
    EXPECT_THAT(times_of(drained.trace()), ElementsAre(10, 11, 12));
    EXPECT_EQ(drained.trace().head, 3u);
    EXPECT_EQ(drained.trace().frequency_hz, 1000u);
    EXPECT_THAT(drained.trace().gaps, SizeIs(0));
}

TEST(TracePieces, WhatNeverCameIsAGapAndLost) {
    DrainedTrace drained;
    ASSERT_TRUE(drained.add(piece(3, {10})));
    ASSERT_TRUE(drained.add(piece(9, {20})));
    const auto& trace = drained.trace();
    EXPECT_THAT(trace.gaps, ElementsAre(trace::Gap{0, 3}, trace::Gap{4, 9}));
    EXPECT_EQ(trace.lost, 8u);
    EXPECT_FALSE(drained.add(piece(9, {21}))) << "another ring";
}

TEST(TracePieces, ARingHandedOutAgainFromItsBeginningIsGoneOnWith) {
    DrainedTrace drained;
    ASSERT_TRUE(drained.add(piece(0, {10, 11})));
    ASSERT_TRUE(drained.add(piece(0, {10, 11, 12, 13})));
    EXPECT_THAT(times_of(drained.trace()), ElementsAre(10, 11, 12, 13));
    EXPECT_THAT(drained.trace().gaps, SizeIs(0));
}

TEST(TracePieces, MarksGoWhereTheirTimeBelongs) {
    DrainedTrace drained;
    ASSERT_TRUE(drained.add(piece(0, {10, 20})));
    ASSERT_TRUE(drained.add(piece(5, {30})));
    const auto whole = with_marks(drained.trace(), {mark_at(40, 6), mark_at(5, 1), mark_at(15, 2)});
    EXPECT_THAT(times_of(whole), ElementsAre(5, 10, 15, 20, 30, 40));
    EXPECT_THAT(whole.gaps, ElementsAre(trace::Gap{4, 7}));
    EXPECT_EQ(whole.lost, 3u);
    EXPECT_EQ(whole.head, 9u);
    for (std::size_t i = 1; i < whole.records.size(); ++i) {
        EXPECT_GT(whole.records[i].sequence, whole.records[i - 1].sequence);
    }
}

TEST(TracePieces, TheWholeIsATraceFileLikeAnyOther) {
    DrainedTrace drained;
    ASSERT_TRUE(drained.add(piece(2, {10, 20})));
    const auto whole = with_marks(drained.trace(), {mark_at(15, 3)});
    const std::string file = trace::write(whole);
    const auto again = trace::read(std::as_bytes(std::span(file)));
    ASSERT_TRUE(again) << again.error().sentence;
    EXPECT_EQ(again->gaps, whole.gaps);
    EXPECT_EQ(times_of(*again), times_of(whole));
    EXPECT_EQ(again->lost, whole.lost);
}

TEST(TracePieces, MarksAloneAreATrace) {
    const auto whole = with_marks({}, {mark_at(1, 1)});
    EXPECT_THAT(whole.records, SizeIs(1));
    EXPECT_EQ(whole.head, 1u);
}

}  // namespace
}  // namespace rundown::run
