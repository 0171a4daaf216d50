// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "nic/e1000/address_filter.hpp"

namespace {

using nic::FrameFilter;
using nic::MacAddress;

TEST(E1000AddressFilter, HashTakesBits47To36OfTheAddress) {
    EXPECT_EQ(e1000::multicast_hash({{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}}), 0x010u);
    // The manual's own example (13.5.1).
    EXPECT_EQ(e1000::multicast_hash({{0x01, 0xaa, 0x00, 0x12, 0x34, 0x56}}), 0x563u);
    EXPECT_EQ(e1000::multicast_hash({{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}), 0xfffu);
}

TEST(E1000AddressFilter, TableLetsThroughEveryListedAddressWhileMulticastIsWanted) {
    FrameFilter filter;
    const MacAddress list[] = {{{1, 0, 0x5e, 0, 0, 1}}, {{0x33, 0x33, 0, 0, 0, 1}}};
    ASSERT_TRUE(filter.set_multicast_list(list, 2));
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_multicast));
    const e1000::MulticastTable table = e1000::address_filter(filter).table;
    EXPECT_TRUE(table.lets_through(list[0]));
    EXPECT_TRUE(table.lets_through(list[1]));
    EXPECT_FALSE(table.lets_through({{1, 0, 0x5e, 0, 0, 2}}));

    ASSERT_TRUE(filter.set_packet_filter(nic::filter_directed));
    for (uint32_t word : e1000::address_filter(filter).table.words) {
        EXPECT_EQ(word, 0u);
    }
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_all_multicast));
    EXPECT_TRUE(e1000::address_filter(filter).table.lets_through({{1, 0, 0x5e, 9, 9, 9}}));
}

bool valid(uint32_t rah) {
    return (rah & e1000::RAH_AV) != 0;
}

TEST(E1000AddressFilter, ExactAddressesFollowDirectedAndBroadcast) {
    FrameFilter filter;
    filter.set_address({{0x52, 0x54, 0, 1, 2, 3}});
    e1000::AddressFilter card = e1000::address_filter(filter);
    EXPECT_FALSE(valid(card.exact[0].high) || valid(card.exact[1].high)) << "nothing is wanted";
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_directed));
    card = e1000::address_filter(filter);
    EXPECT_TRUE(valid(card.exact[0].high));
    EXPECT_EQ(card.exact[0].low, 0x01005452u);
    EXPECT_FALSE(valid(card.exact[1].high));
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_broadcast));
    card = e1000::address_filter(filter);
    EXPECT_FALSE(valid(card.exact[0].high));
    EXPECT_EQ(card.exact[1].low, 0xffffffffu);
    EXPECT_EQ(card.exact[1].high, e1000::RAH_AV | 0xffffu);
}

TEST(E1000AddressFilter, OnlyPromiscuousModeChangesTheControlRegister) {
    FrameFilter filter;
    const uint32_t quiet = e1000::address_filter(filter).control;
    EXPECT_TRUE(quiet & e1000::RCTL_EN);
    for (uint32_t bits : {0x01u, 0x02u, 0x04u, 0x08u, 0x0fu}) {
        ASSERT_TRUE(filter.set_packet_filter(bits));
        EXPECT_EQ(e1000::address_filter(filter).control, quiet);
    }
    ASSERT_TRUE(filter.set_packet_filter(nic::filter_promiscuous));
    EXPECT_EQ(
        e1000::address_filter(filter).control,
        quiet | e1000::RCTL_UPE | e1000::RCTL_MPE | e1000::RCTL_BAM
    );
}

TEST(E1000Registers, StationAddressGoesInLowByteFirst) {
    const uint8_t mac[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    EXPECT_EQ(e1000::receive_address_low(mac), 0x12005452u);
    EXPECT_EQ(e1000::receive_address_high(mac, true), 0x80005634u);
}

TEST(E1000Registers, SpeedIsInUnitsOf100BitsPerSecond) {
    EXPECT_EQ(e1000::link_speed_100bps(0u << 6), 100'000u);
    EXPECT_EQ(e1000::link_speed_100bps(1u << 6), 1'000'000u);
    EXPECT_EQ(e1000::link_speed_100bps(2u << 6), 10'000'000u);
    EXPECT_EQ(e1000::link_speed_100bps(3u << 6), 10'000'000u);
}

}  // namespace
