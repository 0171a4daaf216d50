// SPDX-License-Identifier: MIT
// nic/e1000/address_filter.hpp
//
// The card's receive filter as a function of what NDIS asked for: RCTL, exact addresses, and the
// 4096-bit multicast table (MTA): with RCTL.MO = 0, bits 47:36 of the destination address select
// the bit (13.5.1). The table lets through more than the list; FrameFilter drops the rest.
#pragma once
#include "../common/frame_filter.hpp"
#include "registers.hpp"

namespace e1000
{

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

/// The receive filter in terms of registers.
struct AddressFilter {
    uint32_t
        control; ///< RCTL. The receiver stays on while nothing is wanted: no address matches then.
    struct {
        uint32_t low, high;
    } exact[2]; ///< RAL/RAH: the station's own address, and broadcast.
    MulticastTable table;
};

/// What to program for a filter. Broadcast is matched as an exact address and all-multicast as a
/// full table, not by RCTL.BAM and RCTL.MPE: so only promiscuous mode changes RCTL, which QEMU
/// answers by receiving nothing for a second.
constexpr AddressFilter
address_filter(const nic::FrameFilter &filter)
{
    constexpr uint8_t broadcast[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    AddressFilter result{};
    result.control = RCTL_EN | RCTL_BSIZE_2048 | RCTL_SECRC;
    if (filter.wants(nic::filter_promiscuous)) {
        result.control |= RCTL_UPE | RCTL_MPE | RCTL_BAM;
    }
    const uint8_t *own = filter.address().bytes;
    result.exact[0] = {
        receive_address_low(own), receive_address_high(own, filter.wants(nic::filter_directed))};
    result.exact[1] = {
        receive_address_low(broadcast),
        receive_address_high(broadcast, filter.wants(nic::filter_broadcast))};
    if (filter.wants(nic::filter_all_multicast)) {
        for (uint32_t &word : result.table.words) {
            word = 0xffffffffu;
        }
    } else if (filter.wants(nic::filter_multicast)) {
        for (uint32_t i = 0; i < filter.multicast_count(); ++i) {
            result.table.add(filter.multicast_list()[i]);
        }
    }
    return result;
}

} // namespace e1000
