// SPDX-License-Identifier: MIT
#include "lib/frame.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "witness/frame.hpp"

namespace rundown::witness {
namespace {

FrameFields fields_of(std::uint16_t length) {
    FrameFields fields;
    fields.destination = {1, 2, 3, 4, 5, 6};
    fields.source = kHostAddress;
    fields.direction = RD_FRAME_FROM_GUEST;
    fields.length = length;
    fields.stream = 7;
    fields.sequence = 1000;
    return fields;
}

std::vector<std::byte> frame_of(const FrameFields& fields) {
    std::vector<std::byte> frame(fields.length);
    build_frame(fields, frame.data());
    return frame;
}

TEST(Frame, WhatIsBuiltIsGoodAtEveryLength) {
    for (std::uint16_t length = RD_FRAME_MIN; length <= RD_FRAME_MAX; ++length) {
        const auto judgement = judge_frame(frame_of(fields_of(length)));
        ASSERT_EQ(judgement.kind, FrameKind::good) << length;
        ASSERT_EQ(judgement.fields.sequence, 1000u);
        ASSERT_EQ(judgement.fields.stream, 7u);
        ASSERT_EQ(judgement.fields.source, kHostAddress);
    }
}

TEST(Frame, TheDriversCheckerAgrees) {
    const auto frame = frame_of(fields_of(777));
    FrameChecker checker(777);
    checker.Feed(frame.data(), 777);
    EXPECT_EQ(checker.Finish(), FrameVerdict::Good);
    EXPECT_EQ(checker.Header().sequence, 1000u);
}

TEST(Frame, AnyByteThatDiffersIsSeen) {
    const auto good = frame_of(fields_of(200));
    for (std::size_t at = 12; at < good.size(); ++at) {  // The addresses are not protected.
        auto frame = good;
        frame[at] ^= std::byte{0x40};
        const auto judgement = judge_frame(frame);
        // Another stream or sequence number may have the same payload; the sequence tells then.
        const bool another = judgement.fields.stream != 7 || judgement.fields.sequence != 1000;
        EXPECT_TRUE(judgement.kind != FrameKind::good || another) << "byte " << at;
    }
}

TEST(Frame, AFrameCutOrPaddedHasABadLength) {
    auto frame = frame_of(fields_of(200));
    frame.push_back(std::byte{0});
    EXPECT_EQ(judge_frame(frame).kind, FrameKind::bad_length);
    frame.resize(199);
    EXPECT_EQ(judge_frame(frame).kind, FrameKind::bad_length);
    frame.resize(40);
    EXPECT_EQ(judge_frame(frame).kind, FrameKind::bad_length);
}

TEST(Frame, ForeignFramesOfAnyLengthAreOther) {
    for (std::size_t length = 0; length < 100; ++length) {
        EXPECT_EQ(judge_frame(std::vector<std::byte>(length)).kind, FrameKind::other);
    }
    EXPECT_EQ(judge_frame(std::vector<std::byte>(70000, std::byte{0x88})).kind, FrameKind::other);
}

}  // namespace
}  // namespace rundown::witness
