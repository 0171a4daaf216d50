// SPDX-License-Identifier: MIT
#include "witness/stream_decoder.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace rundown::witness {
namespace {

using Bytes = std::vector<std::byte>;

void append_frame(Bytes& wire, std::size_t length, int fill) {
    const std::size_t at = wire.size();
    wire.resize(at + kWirePrefix + length, static_cast<std::byte>(fill));
    put_prefix(length, wire.data() + at);
}

TEST(StreamDecoder, EverySplitGivesTheSameFrames) {
    Bytes wire;
    append_frame(wire, 60, 1);
    append_frame(wire, 1, 2);
    append_frame(wire, 300, 3);
    for (std::size_t split = 0; split <= wire.size(); ++split) {
        StreamDecoder decoder;
        std::vector<std::size_t> lengths;
        const auto note = [&](std::span<const std::byte> frame) {
            lengths.push_back(frame.size());
        };
        const std::span<const std::byte> all(wire);
        ASSERT_TRUE(decoder.feed(all.first(split), note));
        ASSERT_TRUE(decoder.feed(all.subspan(split), note));
        ASSERT_EQ(lengths, (std::vector<std::size_t>{60, 1, 300})) << "split at " << split;
        ASSERT_EQ(decoder.pending(), 0u);
    }
}

RC_GTEST_PROP(StreamDecoder, PiecesOfAnySizeGiveTheSameFrames, ()) {
    const auto lengths =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 3000));
    Bytes wire;
    for (const std::size_t length : lengths) {
        append_frame(wire, length, static_cast<int>(length));
    }
    StreamDecoder decoder;
    std::vector<std::size_t> seen;
    for (std::size_t at = 0; at < wire.size();) {
        const auto piece = std::min<std::size_t>(*rc::gen::inRange(1, 5000), wire.size() - at);
        RC_ASSERT(bool(decoder.feed(std::span(wire).subspan(at, piece), [&](auto frame) {
            RC_ASSERT(frame[0] == static_cast<std::byte>(frame.size()));
            seen.push_back(frame.size());
        })));
        at += piece;
    }
    RC_ASSERT(seen == lengths);
}

TEST(StreamDecoder, AnImpossibleLengthEndsTheStreamForGood) {
    for (const std::size_t length : {std::size_t{0}, kWireFrameMax + 1, std::size_t{0xFFFFFFFF}}) {
        Bytes wire;
        append_frame(wire, 60, 1);
        wire.resize(wire.size() + kWirePrefix);
        put_prefix(length, wire.data() + wire.size() - kWirePrefix);
        StreamDecoder decoder;
        int frames = 0;
        const auto count = [&](std::span<const std::byte>) { ++frames; };
        const auto fed = decoder.feed(wire, count);
        ASSERT_FALSE(fed);
        EXPECT_EQ(fed.error().kind, ErrorKind::protocol);
        EXPECT_EQ(frames, 1);
        EXPECT_FALSE(decoder.feed(wire, count));
        EXPECT_EQ(decoder.pending(), 0u);
    }
}

}  // namespace
}  // namespace rundown::witness
