// SPDX-License-Identifier: MIT
#include "witness/nic_watch.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace rundown::witness {
namespace {

const TimePoint kStart{};

class Wire {
  public:
    NicWatch watch;

    void frame(std::uint32_t stream, std::uint32_t sequence, int at_ms = 0) {
        send(RD_FRAME_FROM_GUEST, stream, sequence, at_ms, false);
    }
    void damaged(std::uint32_t stream, std::uint32_t sequence) {
        send(RD_FRAME_FROM_GUEST, stream, sequence, 0, true);
    }
    void echo_of_ours() { send(RD_FRAME_FROM_HOST, 0, 0, 0, false); }

  private:
    void send(int direction, std::uint32_t stream, std::uint32_t sequence, int at_ms, bool damage) {
        FrameFields fields;
        fields.direction = static_cast<std::uint8_t>(direction);
        fields.length = 100;
        fields.stream = stream;
        fields.sequence = sequence;
        std::vector<std::byte> bytes(100);
        build_frame(fields, bytes.data());
        if (damage) {
            bytes[50] ^= std::byte{1};
        }
        watch.on_frame(bytes, kStart + Milliseconds(at_ms));
    }
};

TEST(NicWatch, CountsPerStreamInOrder) {
    Wire wire;
    for (std::uint32_t i = 0; i < 10; ++i) {
        wire.frame(1, i, 100 + static_cast<int>(i));
        wire.frame(2, i, 100 + static_cast<int>(i));
    }
    const auto seen = wire.watch.statistics();
    EXPECT_EQ(seen.frames_from_guest, 20u);
    EXPECT_EQ(seen.frames_bad + seen.sequence_gaps + seen.sequence_repeats, 0u);
    EXPECT_EQ(seen.first, kStart + Milliseconds(100));
    EXPECT_EQ(seen.last, kStart + Milliseconds(109));
}

TEST(NicWatch, GapsAndRepeatsAreTold) {
    Wire wire;
    wire.frame(1, 0);
    wire.frame(1, 5);  // 1 to 4 are missing.
    wire.frame(1, 3);  // Late.
    wire.frame(1, 5);  // Again.
    wire.frame(1, 6);
    EXPECT_EQ(wire.watch.statistics().sequence_gaps, 4u);
    EXPECT_EQ(wire.watch.statistics().sequence_repeats, 2u);
}

TEST(NicWatch, ASequenceNumberAtItsEndIsNotARepeat) {
    Wire wire;
    wire.frame(1, 0xFFFFFFFF);
    wire.frame(1, 0xFFFFFFFF);
    EXPECT_EQ(wire.watch.statistics().sequence_gaps, 0xFFFFFFFFull);
    EXPECT_EQ(wire.watch.statistics().sequence_repeats, 1u);
}

TEST(NicWatch, DamagedAndReflectedFramesAreBad) {
    Wire wire;
    wire.damaged(1, 0);
    wire.echo_of_ours();
    EXPECT_EQ(wire.watch.statistics().frames_from_guest, 2u);
    EXPECT_EQ(wire.watch.statistics().frames_bad, 2u);
}

TEST(NicWatch, ForeignFramesAreOnlyCounted) {
    Wire wire;
    wire.watch.on_frame(std::vector<std::byte>(42), kStart);
    EXPECT_EQ(wire.watch.statistics().frames_other, 1u);
    EXPECT_EQ(wire.watch.statistics().frames_from_guest, 0u);
    EXPECT_FALSE(wire.watch.statistics().first);
}

TEST(NicWatch, AfterTheTeardownUntilItIsSetUpAgain) {
    Wire wire;
    wire.frame(1, 0);
    wire.watch.torn_down();
    wire.frame(1, 1);
    wire.watch.set_up_again();
    wire.frame(1, 2);
    EXPECT_EQ(wire.watch.statistics().frames_after_teardown, 1u);
}

TEST(NicWatch, AGuestThatInventsStreamsIsNotRemembered) {
    Wire wire;
    for (std::uint32_t stream = 0; stream < Sequences::kStreamsMax + 10; ++stream) {
        wire.frame(stream, 0);
    }
    EXPECT_EQ(wire.watch.statistics().frames_bad, 10u);
}

}  // namespace
}  // namespace rundown::witness
