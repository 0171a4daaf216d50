// SPDX-License-Identifier: MIT
// ndis/lib/pool_registry.cpp: which pools exist, and whose they are. See packet_pool.hpp.
#include "ndis/lib/packet_pool.hpp"

namespace ndis {

PoolRegistry PacketPools = {}, BufferPools = {};

void register_pool(PoolRegistry& registry, PoolHead& pool, PVOID creator, ULONG64 magic) {
    pool.magic = magic;
    pool.creator = creator;
    SpinGuard guard(registry.lock);
    if (!registry.head.Flink) InitializeListHead(&registry.head);
    InsertTailList(&registry.head, &pool.entry);
}

void unregister_pool(PoolRegistry& registry, PoolHead& pool) {
    SpinGuard guard(registry.lock);
    RemoveEntryList(&pool.entry);
}

void release_pool(PoolHead& pool) {
    pool.magic = 0;
    while (Slab* slab = pool.slabs) {
        pool.slabs = slab->next;
        ExFreePool(slab);
    }
    ExFreePool(&pool);
}

namespace {

void count_pools(PoolRegistry& registry, PVOID base, SIZE_T bytes, ULONG& pools, ULONG& out) {
    SpinGuard guard(registry.lock);
    if (!registry.head.Flink) return;
    for (PLIST_ENTRY link = registry.head.Flink; link != &registry.head; link = link->Flink) {
        const auto* pool = CONTAINING_RECORD(link, PoolHead, entry);
        const auto offset = reinterpret_cast<ULONG64>(pool->creator) - reinterpret_cast<ULONG64>(base);
        if (offset >= bytes) continue;
        pools += pool->freed ? 0 : 1;
        out += pool->out;
    }
}

}  // namespace

PoolsOfModule pools_of_module(PVOID base, SIZE_T bytes) {
    PoolsOfModule result = {};
    count_pools(PacketPools, base, bytes, result.packet_pools, result.packets_out);
    count_pools(BufferPools, base, bytes, result.buffer_pools, result.buffers_out);
    return result;
}

}  // namespace ndis
