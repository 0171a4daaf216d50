// SPDX-License-Identifier: MIT
// ndis/lib/packet_pool.hpp
//
// Pools of packets and of buffers, inside ndis/lib. A pool that is freed while some of its things are out lives on, without
// its creator, until the last one comes back: freeing the memory under a NIC that still reads it would turn a leak into
// corruption, and the leak is what we want to show.
#pragma once
#include "ndis/lib/packet_state.hpp"

namespace ndis {

constexpr ULONG kPacketPoolTag = 'ppDN';  // "NDpp"
constexpr ULONG kBufferPoolTag = 'pbDN';  // "NDbp"

/// One allocation of several packets or buffers.
struct Slab {
    Slab* next;
    ULONG64 reserved;  // keeps what follows aligned
};

struct PoolHead {
    ULONG64 magic;
    PVOID creator;     ///< Return address of the call that made it: says which driver's it is.
    LIST_ENTRY entry;  ///< Among all pools of its kind.
    KSPIN_LOCK lock;   ///< Guards what follows.
    Slab* slabs;
    ULONG out;   ///< Handed out and not back.
    bool freed;  ///< Its creator has freed it; it goes when `out` reaches 0.
};

struct PacketPool {
    PoolHead head;
    PNDIS_PACKET free;   ///< By PacketState::next.
    LIST_ENTRY packets;  ///< Those that are out, by PacketState::pool_entry.
    ULONG made, most;    ///< Packets that exist, and that may.
    ULONG stride;        ///< Bytes of one packet with everything around it.
    USHORT oob_offset;   ///< NDIS_PACKET to NDIS_PACKET_OOB_DATA.
    UCHAR protocol_id;
};
constexpr ULONG64 kPacketPoolMagic = 0x4c4f4f5050445245;  // "ERDPPOOL"
constexpr ULONG64 kBufferPoolMagic = 0x4c4f4f5042445245;  // "ERDBPOOL"

/// The census's counts; changed atomically.
extern PoolCounts Books;

/// All pools of one kind. KSPIN_LOCK order: registry, then pool.
struct PoolRegistry {
    KSPIN_LOCK lock;
    LIST_ENTRY head;  ///< Zero until first used.
};
extern PoolRegistry PacketPools, BufferPools;
void register_pool(PoolRegistry& registry, PoolHead& pool, PVOID creator, ULONG64 magic);
void unregister_pool(PoolRegistry& registry, PoolHead& pool);
/// Gives the slabs and the pool itself back.
void release_pool(PoolHead& pool);

}  // namespace ndis
