// SPDX-License-Identifier: MIT
#include "agent/core/frame.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/agent/test_home.hpp"

namespace rundown::agent {
namespace {

const std::string kFirst = make_frame(FrameType::request, 0x11223344, 7, "first payload");
const std::string kSecond = make_frame(FrameType::response, 0x11223344, 8, "");

bool holds(const std::vector<Taken>& frames, const std::string& payload, std::uint16_t sequence) {
    for (const Taken& frame : frames) {
        if (frame.payload == payload && frame.head.sequence == sequence) {
            return true;
        }
    }
    return false;
}

TEST(Frame, ComesBackAsItWasSealed) {
    const auto frames = take_frames(kFirst, kFirst.size());
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].head.type, FrameType::request);
    EXPECT_EQ(frames[0].head.session, 0x11223344u);
    EXPECT_EQ(frames[0].head.sequence, 7);
    EXPECT_EQ(frames[0].payload, "first payload");
}

TEST(Frame, SplitAnywhere) {
    const std::string line = kFirst + kSecond;
    for (std::size_t portion = 1; portion <= line.size(); ++portion) {
        EXPECT_EQ(take_frames(line, portion).size(), 2u) << "in portions of " << portion;
    }
}

TEST(Frame, LargestPayloadFits) {
    const std::string load(kFramePayloadMax, '\xD5');
    const auto frames = take_frames(make_frame(FrameType::event, 1, 0, load) + kFirst, 1000);
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(frames[0].payload, load);
}

TEST(Frame, CutShortIsFollowedByTheNext) {
    for (std::size_t cut = 1; cut < kFirst.size(); ++cut) {
        // A third frame pushes the second out of the gap that the first one left open.
        const std::string line = kFirst.substr(0, cut) + kSecond + kFirst + kFirst;
        EXPECT_TRUE(holds(take_frames(line, 5), "", 8)) << "cut after " << cut;
    }
}

TEST(Frame, EveryBitFlippedIsNoticedAndTheNextFrameIsFound) {
    for (std::size_t bit = 0; bit < kFirst.size() * 8; ++bit) {
        std::string damaged = kFirst;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        FrameStatistics statistics;
        // A longer length may swallow what follows, but no more than the largest frame.
        const std::string line = damaged + kSecond + std::string(kFrameBytesMax, '\0');
        const auto frames = take_frames(line, 3, &statistics);
        EXPECT_EQ(frames.size(), 1u) << "bit " << bit;
        EXPECT_TRUE(holds(frames, "", 8)) << "bit " << bit;
        EXPECT_GE(statistics.skipped_bytes, kFirst.size());
    }
}

TEST(Frame, ImplausibleHeadersAreNotWaitedFor) {
    std::string header = kFirst.substr(0, kFrameHeaderBytes);
    header[2] = '\xFF';  // Length, which the header's own check covers.
    const auto frames = take_frames(header + kSecond, 1);
    EXPECT_TRUE(holds(frames, "", 8));
}

TEST(Frame, BufferedTellsWhetherAFrameIsUnderWay) {
    std::vector<std::uint8_t> buffer(kFrameBytesMax);
    FrameDecoder decoder(buffer.data());
    FrameHead head;
    const std::uint8_t* payload = nullptr;
    std::size_t length = 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(kFirst.data());
    decoder.feed(bytes, 5);
    EXPECT_FALSE(decoder.next(&head, &payload, &length));
    EXPECT_TRUE(decoder.buffered());
    decoder.feed(bytes + 5, kFirst.size() - 5);
    ASSERT_TRUE(decoder.next(&head, &payload, &length));
    EXPECT_FALSE(decoder.buffered());
    decoder.feed(bytes, 5);
    decoder.reset();
    EXPECT_FALSE(decoder.buffered());
}

TEST(Frame, DoorbellsBetweenFramesAreNoGarbage) {
    FrameStatistics statistics;
    const std::string bell(1, static_cast<char>(RD_LINE_BELL));
    EXPECT_EQ(take_frames(bell + kFirst + bell + bell + kSecond + "x", 4, &statistics).size(), 2u);
    EXPECT_EQ(statistics.bells, 3u);
    EXPECT_EQ(statistics.skipped_bytes, 1u);
}

TEST(Frame, AFrameThatDoesNotEndIsGivenUpAndWhatItHidIsFound) {
    std::vector<std::uint8_t> buffer(kFrameBytesMax);
    FrameDecoder decoder(buffer.data());
    FrameHead head;
    const std::uint8_t* payload = nullptr;
    std::size_t length = 0;
    // A header of a large frame, then nothing of it, but a good frame.
    const std::string large = make_frame(FrameType::request, 1, 1, std::string(9000, 'l'));
    const std::string line = large.substr(0, kFrameHeaderBytes) + kFirst;
    decoder.feed(reinterpret_cast<const std::uint8_t*>(line.data()), line.size());
    EXPECT_FALSE(decoder.next(&head, &payload, &length));
    EXPECT_TRUE(decoder.buffered());
    decoder.give_up_frame();
    ASSERT_TRUE(decoder.next(&head, &payload, &length));
    EXPECT_EQ(std::string(payload, payload + length), "first payload");
    EXPECT_FALSE(decoder.buffered());
    EXPECT_EQ(decoder.statistics().skipped_bytes, kFrameHeaderBytes);
    decoder.give_up_frame();  // Nothing to give up.
    EXPECT_EQ(decoder.statistics().skipped_bytes, kFrameHeaderBytes);
}

RC_GTEST_PROP(FrameProperty, FramesSurviveAnyGarbageBetweenThem, ()) {
    const auto garbage = *rc::gen::container<std::string>(rc::gen::elementOf(
        std::string("\xD5\x01\x02\x03\x04\x05\x00\xFF", 8)  // The likes of headers on purpose.
    ));
    const auto portion = *rc::gen::inRange<std::size_t>(1, 64);
    // What looks like a header can hold the line up for at most one frame's length.
    const std::string line = garbage + kFirst + std::string(kFrameBytesMax, '\0');
    RC_ASSERT(holds(take_frames(line, portion), "first payload", 7));
}

RC_GTEST_PROP(FrameProperty, RandomBytesAreNeverAFrame, ()) {
    const auto noise = *rc::gen::arbitrary<std::string>();
    RC_ASSERT(take_frames(noise, 7).empty());
}

RC_GTEST_PROP(FrameProperty, AnyDamageDropsTheFrameOrNothing, ()) {
    std::string damaged = kFirst;
    const auto flips = *rc::gen::inRange<int>(1, 6);
    for (int i = 0; i < flips; ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, damaged.size());
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << *rc::gen::inRange<int>(0, 8)));
    }
    const auto frames = take_frames(damaged + std::string(kFrameBytesMax, '\0'), 11);
    RC_ASSERT(frames.size() == (damaged == kFirst ? 1u : 0u));
}

}  // namespace
}  // namespace rundown::agent
