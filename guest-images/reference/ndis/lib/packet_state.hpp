// SPDX-License-Identifier: MIT
// ndis/lib/packet_state.hpp
//
// What NDIS knows of a packet and drivers do not see: it lies in front of the NDIS_PACKET. packet_owner.hpp has the states;
// here they are taken atomically and a step that is not allowed stops the guest, naming it.
#pragma once
#include "packet_owner.hpp"

#include "ndis/lib/ndis_lib.hpp"

namespace ndis {

struct PacketPool;

/// Scatter/gather elements kept with the packet; longer lists come from pool.
constexpr ULONG kInlineElements = 8;

/// Directly in front of every NDIS_PACKET that NDIS allocated.
struct PacketState {
    PacketPool* pool;
    volatile uint64_t word;     ///< packet_owner.hpp; change it through the functions below only.
    PVOID open;                 ///< The core's: open that sends, or that the transfer is for. Null otherwise.
    PVOID miniport;             ///< The core's: miniport that indicates it, or that it is sent to.
    PNDIS_PACKET next;          ///< The core's while it is sent or indicated (queues); the pool's while it is free.
    PVOID core[2];              ///< The core's while it is sent, transferred or indicated; zero when allocated.
    PSCATTER_GATHER_LIST list;  ///< Mapped for the device: map_for_send ... unmap_after_send.
    PVOID saved_list_info;      ///< What ScatterGatherListPacketInfo held before.
    ULONG64 magic;              ///< kPacketMagic.
    LIST_ENTRY pool_entry;      ///< Among all packets of the pool that are out.
};
static_assert(sizeof(PacketState) % 16 == 0);
constexpr ULONG64 kPacketMagic = 0x54454b4341504452;  // "RDPACKET"

/// The state of a packet. Bug check 0xC4 (private subcode) when NDIS did not allocate it. Any IRQL.
PacketState& state_of(PNDIS_PACKET packet);

/// Takes one step; `function` names the caller's export. Stops the guest when the step is not allowed: bug check 0x7C, 5
/// (packet in use) for PacketEvent::indicate, else 0xC4 with the private subcode kPacketViolation + event; p2: packet,
/// p3: its word, p4: `caller`. `miniport`: who indicates it, `array`: in which (parameters 2 and 4 of 0x7C). Any IRQL.
PacketVerdict take_step(
    PNDIS_PACKET packet, PacketEvent event, const char* function, PVOID caller, int32_t count = 0, PVOID miniport = nullptr,
    PVOID array = nullptr);
constexpr ULONG kPacketViolation = 0x52440100;

inline PacketOwner owner_of(PNDIS_PACKET packet) {
    return packet_owner(__atomic_load_n(&state_of(packet).word, __ATOMIC_ACQUIRE));
}

/// The core's short names. `open`/`miniport` are kept in the state while the packet is away from its driver.
inline void packet_sent(PNDIS_PACKET packet, PVOID open, const char* function, PVOID caller) {
    take_step(packet, PacketEvent::send, function, caller);
    state_of(packet).open = open;
}
inline void packet_send_completed(PNDIS_PACKET packet, const char* function, PVOID caller) {
    state_of(packet).open = nullptr;
    take_step(packet, PacketEvent::send_complete, function, caller);
}
inline void packet_transferring(PNDIS_PACKET packet, PVOID open, const char* function, PVOID caller) {
    take_step(packet, PacketEvent::transfer, function, caller);
    state_of(packet).open = open;
}
inline void packet_transferred(PNDIS_PACKET packet, const char* function, PVOID caller) {
    state_of(packet).open = nullptr;
    take_step(packet, PacketEvent::transfer_complete, function, caller);
}
/// Before the first protocol is called with a miniport's packet.
inline void packet_indicated(PNDIS_PACKET packet, PVOID miniport, PVOID array, const char* function, PVOID caller) {
    take_step(packet, PacketEvent::indicate, function, caller, 0, miniport, array);
    state_of(packet).miniport = miniport;
}
/// What a ReceivePacketHandler returned.
inline void packet_kept(PNDIS_PACKET packet, INT references, PVOID caller) {
    take_step(packet, PacketEvent::keep, "ProtocolReceivePacket", caller, references);
}
/// NdisReturnPackets, one packet. True: the last reference; the caller gives the packet back to its miniport.
inline bool packet_given_up(PNDIS_PACKET packet, PVOID caller) {
    return take_step(packet, PacketEvent::give_up, "NdisReturnPackets", caller) == PacketVerdict::back;
}
/// After the last protocol was called. True: nobody keeps it; it is the miniport's again (give it back, or for
/// NDIS_STATUS_RESOURCES just return).
inline bool packet_indication_ended(PNDIS_PACKET packet, PVOID caller) {
    return take_step(packet, PacketEvent::end_indication, "NdisMIndicateReceivePacket", caller) == PacketVerdict::back;
}

/// Books for the census (rd_ndis_census). Any IRQL.
struct PoolCounts {
    LONG packet_pools, packets_out, buffer_pools, buffers_out, receives_out;
};
PoolCounts pool_counts();

/// What PacketPool tells of itself for diagnosis: who made it and how many packets are out. Pools made by code in
/// [base, base+bytes) that still exist: how many, and packets of theirs that are out. <= DISPATCH_LEVEL.
struct PoolsOfModule {
    ULONG packet_pools, packets_out, buffer_pools, buffers_out;
};
PoolsOfModule pools_of_module(PVOID base, SIZE_T bytes);

}  // namespace ndis
