// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "nic/e1000/multicast_table.hpp"

namespace {

using nic::FrameFilter;
using nic::MacAddress;

TEST(E1000MulticastTable, HashTakesBits47To36OfTheAddress) {
    EXPECT_EQ(e1000::multicast_hash({{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}}), 0x010u);
    // The manual's own example (13.5.1).
    EXPECT_EQ(e1000::multicast_hash({{0x01, 0xaa, 0x00, 0x12, 0x34, 0x56}}), 0x563u);
    EXPECT_EQ(e1000::multicast_hash({{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}), 0xfffu);
}

TEST(E1000MulticastTable, LetsThroughEveryListedAddressAndIsEmptyWithoutTheFilterBit) {
    FrameFilter filter;
    const MacAddress list[] = {{{1, 0, 0x5e, 0, 0, 1}}, {{0x33, 0x33, 0, 0, 0, 1}}};
    ASSERT_TRUE(filter.set_multicast_list(list, 2));
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_multicast));
    const e1000::MulticastTable table = e1000::multicast_table(filter);
    EXPECT_TRUE(table.lets_through(list[0]));
    EXPECT_TRUE(table.lets_through(list[1]));
    EXPECT_FALSE(table.lets_through({{1, 0, 0x5e, 0, 0, 2}}));

    ASSERT_TRUE(filter.set_packet_filter(nic::filter_directed));
    for (uint32_t word : e1000::multicast_table(filter).words) {
        EXPECT_EQ(word, 0u);
    }
}

TEST(E1000ReceiveControl, FollowsThePacketFilter) {
    FrameFilter filter;
    EXPECT_EQ(e1000::receive_control(filter), 0u) << "nobody listens: the receiver is off";
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_directed));
    EXPECT_EQ(e1000::receive_control(filter), e1000::RCTL_EN | e1000::RCTL_SECRC);
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_directed | nic::filter_broadcast));
    EXPECT_TRUE(e1000::receive_control(filter) & e1000::RCTL_BAM);
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_all_multicast));
    EXPECT_TRUE(e1000::receive_control(filter) & e1000::RCTL_MPE);
    EXPECT_FALSE(e1000::receive_control(filter) & e1000::RCTL_UPE);
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_promiscuous));
    EXPECT_TRUE(e1000::receive_control(filter) & e1000::RCTL_UPE);
    EXPECT_TRUE(e1000::receive_control(filter) & e1000::RCTL_BAM);
}

TEST(E1000Registers, StationAddressGoesInLowByteFirst) {
    const uint8_t mac[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    EXPECT_EQ(e1000::receive_address_low(mac), 0x12005452u);
    EXPECT_EQ(e1000::receive_address_high(mac), 0x80005634u);
}

TEST(E1000Registers, SpeedIsInUnitsOf100BitsPerSecond) {
    EXPECT_EQ(e1000::link_speed_100bps(0u << 6), 100'000u);
    EXPECT_EQ(e1000::link_speed_100bps(1u << 6), 1'000'000u);
    EXPECT_EQ(e1000::link_speed_100bps(2u << 6), 10'000'000u);
    EXPECT_EQ(e1000::link_speed_100bps(3u << 6), 10'000'000u);
}

}  // namespace
