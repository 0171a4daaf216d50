// SPDX-License-Identifier: MIT
#include "nic/common/frame_filter.hpp"

#include <gtest/gtest.h>

namespace {

using nic::FrameFilter;
using nic::MacAddress;

constexpr MacAddress kOwn{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
constexpr MacAddress kOther{{0x52, 0x54, 0x00, 0x12, 0x34, 0x57}};
constexpr MacAddress kGroup{{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}};
constexpr MacAddress kOtherGroup{{0x01, 0x00, 0x5e, 0x00, 0x00, 0x02}};
constexpr MacAddress kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

FrameFilter filter_of(uint32_t bits) {
    FrameFilter filter;
    filter.set_address(kOwn);
    EXPECT_TRUE(filter.set_multicast_list(&kGroup, 1));
    EXPECT_TRUE(filter.set_packet_filter(bits));
    return filter;
}

TEST(FrameFilter, ZeroAcceptsNothing) {
    const FrameFilter filter = filter_of(0);
    for (const auto& address : {kOwn, kOther, kGroup, kBroadcast}) {
        EXPECT_FALSE(filter.accepts(address));
    }
}

TEST(FrameFilter, DirectedAcceptsOnlyTheOwnAddress) {
    const FrameFilter filter = filter_of(nic::filter_directed);
    EXPECT_TRUE(filter.accepts(kOwn));
    EXPECT_FALSE(filter.accepts(kOther));
    EXPECT_FALSE(filter.accepts(kBroadcast));
    EXPECT_FALSE(filter.accepts(kGroup));
}

TEST(FrameFilter, MulticastAcceptsTheListAndNotBroadcast) {
    const FrameFilter filter = filter_of(nic::filter_multicast);
    EXPECT_TRUE(filter.accepts(kGroup));
    EXPECT_FALSE(filter.accepts(kOtherGroup));
    EXPECT_FALSE(filter.accepts(kBroadcast));
}

TEST(FrameFilter, AllMulticastLeavesBroadcastToItsOwnBit) {
    const FrameFilter filter = filter_of(nic::filter_all_multicast);
    EXPECT_TRUE(filter.accepts(kOtherGroup));
    EXPECT_FALSE(filter.accepts(kBroadcast));
    EXPECT_TRUE(filter_of(nic::filter_broadcast).accepts(kBroadcast));
}

TEST(FrameFilter, PromiscuousAcceptsEverything) {
    const FrameFilter filter = filter_of(nic::filter_promiscuous);
    for (const auto& address : {kOwn, kOther, kGroup, kOtherGroup, kBroadcast}) {
        EXPECT_TRUE(filter.accepts(address));
    }
}

TEST(FrameFilter, UnknownBitsAndLongListsChangeNothing) {
    FrameFilter filter = filter_of(nic::filter_directed);
    EXPECT_FALSE(filter.set_packet_filter(0x80));
    EXPECT_EQ(filter.packet_filter(), nic::filter_directed);
    MacAddress many[FrameFilter::kMulticastMax + 1]{};
    EXPECT_FALSE(filter.set_multicast_list(many, FrameFilter::kMulticastMax + 1));
    EXPECT_EQ(filter.multicast_count(), 1u);
    EXPECT_TRUE(filter.set_multicast_list(nullptr, 0));
    EXPECT_EQ(filter.multicast_count(), 0u);
}

}  // namespace
