// SPDX-License-Identifier: MIT
// The gdb remote protocol's packets: what QEMU says, and what it must not say.
#include "guest/gdb_packets.hpp"

#include <gtest/gtest.h>

#include <random>

namespace rundown::guest {
namespace {

GdbInput only(std::string_view bytes) {
    GdbDecoder decoder;
    decoder.feed(bytes);
    return decoder.next();
}

TEST(GdbPackets, APacketCarriesTheSumOfItsBytes) {
    // The manual's own example of a checksum is a sum modulo 256, in two digits.
    EXPECT_EQ(gdb_packet("OK"), "$OK#9a");
    EXPECT_EQ(gdb_packet("c"), "$c#63");
    EXPECT_EQ(gdb_packet(""), "$#00");
    EXPECT_EQ(gdb_packet("Z2,fffff78000002000,4"), "$Z2,fffff78000002000,4#37");
}

TEST(GdbPackets, WhatIsSentComesBack) {
    for (const std::string payload : {"", "OK", "T05thread:01;", "E22"}) {
        const GdbInput input = only(gdb_packet(payload));
        EXPECT_EQ(input.kind, GdbInputKind::packet);
        EXPECT_EQ(input.payload, payload);
    }
}

TEST(GdbPackets, BytesMayComeOneByOne) {
    GdbDecoder decoder;
    const std::string bytes = "+" + gdb_packet("T05thread:01;");
    std::size_t acks = 0, packets = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        decoder.feed(std::string_view(bytes).substr(i, 1));
        for (GdbInput input = decoder.next(); input.kind != GdbInputKind::none;
             input = decoder.next()) {
            acks += input.kind == GdbInputKind::ack;
            packets += input.kind == GdbInputKind::packet;
            ASSERT_NE(input.kind, GdbInputKind::garbage);
        }
        EXPECT_EQ(packets, i + 1 == bytes.size() ? 1u : 0u);
    }
    EXPECT_EQ(acks, 1u);
}

TEST(GdbPackets, TwoInOnePortion) {
    GdbDecoder decoder;
    decoder.feed("+" + gdb_packet("OK") + gdb_packet("T05"));
    EXPECT_EQ(decoder.next().kind, GdbInputKind::ack);
    EXPECT_EQ(decoder.next().payload, "OK");
    EXPECT_EQ(decoder.next().payload, "T05");
    EXPECT_EQ(decoder.next().kind, GdbInputKind::none);
}

TEST(GdbPackets, GarbageIsToldOnceAndEndsIt) {
    for (const char* bytes : {"$OK#9b", "$OK#zz", "-", "x", "#00", "\x03"}) {
        GdbDecoder decoder;
        decoder.feed(bytes);
        const GdbInput input = decoder.next();
        EXPECT_EQ(input.kind, GdbInputKind::garbage) << bytes;
        EXPECT_FALSE(input.payload.empty()) << bytes;
        decoder.feed(gdb_packet("OK"));
        EXPECT_EQ(decoder.next().kind, GdbInputKind::none) << "after " << bytes;
    }
}

TEST(GdbPackets, APacketWithoutEndIsNotKeptForEver) {
    GdbDecoder decoder;
    decoder.feed("$");
    GdbInput input;
    std::size_t fed = 0;
    while (input.kind == GdbInputKind::none && fed < 10 * kGdbPayloadMax) {
        decoder.feed(std::string(100, 'a'));
        fed += 100;
        input = decoder.next();
    }
    EXPECT_EQ(input.kind, GdbInputKind::garbage);
    EXPECT_LE(fed, kGdbPayloadMax + 200);
    EXPECT_EQ(only(gdb_packet(std::string(kGdbPayloadMax, 'a'))).kind, GdbInputKind::packet);
    EXPECT_EQ(only(gdb_packet(std::string(kGdbPayloadMax + 1, 'a'))).kind, GdbInputKind::garbage);
}

TEST(GdbPackets, AnyBytesEndInSomething) {
    std::mt19937 random(1);
    constexpr std::string_view kLikely = "$#+-T05S0123456789abcdef";
    for (int round = 0; round < 2000; ++round) {
        GdbDecoder decoder;
        std::string bytes;
        for (std::size_t i = random() % 40; i > 0; --i)
            bytes +=
                random() % 4 ? kLikely[random() % kLikely.size()] : static_cast<char>(random());
        decoder.feed(bytes);
        std::size_t events = 0;
        while (decoder.next().kind != GdbInputKind::none)
            ASSERT_LE(++events, bytes.size());
    }
}

TEST(GdbPackets, StopReplies) {
    EXPECT_EQ(gdb_stop_signal("T05thread:01;"), kGdbTrap);
    EXPECT_EQ(gdb_stop_signal("S02"), 2u);
    EXPECT_EQ(gdb_stop_signal("T1fwatch:0;"), 0x1Fu);
    for (const char* other : {"", "OK", "T", "T0", "Tzz", "W00", "E22", "t05"})
        EXPECT_FALSE(gdb_stop_signal(other)) << other;
}

}  // namespace
}  // namespace rundown::guest
