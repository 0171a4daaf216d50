// SPDX-License-Identifier: MIT
// nic/virtionet/net_device.hpp
//
// The network device of virtio 1.1, 5.1: feature bits, frame header, configuration fields, control
// commands, and what the driver makes of an offer of features. Pure: compiled natively by
// tests/unit/nic.
#pragma once
#include "../common/frame_filter.hpp"

namespace virtio
{

constexpr uint64_t
feature(unsigned bit)
{
    return uint64_t{1} << bit;
}
constexpr uint64_t NET_F_MAC = feature(5), NET_F_STATUS = feature(16), NET_F_CTRL_VQ = feature(17),
                   NET_F_CTRL_RX = feature(18), NET_F_CTRL_RX_EXTRA = feature(20),
                   F_ANY_LAYOUT = feature(27), RING_F_EVENT_IDX = feature(29),
                   F_VERSION_1 = feature(32);

/// Configuration fields (5.1.4): station address at 0, status at 6.
constexpr uint32_t NET_CONFIG_MAC = 0, NET_CONFIG_STATUS = 6;
constexpr uint16_t NET_S_LINK_UP = 1;

/// Queues without VIRTIO_NET_F_MQ.
enum Queue : uint16_t { receive_queue = 0, transmit_queue = 1, control_queue = 2 };

/// struct virtio_net_hdr: 10 bytes; 12 with VERSION_1 (or MRG_RXBUF, which is not negotiated: one
/// buffer holds a frame).
constexpr uint32_t
header_bytes(uint64_t features)
{
    return (features & F_VERSION_1) != 0 ? 12 : 10;
}

/// Features the driver accepts of an offer. CTRL_RX and CTRL_RX_EXTRA need the control queue
/// (5.1.3.1); the 64-bit half exists on the modern interface alone.
constexpr uint64_t
accept_features(uint64_t offered, bool modern)
{
    uint64_t accepted = offered & (NET_F_MAC | NET_F_STATUS | NET_F_CTRL_VQ | NET_F_CTRL_RX |
                                   NET_F_CTRL_RX_EXTRA | F_ANY_LAYOUT | RING_F_EVENT_IDX);
    if ((accepted & NET_F_CTRL_VQ) == 0) {
        accepted &= ~(NET_F_CTRL_RX | NET_F_CTRL_RX_EXTRA);
    }
    if (modern) {
        accepted |= offered & F_VERSION_1;
    }
    return accepted;
}

/// Whether header and frame may share a descriptor (2.6.4.3).
constexpr bool
any_layout(uint64_t features)
{
    return (features & (F_VERSION_1 | F_ANY_LAYOUT)) != 0;
}

/// Control commands (5.1.6.5): class and command, then data; the device answers with one byte.
constexpr uint8_t CTRL_RX = 0, CTRL_MAC = 1;
constexpr uint8_t CTRL_RX_PROMISC = 0, CTRL_RX_ALLMULTI = 1, CTRL_RX_ALLUNI = 2,
                  CTRL_RX_NOMULTI = 3, CTRL_RX_NOUNI = 4, CTRL_RX_NOBCAST = 5;
constexpr uint8_t CTRL_MAC_TABLE_SET = 0;
constexpr uint8_t CTRL_ACK_OK = 0;

/// One command in device memory: the device reads everything up to `acknowledgement`.
struct ControlCommand {
    static constexpr uint32_t kDataMax = 2 * 4 + (1 + nic::FrameFilter::kMulticastMax) * 6;
    uint8_t command_class;
    uint8_t command;
    uint8_t data[kDataMax];
    uint8_t acknowledgement;
    uint32_t data_bytes; ///< Not for the device.
};

constexpr uint32_t kFilterCommandsMax = 6;

/// The commands that make a device's filter that of `filter`; returns how many were written to
/// `commands`. `station` is the address the device has of itself.
constexpr uint32_t
filter_commands(
    const nic::FrameFilter &filter,
    const nic::MacAddress &station,
    uint64_t features,
    ControlCommand *commands)
{
    uint32_t count = 0;
    const auto begin = [&](uint8_t command_class, uint8_t command) -> ControlCommand & {
        ControlCommand &next = commands[count++];
        next.command_class = command_class;
        next.command = command;
        next.acknowledgement = 0xff;
        next.data_bytes = 0;
        return next;
    };
    const auto mode = [&](uint8_t command, bool on) {
        ControlCommand &next = begin(CTRL_RX, command);
        next.data[0] = on ? 1 : 0;
        next.data_bytes = 1;
    };
    if ((features & NET_F_CTRL_RX) == 0) {
        return 0;
    }
    const bool promiscuous = filter.wants(nic::filter_promiscuous);
    const bool listed = filter.wants(nic::filter_multicast);
    const bool all_multicast = filter.wants(nic::filter_all_multicast);
    if ((features & NET_F_CTRL_RX_EXTRA) != 0) {
        mode(CTRL_RX_NOMULTI, !promiscuous && !listed && !all_multicast);
        mode(CTRL_RX_NOUNI, !promiscuous && !filter.wants(nic::filter_directed));
        mode(CTRL_RX_NOBCAST, !promiscuous && !filter.wants(nic::filter_broadcast));
    }
    mode(CTRL_RX_ALLMULTI, all_multicast);

    // Two tables, each a little-endian count and that many addresses: unicast (its own address the
    // device knows without), then multicast.
    ControlCommand &tables = begin(CTRL_MAC, CTRL_MAC_TABLE_SET);
    const auto table = [&tables](const nic::MacAddress *addresses, uint32_t entries) {
        for (uint32_t i = 0; i < 4; ++i) {
            tables.data[tables.data_bytes++] = static_cast<uint8_t>(entries >> 8 * i);
        }
        for (uint32_t i = 0; i < entries; ++i) {
            for (uint8_t byte : addresses[i].bytes) {
                tables.data[tables.data_bytes++] = byte;
            }
        }
    };
    table(&filter.address(), filter.address() == station ? 0 : 1);
    table(filter.multicast_list(), listed ? filter.multicast_count() : 0);
    // Last, so that the device, which starts promiscuous, is never deaf to what the old filter let
    // through.
    mode(CTRL_RX_PROMISC, promiscuous);
    return count;
}

} // namespace virtio
