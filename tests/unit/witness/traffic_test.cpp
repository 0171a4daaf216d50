// SPDX-License-Identifier: MIT
#include "witness/traffic.hpp"

#include <gtest/gtest.h>

#include <map>

#include "witness/stream_decoder.hpp"

namespace rundown::witness {
namespace {

constexpr MacAddress kNic = {0x52, 0x54, 0x00, 0x72, 0x64, 0x01};

TEST(Traffic, TheSameSeedGivesTheSameFrames) {
    Traffic one(5, 0, kNic);
    Traffic same(5, 0, kNic);
    Traffic other(6, 0, kNic);
    std::vector<std::byte> a, b, c;
    one.append(200, a);
    same.append(200, b);
    other.append(200, c);
    EXPECT_EQ(a, b);
    EXPECT_NE(a, c);
}

TEST(Traffic, CoversDestinationsAndLengthsAndIsInSequence) {
    Traffic traffic(1, 3, kNic);
    std::map<MacAddress, int> destinations;
    std::map<int, int> lengths;
    for (std::uint32_t i = 0; i < 20000; ++i) {
        const FrameFields fields = traffic.next();
        ASSERT_EQ(fields.sequence, i);
        ASSERT_EQ(fields.stream, 3u);
        ASSERT_EQ(fields.direction, RD_FRAME_FROM_HOST);
        ASSERT_GE(fields.length, RD_FRAME_MIN);
        ASSERT_LE(fields.length, RD_FRAME_MAX);
        ++destinations[fields.destination];
        ++lengths[fields.length];
    }
    EXPECT_EQ(destinations.size(), 5u);
    EXPECT_NEAR(destinations[kNic], 20000 * 11 / 16, 500);
    EXPECT_GT(lengths[RD_FRAME_MIN], 2000);
    EXPECT_GT(lengths[RD_FRAME_MAX], 2000);
    EXPECT_GT(lengths.size(), 1400u);
}

TEST(Traffic, WhatGoesOnTheWireIsWhatTheWatchCallsGood) {
    Traffic traffic(9, 0, kNic);
    std::vector<std::byte> wire;
    traffic.append(100, wire);
    StreamDecoder decoder;
    int good = 0;
    ASSERT_TRUE(decoder.feed(wire, [&](std::span<const std::byte> frame) {
        good += judge_frame(frame).kind == FrameKind::good ? 1 : 0;
    }));
    EXPECT_EQ(good, 100);
}

}  // namespace
}  // namespace rundown::witness
