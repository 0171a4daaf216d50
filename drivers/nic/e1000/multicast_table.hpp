// SPDX-License-Identifier: MIT
// nic/e1000/multicast_table.hpp
//
// The 4096-bit multicast table (MTA) as a function of the list: with RCTL.MO = 0, bits 47:36 of the destination address
// select the bit (13.5.1). The table lets through more than the list; FrameFilter drops the rest.
#pragma once
#include "../common/frame_filter.hpp"
#include "registers.hpp"

namespace e1000 {

/// Bit number 0..4095 in the table.
constexpr uint32_t
multicast_hash(const nic::MacAddress &address)
{
    return uint32_t{address.bytes[4]} >> 4 | uint32_t{address.bytes[5]} << 4;
}

struct MulticastTable {
    uint32_t words[kMulticastWords]{};

    constexpr void add(const nic::MacAddress &address)
    {
        const uint32_t hash = multicast_hash(address);
        words[hash >> 5] |= 1u << (hash & 31);
    }

    constexpr bool lets_through(const nic::MacAddress &address) const
    {
        const uint32_t hash = multicast_hash(address);
        return (words[hash >> 5] >> (hash & 31) & 1) != 0;
    }
};

/// The table of a filter: empty unless listed multicast is wanted.
constexpr MulticastTable
multicast_table(const nic::FrameFilter &filter)
{
    MulticastTable table;
    if (filter.wants(nic::filter_multicast)) {
        for (uint32_t i = 0; i < filter.multicast_count(); ++i) {
            table.add(filter.multicast_list()[i]);
        }
    }
    return table;
}

/// RCTL of a filter: the receiver is off altogether when nothing is wanted.
constexpr uint32_t
receive_control(const nic::FrameFilter &filter)
{
    if (filter.packet_filter() == 0) {
        return 0;
    }
    uint32_t control = RCTL_EN | RCTL_BSIZE_2048 | RCTL_SECRC;
    if (filter.wants(nic::filter_promiscuous)) {
        control |= RCTL_UPE | RCTL_MPE | RCTL_BAM;
    }
    if (filter.wants(nic::filter_all_multicast)) {
        control |= RCTL_MPE;
    }
    if (filter.wants(nic::filter_broadcast)) {
        control |= RCTL_BAM;
    }
    return control;
}

} // namespace e1000
