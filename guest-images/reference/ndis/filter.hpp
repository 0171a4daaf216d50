// SPDX-License-Identifier: MIT
// ndis/filter.hpp
//
// Which frames an open wants, and what a miniport must be asked for so that all of its opens get theirs. Pure, no NDIS types:
// natively tested in tests/unit/ndis. Filter bits are NDIS's own (OID_GEN_CURRENT_PACKET_FILTER).
#pragma once
#include <stdint.h>

namespace ndis {

constexpr uint32_t kFilterDirected = 0x01, kFilterMulticast = 0x02, kFilterAllMulticast = 0x04, kFilterBroadcast = 0x08;
constexpr uint32_t kFilterPromiscuous = 0x20, kFilterAllLocal = 0x80;
constexpr uint32_t kFilterSupported =
    kFilterDirected | kFilterMulticast | kFilterAllMulticast | kFilterBroadcast | kFilterPromiscuous | kFilterAllLocal;

constexpr uint32_t kAddressBytes = 6;

/// Multicast addresses, one after the other.
struct MulticastList {
    uint32_t count;
    uint32_t room;
    uint8_t address[][kAddressBytes];
};

inline bool same_address(const uint8_t* a, const uint8_t* b) {
    for (uint32_t i = 0; i < kAddressBytes; ++i)
        if (a[i] != b[i]) return false;
    return true;
}

inline bool is_multicast(const uint8_t* address) { return (address[0] & 1) != 0; }

inline bool is_broadcast(const uint8_t* address) {
    for (uint32_t i = 0; i < kAddressBytes; ++i)
        if (address[i] != 0xFF) return false;
    return true;
}

/// Null lists are empty.
inline bool contains(const MulticastList* list, const uint8_t* address) {
    for (uint32_t i = 0; list && i < list->count; ++i)
        if (same_address(list->address[i], address)) return true;
    return false;
}

/// Adds what is missing; false when there is no room for all of it.
inline bool merge(MulticastList* into, const MulticastList* list) {
    for (uint32_t i = 0; list && i < list->count; ++i) {
        if (contains(into, list->address[i])) continue;
        if (into->count == into->room) return false;
        for (uint32_t k = 0; k < kAddressBytes; ++k) into->address[into->count][k] = list->address[i][k];
        ++into->count;
    }
    return true;
}

/// The same addresses, in any order.
inline bool same_addresses(const MulticastList* a, const MulticastList* b) {
    const uint32_t count_a = a ? a->count : 0, count_b = b ? b->count : 0;
    if (count_a != count_b) return false;
    for (uint32_t i = 0; i < count_a; ++i)
        if (!contains(b, a->address[i])) return false;
    return true;
}

/// Whether an open with this filter and list gets a frame for `destination` on an adapter of address `own`.
/// `from_wire` false: a loop-back, of which kFilterAllLocal wants all.
inline bool wants(uint32_t filter, const MulticastList* list, const uint8_t* own, const uint8_t* destination, bool from_wire) {
    if (filter & kFilterPromiscuous) return true;
    if (!from_wire && (filter & kFilterAllLocal)) return true;
    if (is_broadcast(destination)) return (filter & kFilterBroadcast) != 0;
    if (is_multicast(destination))
        return (filter & kFilterAllMulticast) || ((filter & kFilterMulticast) && contains(list, destination));
    return (filter & kFilterDirected) && same_address(own, destination);
}

/// What the device must be set to for the union of the opens' filters: kFilterAllLocal is NDIS's own affair.
inline uint32_t device_filter(uint32_t filters) { return filters & ~kFilterAllLocal; }

}  // namespace ndis
