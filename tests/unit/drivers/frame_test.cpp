// SPDX-License-Identifier: MIT
#include "lib/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

namespace rundown {
namespace {

FrameIdentity some_frame(uint16_t length, uint32_t stream = 3, uint32_t sequence = 1000) {
    return {
        .Destination = {{0x02, 0x52, 0x44, 0, 0, 1}},
        .Source = {{0x52, 0x54, 0, 0xAA, 0xBB, 0xCC}},
        .Direction = RD_FRAME_FROM_GUEST,
        .Length = length,
        .Stream = stream,
        .Sequence = sequence,
    };
}

std::vector<uint8_t> built(const FrameIdentity& identity) {
    std::vector<uint8_t> frame(identity.Length);
    BuildFrameHeaders(frame.data(), identity);
    BuildFramePayload(frame.data() + FrameHeadersLength, identity);
    return frame;
}

FrameVerdict checked(const std::vector<uint8_t>& frame, size_t piece) {
    FrameChecker checker(static_cast<uint32_t>(frame.size()));
    for (size_t at = 0; at < frame.size(); at += piece) {
        checker.Feed(frame.data() + at, static_cast<uint32_t>(std::min(piece, frame.size() - at)));
    }
    return checker.Finish();
}

TEST(DriverFrame, LayoutIsTheOneOfTheFormat) {
    const auto frame = built(some_frame(60, 0x01020304, 0x0A0B0C0D));
    const std::vector<uint8_t> headers = {0x02, 0x52, 0x44, 0,    0,   1,   0x52, 0x54, 0,    0xAA,
                                          0xBB, 0xCC, 0x88, 0xB5, 'R', 'D', 'N',  'F',  1,    0,
                                          60,   0,    4,    3,    2,   1,   0x0D, 0x0C, 0x0B, 0x0A};
    ASSERT_EQ(FrameHeadersLength, 30u);
    EXPECT_TRUE(std::equal(headers.begin(), headers.end(), frame.begin()));
}

TEST(DriverFrame, PayloadIsTheFormatsByteByByte) {
    for (uint32_t sequence : {0u, 1u, 255u, 256u, 4000000000u}) {
        const auto frame = built(some_frame(1514, 77, sequence));
        for (uint32_t i = 0; i < 1514 - FrameHeadersLength; ++i) {
            ASSERT_EQ(frame[FrameHeadersLength + i], rd_frame_payload_byte(77, sequence, i)) << i;
        }
    }
}

TEST(DriverFrame, WhatWasBuiltIsGoodInPiecesOfAnySize) {
    for (uint16_t length : {60, 61, 300, 1514}) {
        const auto frame = built(some_frame(length));
        for (size_t piece : {1u, 13u, 14u, 29u, 30u, 31u, 64u, 2000u}) {
            EXPECT_EQ(checked(frame, piece), FrameVerdict::Good) << length << " in " << piece;
        }
    }
}

TEST(DriverFrame, CheckerReportsTheHeader) {
    const auto frame = built(some_frame(100, 5, 6));
    FrameChecker checker(100);
    checker.Feed(frame.data(), 100);
    EXPECT_EQ(checker.Header().stream, 5u);
    EXPECT_EQ(checker.Header().sequence, 6u);
    EXPECT_EQ(checker.Header().direction, RD_FRAME_FROM_GUEST);
}

TEST(DriverFrame, EveryDamagedPayloadByteIsFound) {
    const auto good = built(some_frame(200));
    for (size_t at = FrameHeadersLength; at < good.size(); ++at) {
        auto damaged = good;
        damaged[at] ^= 0x40;
        EXPECT_EQ(checked(damaged, 64), FrameVerdict::BadPayload) << at;
    }
}

TEST(DriverFrame, WrongLengthIsFound) {
    auto shorter = built(some_frame(200));
    shorter.pop_back();
    EXPECT_EQ(checked(shorter, 64), FrameVerdict::BadLength);

    auto longer = built(some_frame(200));
    longer.push_back(0);
    EXPECT_EQ(checked(longer, 64), FrameVerdict::BadLength);
}

TEST(DriverFrame, PacketThatHoldsLessThanItPromisesIsBadLength) {
    const auto frame = built(some_frame(200));
    FrameChecker checker(200);
    checker.Feed(frame.data(), 199);
    EXPECT_EQ(checker.Finish(), FrameVerdict::BadLength);
}

TEST(DriverFrame, OversizedFrameWithOurHeaderIsNotReadBeyondThePattern) {
    auto huge = built(some_frame(1514));
    huge.resize(9000);
    EXPECT_EQ(checked(huge, 9000), FrameVerdict::BadLength);
    EXPECT_EQ(checked(huge, 700), FrameVerdict::BadLength);
}

TEST(DriverFrame, OtherPeoplesFramesAreNotOurs) {
    auto arp = built(some_frame(60));
    arp[12] = 0x08;
    arp[13] = 0x06;
    EXPECT_EQ(checked(arp, 60), FrameVerdict::NotOurs);

    auto no_magic = built(some_frame(60));
    no_magic[14] = 0;
    EXPECT_EQ(checked(no_magic, 60), FrameVerdict::NotOurs);

    EXPECT_EQ(checked(std::vector<uint8_t>(20), 20), FrameVerdict::NotOurs);
    EXPECT_EQ(FrameChecker(0).Finish(), FrameVerdict::NotOurs);
}

TEST(DriverFrame, LengthsCoverTheWholeRange) {
    std::set<uint16_t> seen;
    for (uint32_t sequence = 0; sequence < 40000; ++sequence) {
        seen.insert(FrameLengthFor(sequence, 0, 0));
    }
    EXPECT_EQ(*seen.begin(), RD_FRAME_MIN);
    EXPECT_EQ(*seen.rbegin(), RD_FRAME_MAX);
    EXPECT_EQ(seen.size(), RD_FRAME_MAX - RD_FRAME_MIN + 1u);
}

TEST(DriverFrame, LengthBoundsAreMended) {
    EXPECT_EQ(FrameLengthFor(9, 64, 64), 64);
    EXPECT_EQ(FrameLengthFor(9, 1514, 60), 1514);
    EXPECT_GE(FrameLengthFor(9, 1, 9000), RD_FRAME_MIN);
    EXPECT_LE(FrameLengthFor(9, 9000, 9000), RD_FRAME_MAX);
}

}  // namespace
}  // namespace rundown
