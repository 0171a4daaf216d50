// SPDX-License-Identifier: MIT
// The miniports' OID answers, compiled natively from the driver's own source.
#include "nic/common/oid_table.cpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

namespace {

using nic::AdapterFacts;
using nic::OidAnswer;
using nic::OidChange;
using nic::OidStatus;

class OidTable : public ::testing::Test {
  protected:
    OidTable() {
        filter_.set_address({{2, 0, 0, 0, 0, 9}});
        facts_.vendor_description = "Test adapter";
        facts_.vendor_id = 0x00525400;
        facts_.link_speed_100bps = 10'000'000;
        facts_.transmit_slots = 255;
        facts_.receive_slots = 255;
        facts_.send_packets_max = 64;
        facts_.filter = &filter_;
        facts_.statistics = &statistics_;
    }

    uint32_t number(uint32_t oid) {
        uint32_t value = 0xdeadbeef;
        const OidAnswer answer = nic::query_oid(oid, facts_, &value, sizeof(value));
        EXPECT_EQ(answer.status, OidStatus::success);
        EXPECT_EQ(answer.bytes, sizeof(value));
        return value;
    }

    nic::FrameFilter filter_;
    nic::Statistics statistics_;
    AdapterFacts facts_;
};

TEST_F(OidTable, EveryListedOidIsAnswered) {
    uint32_t count = 0;
    const uint32_t* oids = nic::supported_oids(count);
    std::set<uint32_t> seen;
    for (uint32_t i = 0; i < count; ++i) {
        uint8_t buffer[512];
        EXPECT_TRUE(seen.insert(oids[i]).second) << std::hex << oids[i] << " twice";
        EXPECT_EQ(
            nic::query_oid(oids[i], facts_, buffer, sizeof(buffer)).status, OidStatus::success
        ) << std::hex
          << oids[i];
    }
    EXPECT_EQ(nic::query_oid(oids[0], facts_, nullptr, 0).needed, count * 4);
}

TEST_F(OidTable, MandatoryOidsAreListed) {
    uint32_t count = 0;
    const uint32_t* oids = nic::supported_oids(count);
    const std::set<uint32_t> listed(oids, oids + count);
    for (uint32_t oid = 0x00010101; oid <= 0x00010116; ++oid) {
        if (oid != 0x00010112) {  // OID_GEN_PROTOCOL_OPTIONS, which NDIS answers.
            EXPECT_TRUE(listed.contains(oid)) << std::hex << oid;
        }
    }
    for (uint32_t oid :
         {0x00020101, 0x00020105, 0x01010101, 0x01010104, 0x01020101, 0x01020102, 0x01020103}) {
        EXPECT_TRUE(listed.contains(oid)) << std::hex << oid;
    }
}

TEST_F(OidTable, UnknownOidIsNotSupported) {
    uint32_t value = 0;
    EXPECT_EQ(nic::query_oid(0x0dead000, facts_, &value, 4).status, OidStatus::not_supported);
}

TEST_F(OidTable, ShortBufferIsLeftAloneAndTheNeededLengthTold) {
    uint8_t buffer[6] = {1, 1, 1, 1, 1, 1};
    const OidAnswer answer = nic::query_oid(nic::oid_802_3_current_address, facts_, buffer, 5);
    EXPECT_EQ(answer.status, OidStatus::buffer_too_short);
    EXPECT_EQ(answer.needed, 6u);
    EXPECT_EQ(answer.bytes, 0u);
    EXPECT_EQ(buffer[0], 1);
}

TEST_F(OidTable, CountersComeInFourOrEightBytes) {
    statistics_.frames_received = 0x1'0000'0002;
    uint64_t wide = 0;
    EXPECT_EQ(nic::query_oid(nic::oid_rcv_ok, facts_, &wide, 8).bytes, 8u);
    EXPECT_EQ(wide, 0x1'0000'0002u);
    EXPECT_EQ(number(nic::oid_rcv_ok), 2u);
}

TEST_F(OidTable, VendorDescriptionCarriesItsTerminator) {
    char text[32];
    const OidAnswer answer =
        nic::query_oid(nic::oid_vendor_description, facts_, text, sizeof(text));
    EXPECT_EQ(answer.bytes, std::strlen("Test adapter") + 1);
    EXPECT_STREQ(text, "Test adapter");
}

TEST_F(OidTable, LinkAndSizesAreThoseOfEthernet) {
    EXPECT_EQ(number(nic::oid_media_connect_status), 1u);
    facts_.link_up = true;
    EXPECT_EQ(number(nic::oid_media_connect_status), 0u);
    EXPECT_EQ(number(nic::oid_maximum_frame_size), 1500u);
    EXPECT_EQ(number(nic::oid_maximum_total_size), 1514u);
    EXPECT_EQ(number(nic::oid_hardware_status), 4u);
    facts_.hardware_ready = true;
    EXPECT_EQ(number(nic::oid_hardware_status), 0u);
}

TEST_F(OidTable, PacketFilterIsCheckedBeforeItIsTaken) {
    OidChange change;
    uint32_t filter = nic::filter_directed | nic::filter_broadcast;
    EXPECT_EQ(
        nic::parse_set_oid(nic::oid_current_packet_filter, &filter, 4, change).status,
        OidStatus::success
    );
    EXPECT_EQ(change.kind, OidChange::Kind::packet_filter);
    EXPECT_EQ(change.number, filter);
    filter = 0x4000;
    EXPECT_EQ(
        nic::parse_set_oid(nic::oid_current_packet_filter, &filter, 4, change).status,
        OidStatus::invalid_data
    );
    EXPECT_EQ(
        nic::parse_set_oid(nic::oid_current_packet_filter, &filter, 3, change).status,
        OidStatus::invalid_length
    );
}

TEST_F(OidTable, MulticastListMustBeWholeAddressesAndFit) {
    OidChange change;
    std::vector<uint8_t> list(6 * (nic::FrameFilter::kMulticastMax + 1));
    const auto set = [&](uint32_t bytes) {
        return nic::parse_set_oid(nic::oid_802_3_multicast_list, list.data(), bytes, change);
    };
    EXPECT_EQ(set(12).status, OidStatus::success);
    EXPECT_EQ(change.count, 2u);
    EXPECT_EQ(set(13).status, OidStatus::invalid_length);
    EXPECT_EQ(set(13).needed, 18u);
    EXPECT_EQ(set(static_cast<uint32_t>(list.size())).status, OidStatus::multicast_full);
    EXPECT_EQ(set(0).status, OidStatus::success);
    EXPECT_EQ(change.count, 0u);
}

TEST_F(OidTable, ReadOnlyOidsCannotBeSet) {
    OidChange change;
    uint32_t value = 0;
    EXPECT_EQ(
        nic::parse_set_oid(nic::oid_link_speed, &value, 4, change).status, OidStatus::not_supported
    );
    EXPECT_EQ(change.kind, OidChange::Kind::none);
}

TEST(Statistics, CountsByKindOfDestination) {
    nic::Statistics statistics;
    statistics.count_received({{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, 60);
    statistics.count_received({{1, 0, 0x5e, 0, 0, 1}}, 100);
    statistics.count_sent({{2, 0, 0, 0, 0, 1}}, 1514);
    EXPECT_EQ(statistics.frames_received, 2u);
    EXPECT_EQ(statistics.broadcast_received.bytes, 60u);
    EXPECT_EQ(statistics.multicast_received.frames, 1u);
    EXPECT_EQ(statistics.directed_sent.bytes, 1514u);
    EXPECT_EQ(statistics.directed_received.frames, 0u);
}

}  // namespace
