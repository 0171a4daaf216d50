// SPDX-License-Identifier: MIT
// nic/common/frame_filter.hpp
//
// What an 802.3 adapter is asked to receive: packet filter, its own address and the multicast list.
// The devices filter as well as they can (e1000 by a hash, virtio by the host's good will);
// accepts() is the exact answer, asked for every frame. No I/O and no NDIS types: tests/unit/nic
// compiles this natively. Not synchronised: the owner's receive lock guards it.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace nic
{

/// Bits of OID_GEN_CURRENT_PACKET_FILTER that an Ethernet adapter knows.
enum PacketFilter : uint32_t {
    filter_directed = 0x01,
    filter_multicast = 0x02,
    filter_all_multicast = 0x04,
    filter_broadcast = 0x08,
    filter_promiscuous = 0x20,
    filter_supported = filter_directed | filter_multicast | filter_all_multicast |
                       filter_broadcast | filter_promiscuous,
};

struct MacAddress {
    uint8_t bytes[6];

    /// Bit 0 of the first byte on the wire: a group address.
    constexpr bool is_group() const
    {
        return (bytes[0] & 1) != 0;
    }

    constexpr bool is_broadcast() const
    {
        for (uint8_t byte : bytes) {
            if (byte != 0xff) {
                return false;
            }
        }
        return true;
    }

    constexpr bool is_zero() const
    {
        for (uint8_t byte : bytes) {
            if (byte != 0) {
                return false;
            }
        }
        return true;
    }

    constexpr bool operator==(const MacAddress &other) const
    {
        for (size_t i = 0; i < sizeof(bytes); ++i) {
            if (bytes[i] != other.bytes[i]) {
                return false;
            }
        }
        return true;
    }
};
static_assert(sizeof(MacAddress) == 6);

class FrameFilter
{
  public:
    /// OID_802_3_MAXIMUM_LIST_SIZE.
    static constexpr uint32_t kMulticastMax = 32;

    /// False, and nothing changed, when `bits` has one that this adapter does not know.
    constexpr bool set_packet_filter(uint32_t bits)
    {
        if ((bits & ~uint32_t{filter_supported}) != 0) {
            return false;
        }
        packet_filter_ = bits;
        return true;
    }

    /// Copies `count` addresses. False, and nothing changed, when they are too many.
    constexpr bool set_multicast_list(const MacAddress *addresses, uint32_t count)
    {
        if (count > kMulticastMax) {
            return false;
        }
        for (uint32_t i = 0; i < count; ++i) {
            multicast_[i] = addresses[i];
        }
        multicast_count_ = count;
        return true;
    }

    constexpr void set_address(const MacAddress &address)
    {
        address_ = address;
    }

    /// Whether a frame for `destination` is to be indicated. Broadcast is not multicast: each has
    /// its own bit.
    constexpr bool accepts(const MacAddress &destination) const
    {
        if (wants(filter_promiscuous)) {
            return true;
        }
        if (!destination.is_group()) {
            return wants(filter_directed) && destination == address_;
        }
        if (destination.is_broadcast()) {
            return wants(filter_broadcast);
        }
        if (wants(filter_all_multicast)) {
            return true;
        }
        return wants(filter_multicast) && lists(destination);
    }

    constexpr bool wants(PacketFilter bit) const
    {
        return (packet_filter_ & bit) != 0;
    }
    constexpr uint32_t packet_filter() const
    {
        return packet_filter_;
    }
    constexpr const MacAddress &address() const
    {
        return address_;
    }
    constexpr const MacAddress *multicast_list() const
    {
        return multicast_;
    }
    constexpr uint32_t multicast_count() const
    {
        return multicast_count_;
    }

  private:
    constexpr bool lists(const MacAddress &address) const
    {
        for (uint32_t i = 0; i < multicast_count_; ++i) {
            if (multicast_[i] == address) {
                return true;
            }
        }
        return false;
    }

    uint32_t packet_filter_ = 0;
    uint32_t multicast_count_ = 0;
    MacAddress address_{};
    MacAddress multicast_[kMulticastMax]{};
};

} // namespace nic
