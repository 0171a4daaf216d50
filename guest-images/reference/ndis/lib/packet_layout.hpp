// SPDX-License-Identifier: MIT
// ndis/lib/packet_layout.hpp
//
// Where the parts of a packet lie: NDIS_PACKET's fixed part with the driver's ProtocolReserved, then out-of-band data, then
// per-packet information, then room for a scatter/gather list. Only NdisPacketOobOffset tells drivers.
#pragma once
#include "ndis/lib/packet_state.hpp"

namespace ndis {

constexpr SIZE_T packet_align(SIZE_T bytes) { return (bytes + 15) & ~SIZE_T{15}; }

/// NDIS_PACKET to NDIS_PACKET_OOB_DATA. 16-byte aligned.
constexpr SIZE_T packet_oob_offset(SIZE_T reserved) {
    const SIZE_T bytes = offsetof(NDIS_PACKET, ProtocolReserved) + reserved;
    return packet_align(bytes < sizeof(NDIS_PACKET) ? sizeof(NDIS_PACKET) : bytes);
}
/// Most ProtocolReserved: the offset is 16 bits wide.
constexpr SIZE_T packet_reserved_max() { return 0xFFF0 - offsetof(NDIS_PACKET, ProtocolReserved) - 16; }

/// NDIS_PACKET to the scatter/gather room.
constexpr SIZE_T packet_list_offset(SIZE_T oob_offset) {
    return packet_align(oob_offset + sizeof(NDIS_PACKET_OOB_DATA) + sizeof(NDIS_PACKET_EXTENSION));
}
constexpr SIZE_T kInlineListBytes = sizeof(SCATTER_GATHER_LIST) + kInlineElements * sizeof(SCATTER_GATHER_ELEMENT);

/// One packet with its hidden state and everything behind it.
constexpr SIZE_T packet_stride(SIZE_T reserved) {
    return packet_align(sizeof(PacketState) + packet_list_offset(packet_oob_offset(reserved)) + kInlineListBytes);
}

}  // namespace ndis
