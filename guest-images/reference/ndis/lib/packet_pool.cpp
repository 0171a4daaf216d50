// SPDX-License-Identifier: MIT
// ndis/lib/packet_pool.cpp
//
// NdisAllocatePacketPool(Ex), NdisFreePacketPool and what asks about a pool. A packet in memory:
//
//   PacketState | NDIS_PACKET with ProtocolReserved | NDIS_PACKET_OOB_DATA | NDIS_PACKET_EXTENSION | scatter/gather room
//
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff561609(v=vs.85)
#include "ndis/lib/packet_pool.hpp"

#include "ndis/lib/packet_layout.hpp"

using namespace ndis;

namespace {

constexpr ULONG kOverflowSlab = 32;  // packets that are made at a time beyond the first `Descriptors`
constexpr ULONG kDescriptorsMax = 0xFFFF;

/// More packets for an existing pool; its lock is held. False: no memory.
bool grow(PacketPool& pool, ULONG count) {
    const SIZE_T bytes = sizeof(Slab) + static_cast<SIZE_T>(count) * pool.stride;
    auto* slab = static_cast<Slab*>(allocate_for(pool.head.creator, NonPagedPool, bytes, kPacketPoolTag));
    if (!slab) return false;
    RtlZeroMemory(slab, bytes);
    slab->next = pool.head.slabs;
    pool.head.slabs = slab;
    auto* at = reinterpret_cast<UCHAR*>(slab + 1);
    for (ULONG i = 0; i < count; ++i, at += pool.stride) {
        auto* state = reinterpret_cast<PacketState*>(at);
        state->magic = kPacketMagic;
        state->pool = &pool;
        state->next = pool.free;
        pool.free = reinterpret_cast<PNDIS_PACKET>(state + 1);
    }
    pool.made += count;
    return true;
}

void create(PNDIS_STATUS status, PNDIS_HANDLE handle, UINT descriptors, UINT overflow, UINT reserved, PVOID caller) {
    *status = NDIS_STATUS_RESOURCES;
    *handle = nullptr;
    if (descriptors > kDescriptorsMax || overflow > kDescriptorsMax - descriptors || reserved > packet_reserved_max()) return;
    auto* pool = static_cast<PacketPool*>(allocate_for(caller, NonPagedPool, sizeof(PacketPool), kPacketPoolTag));
    if (!pool) return;
    RtlZeroMemory(pool, sizeof *pool);
    InitializeListHead(&pool->packets);
    pool->most = descriptors + overflow;
    pool->oob_offset = static_cast<USHORT>(packet_oob_offset(reserved));
    pool->stride = static_cast<ULONG>(packet_stride(reserved));
    pool->head.creator = caller;
    if (descriptors && !grow(*pool, descriptors)) {
        ExFreePool(pool);
        return;
    }
    register_pool(PacketPools, pool->head, caller, kPacketPoolMagic);
    __atomic_add_fetch(&Books.packet_pools, 1, __ATOMIC_RELAXED);
    *handle = pool;
    *status = NDIS_STATUS_SUCCESS;
}

PacketPool& pool_of(NDIS_HANDLE handle, const char* function, PVOID caller) {
    auto* pool = static_cast<PacketPool*>(handle);
    if (!pool || pool->head.magic != kPacketPoolMagic || pool->head.freed) {
        RdPutString(function);
        RdBugCheckText(
            ": not a packet pool, or one that is freed", 0xC4, 0x52440002, reinterpret_cast<ULONG_PTR>(handle), 0,
            reinterpret_cast<ULONG_PTR>(caller));
    }
    return *pool;
}

void destroy(PacketPool& pool) {
    unregister_pool(PacketPools, pool.head);
    release_pool(pool.head);
}

/// What NdisAllocatePacket's documentation promises of a fresh packet; `packet` is nobody else's.
void initialize(PacketPool& pool, PNDIS_PACKET packet) {
    RtlZeroMemory(packet, pool.stride - sizeof(PacketState));
    packet->Private.Pool = reinterpret_cast<PNDIS_PACKET_POOL>(&pool);
    packet->Private.NdisPacketFlags = fPACKET_ALLOCATED_BY_NDIS;
    packet->Private.NdisPacketOobOffset = pool.oob_offset;
    packet->Private.Flags = pool.protocol_id;
    packet->Private.ValidCounts = TRUE;  // nothing is chained, and the counts say so
}

PNDIS_PACKET take(PacketPool& pool) {
    SpinGuard guard(pool.head.lock);
    if (!pool.free && pool.made < pool.most) {
        const ULONG left = pool.most - pool.made;
        grow(pool, left < kOverflowSlab ? left : kOverflowSlab);
    }
    PNDIS_PACKET packet = pool.free;
    if (!packet) return nullptr;
    PacketState& state = state_of(packet);
    pool.free = state.next;
    state.next = nullptr;
    InsertTailList(&pool.packets, &state.pool_entry);
    ++pool.head.out;
    return packet;
}

void allocate(PNDIS_STATUS status, PNDIS_PACKET* result, NDIS_HANDLE handle, const char* function, PVOID caller) {
    PacketPool& pool = pool_of(handle, function, caller);
    PNDIS_PACKET packet = take(pool);
    *result = packet;
    *status = packet ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
    if (!packet) return;
    initialize(pool, packet);
    PacketState& state = state_of(packet);
    state.open = state.miniport = state.core[0] = state.core[1] = nullptr;
    state.list = nullptr;
    take_step(packet, PacketEvent::allocate, function, caller);
    __atomic_add_fetch(&Books.packets_out, 1, __ATOMIC_RELAXED);
}

void give_back(PNDIS_PACKET packet, const char* function, PVOID caller) {
    PacketState& state = state_of(packet);
    take_step(packet, PacketEvent::free, function, caller);
    PacketPool& pool = *state.pool;
    RtlFillMemory(packet, pool.stride - sizeof(PacketState), 0xDD);  // whoever still uses it will notice
    __atomic_sub_fetch(&Books.packets_out, 1, __ATOMIC_RELAXED);
    bool last;
    {
        SpinGuard guard(pool.head.lock);
        RemoveEntryList(&state.pool_entry);
        state.next = pool.free;
        pool.free = packet;
        last = --pool.head.out == 0 && pool.head.freed;
    }
    if (last) destroy(pool);
}

}  // namespace

/// `ProtocolReserved`: bytes for the driver in every packet, at least PROTOCOL_RESERVED_SIZE_IN_PACKET for a miniport's
/// receives. NDIS_STATUS_RESOURCES: no memory, or more than 65535 descriptors. <= DISPATCH_LEVEL.
VOID NTAPI
NdisAllocatePacketPool(PNDIS_STATUS Status, PNDIS_HANDLE PoolHandle, UINT NumberOfDescriptors, UINT ProtocolReservedLength) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAllocatePacketPool", NDIS_CALLER);
    create(Status, PoolHandle, NumberOfDescriptors, 0, ProtocolReservedLength, NDIS_CALLER);
}

/// As above; further descriptors are made when the first ones are out. <= DISPATCH_LEVEL.
VOID NTAPI NdisAllocatePacketPoolEx(
    PNDIS_STATUS Status, PNDIS_HANDLE PoolHandle, UINT NumberOfDescriptors, UINT NumberOfOverflowDescriptors,
    UINT ProtocolReservedLength) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAllocatePacketPoolEx", NDIS_CALLER);
    create(Status, PoolHandle, NumberOfDescriptors, NumberOfOverflowDescriptors, ProtocolReservedLength, NDIS_CALLER);
}

/// "Before calling this function, the driver must call NdisFreePacket as many times as necessary": packets that are out are a
/// violation the guest survives (RD_VIOLATION_PACKET_LEAKED with their number). <= DISPATCH_LEVEL.
VOID NTAPI NdisFreePacketPool(NDIS_HANDLE PoolHandle) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisFreePacketPool", NDIS_CALLER);
    PacketPool& pool = pool_of(PoolHandle, "NdisFreePacketPool", NDIS_CALLER);
    ULONG out;
    {
        SpinGuard guard(pool.head.lock);
        out = pool.head.out;
        pool.head.freed = true;
    }
    __atomic_sub_fetch(&Books.packet_pools, 1, __ATOMIC_RELAXED);
    if (out == 0) return destroy(pool);
    note_violation(RD_VIOLATION_PACKET_LEAKED, PoolHandle, out, "NdisFreePacketPool: packets of the pool are still out\n");
}

/// Packets of the pool that are out. <= DISPATCH_LEVEL.
UINT NTAPI NdisPacketPoolUsage(NDIS_HANDLE PoolHandle) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisPacketPoolUsage", NDIS_CALLER);
    return pool_of(PoolHandle, "NdisPacketPoolUsage", NDIS_CALLER).head.out;
}

/// Packets allocated from now on carry the id in their flags. <= DISPATCH_LEVEL.
VOID NTAPI NdisSetPacketPoolProtocolId(NDIS_HANDLE PoolHandle, UINT ProtocolId) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisSetPacketPoolProtocolId", NDIS_CALLER);
    pool_of(PoolHandle, "NdisSetPacketPoolProtocolId", NDIS_CALLER).protocol_id = ProtocolId & NDIS_FLAGS_PROTOCOL_ID_MASK;
}

/// A zeroed packet with nothing chained; NDIS_STATUS_RESOURCES: all are out. <= DISPATCH_LEVEL.
VOID NTAPI NdisAllocatePacket(PNDIS_STATUS Status, PNDIS_PACKET* Packet, NDIS_HANDLE PoolHandle) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAllocatePacket", NDIS_CALLER);
    allocate(Status, Packet, PoolHandle, "NdisAllocatePacket", NDIS_CALLER);
}
/// DISPATCH_LEVEL.
VOID NTAPI NdisDprAllocatePacket(PNDIS_STATUS Status, PNDIS_PACKET* Packet, NDIS_HANDLE PoolHandle) {
    require_irql_exactly(DISPATCH_LEVEL, "NdisDprAllocatePacket", NDIS_CALLER);
    allocate(Status, Packet, PoolHandle, "NdisDprAllocatePacket", NDIS_CALLER);
}

/// The packet must be the driver's; what is chained to it stays the driver's. <= DISPATCH_LEVEL.
VOID NTAPI NdisFreePacket(PNDIS_PACKET Packet) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisFreePacket", NDIS_CALLER);
    give_back(Packet, "NdisFreePacket", NDIS_CALLER);
}
/// DISPATCH_LEVEL.
VOID NTAPI NdisDprFreePacket(PNDIS_PACKET Packet) {
    require_irql_exactly(DISPATCH_LEVEL, "NdisDprFreePacket", NDIS_CALLER);
    give_back(Packet, "NdisDprFreePacket", NDIS_CALLER);
}

/// <= DISPATCH_LEVEL.
NDIS_HANDLE NTAPI NdisGetPoolFromPacket(PNDIS_PACKET Packet) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisGetPoolFromPacket", NDIS_CALLER);
    return state_of(Packet).pool;
}
