// SPDX-License-Identifier: MIT
// ndis/lib/buffer_pool.cpp
//
// Buffers are MDLs with a short trailer behind the page numbers (found by MDL::Size), which says whose pool they are from;
// MDL_NETWORK_HEADER in MdlFlags marks them. Those that span few pages come from the pool's own slab; the others, and those
// beyond the number asked for, from system pool: as on Windows the number of descriptors is no limit.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff550750(v=vs.85)
#include "ndis/lib/packet_pool.hpp"

using namespace ndis;

namespace {

constexpr CSHORT kOurs = MDL_NETWORK_HEADER;
constexpr ULONG kSlabPages = 2;  // a frame crosses at most one page boundary
constexpr SIZE_T kDescriptorsMax = 0xFFFF;

struct BufferPool {
    PoolHead head;
    PNDIS_BUFFER free;  // by MDL::Next
};

/// Behind the page numbers.
struct Trailer {
    ULONG64 magic;
    BufferPool* pool;
    bool from_slab;
};
constexpr ULONG64 kTrailerLive = 0x52464655424452ull, kTrailerFree = 0x45455246424452ull;

constexpr SIZE_T kSlabStride = (sizeof(MDL) + kSlabPages * sizeof(PFN_NUMBER) + sizeof(Trailer) + 15) & ~SIZE_T{15};

Trailer& trailer_of(PNDIS_BUFFER buffer) { return *reinterpret_cast<Trailer*>(reinterpret_cast<UCHAR*>(buffer) + buffer->Size); }

BufferPool& pool_of(NDIS_HANDLE handle, const char* function, PVOID caller) {
    auto* pool = static_cast<BufferPool*>(handle);
    if (!pool || pool->head.magic != kBufferPoolMagic || pool->head.freed) {
        RdPutString(function);
        RdBugCheckText(
            ": not a buffer pool, or one that is freed", 0xC4, 0x52440003, reinterpret_cast<ULONG_PTR>(handle), 0,
            reinterpret_cast<ULONG_PTR>(caller));
    }
    return *pool;
}

void destroy(BufferPool& pool) {
    unregister_pool(BufferPools, pool.head);
    release_pool(pool.head);
}

/// Free MDLs for `count` short buffers.
bool fill(BufferPool& pool, SIZE_T count) {
    const SIZE_T bytes = sizeof(Slab) + count * kSlabStride;
    auto* slab = static_cast<Slab*>(allocate_for(pool.head.creator, NonPagedPool, bytes, kBufferPoolTag));
    if (!slab) return false;
    RtlZeroMemory(slab, bytes);
    pool.head.slabs = slab;
    auto* at = reinterpret_cast<UCHAR*>(slab + 1);
    for (SIZE_T i = 0; i < count; ++i, at += kSlabStride) {
        auto* buffer = reinterpret_cast<PNDIS_BUFFER>(at);
        buffer->Next = pool.free;
        pool.free = buffer;
    }
    return true;
}

/// Memory for an MDL of so many pages, its trailer filled in; null: no memory.
PNDIS_BUFFER take(BufferPool& pool, PVOID address, UINT length) {
    const SIZE_T mdl_bytes = MmSizeOfMdl(address, length);
    const bool small = ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, length) <= kSlabPages;
    PNDIS_BUFFER buffer = nullptr;
    bool from_slab = false;
    {
        SpinGuard guard(pool.head.lock);
        if (small && pool.free) {
            buffer = pool.free;
            pool.free = buffer->Next;
            from_slab = true;
        }
        ++pool.head.out;
    }
    if (!buffer)
        buffer =
            static_cast<PNDIS_BUFFER>(allocate_for(pool.head.creator, NonPagedPool, mdl_bytes + sizeof(Trailer), kBufferPoolTag));
    if (!buffer) {
        SpinGuard guard(pool.head.lock);
        --pool.head.out;
        return nullptr;
    }
    buffer->Size = static_cast<CSHORT>(mdl_bytes);
    trailer_of(buffer) = {kTrailerLive, &pool, from_slab};
    __atomic_add_fetch(&Books.buffers_out, 1, __ATOMIC_RELAXED);
    return buffer;
}

void release(PNDIS_BUFFER buffer) {
    Trailer& trailer = trailer_of(buffer);
    BufferPool& pool = *trailer.pool;
    const bool from_slab = trailer.from_slab;
    trailer.magic = kTrailerFree;
    buffer->MdlFlags = 0;
    __atomic_sub_fetch(&Books.buffers_out, 1, __ATOMIC_RELAXED);
    if (!from_slab) ExFreePool(buffer);
    bool last;
    {
        SpinGuard guard(pool.head.lock);
        if (from_slab) {
            const CSHORT size = buffer->Size;
            RtlFillMemory(buffer, sizeof(MDL), 0xDD);
            buffer->Size = size;  // a second free still finds the trailer, and is told apart
            buffer->MdlFlags = kOurs;
            buffer->Next = pool.free;
            pool.free = buffer;
        }
        last = --pool.head.out == 0 && pool.head.freed;
    }
    if (last) destroy(pool);
}

/// What an MDL says of its memory before anything has looked up the pages.
void describe(PNDIS_BUFFER buffer, PVOID address, UINT length) {
    const auto at = reinterpret_cast<ULONG_PTR>(address);
    buffer->Next = nullptr;
    buffer->MdlFlags = 0;
    buffer->Process = nullptr;
    buffer->MappedSystemVa = nullptr;
    buffer->StartVa = reinterpret_cast<PVOID>(at & ~static_cast<ULONG_PTR>(PAGE_SIZE - 1));
    buffer->ByteOffset = static_cast<ULONG>(at & (PAGE_SIZE - 1));
    buffer->ByteCount = length;
}

bool too_long(PVOID address, UINT length) {
    return length == 0 || length > 0x7FFFFFFF || MmSizeOfMdl(address, length) + sizeof(Trailer) > 0x7FFF;
}

}  // namespace

/// <= DISPATCH_LEVEL. NDIS_STATUS_RESOURCES: no memory, or more than 65535 descriptors.
VOID NTAPI NdisAllocateBufferPool(PNDIS_STATUS Status, PNDIS_HANDLE PoolHandle, UINT NumberOfDescriptors) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAllocateBufferPool", NDIS_CALLER);
    *Status = NDIS_STATUS_RESOURCES;
    *PoolHandle = nullptr;
    if (NumberOfDescriptors > kDescriptorsMax) return;
    auto* pool = static_cast<BufferPool*>(allocate_for(NDIS_CALLER, NonPagedPool, sizeof(BufferPool), kBufferPoolTag));
    if (!pool) return;
    RtlZeroMemory(pool, sizeof *pool);
    pool->head.creator = NDIS_CALLER;
    if (NumberOfDescriptors && !fill(*pool, NumberOfDescriptors)) {
        ExFreePool(pool);
        return;
    }
    register_pool(BufferPools, pool->head, NDIS_CALLER, kBufferPoolMagic);
    __atomic_add_fetch(&Books.buffer_pools, 1, __ATOMIC_RELAXED);
    *PoolHandle = pool;
    *Status = NDIS_STATUS_SUCCESS;
}

/// Buffers that are out stay good, and are booked until they are freed: a violation the guest survives
/// (RD_VIOLATION_BUFFER_LEAKED with their number). <= DISPATCH_LEVEL.
VOID NTAPI NdisFreeBufferPool(NDIS_HANDLE PoolHandle) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisFreeBufferPool", NDIS_CALLER);
    BufferPool& pool = pool_of(PoolHandle, "NdisFreeBufferPool", NDIS_CALLER);
    ULONG out;
    {
        SpinGuard guard(pool.head.lock);
        out = pool.head.out;
        pool.head.freed = true;
    }
    __atomic_sub_fetch(&Books.buffer_pools, 1, __ATOMIC_RELAXED);
    if (out == 0) return destroy(pool);
    note_violation(RD_VIOLATION_BUFFER_LEAKED, PoolHandle, out, "NdisFreeBufferPool: buffers of the pool are still out\n");
}

/// A buffer for `Length` bytes of non-paged memory at `VirtualAddress`, which stays the driver's. NDIS_STATUS_FAILURE: no
/// memory, or no bytes. Memory that is not there: bug check 0xC4 (MmBuildMdlForNonPagedPool). <= DISPATCH_LEVEL.
VOID NTAPI
NdisAllocateBuffer(PNDIS_STATUS Status, PNDIS_BUFFER* Buffer, NDIS_HANDLE PoolHandle, PVOID VirtualAddress, UINT Length) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAllocateBuffer", NDIS_CALLER);
    BufferPool& pool = pool_of(PoolHandle, "NdisAllocateBuffer", NDIS_CALLER);
    *Status = NDIS_STATUS_FAILURE;
    *Buffer = nullptr;
    if (too_long(VirtualAddress, Length)) return;
    PNDIS_BUFFER buffer = take(pool, VirtualAddress, Length);
    if (!buffer) return;
    describe(buffer, VirtualAddress, Length);
    MmBuildMdlForNonPagedPool(buffer);
    buffer->MdlFlags |= kOurs;
    *Buffer = buffer;
    *Status = NDIS_STATUS_SUCCESS;
}

/// A buffer for a part of what another MDL describes; both share its pages. NDIS_STATUS_FAILURE: no memory, or the part lies
/// outside. The source must outlive it. <= DISPATCH_LEVEL.
VOID NTAPI NdisCopyBuffer(
    PNDIS_STATUS Status, PNDIS_BUFFER* Buffer, NDIS_HANDLE PoolHandle, PVOID MemoryDescriptor, UINT Offset, UINT Length) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisCopyBuffer", NDIS_CALLER);
    BufferPool& pool = pool_of(PoolHandle, "NdisCopyBuffer", NDIS_CALLER);
    auto* source = static_cast<PMDL>(MemoryDescriptor);
    *Status = NDIS_STATUS_FAILURE;
    *Buffer = nullptr;
    if (Offset > source->ByteCount || Length > source->ByteCount - Offset) return;
    PVOID address = static_cast<UCHAR*>(MmGetMdlVirtualAddress(source)) + Offset;
    if (too_long(address, Length)) return;
    PNDIS_BUFFER buffer = take(pool, address, Length);
    if (!buffer) return;
    describe(buffer, address, Length);
    IoBuildPartialMdl(source, buffer, address, Length);
    buffer->MdlFlags |= kOurs;
    *Buffer = buffer;
    *Status = NDIS_STATUS_SUCCESS;
}

/// Frees a buffer of NdisAllocateBuffer or NdisCopyBuffer, or, as Windows allows, any MDL of IoAllocateMdl.
/// <= DISPATCH_LEVEL.
VOID NTAPI NdisFreeBuffer(PNDIS_BUFFER Buffer) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisFreeBuffer", NDIS_CALLER);
    if (!(Buffer->MdlFlags & kOurs)) return IoFreeMdl(Buffer);
    if (trailer_of(Buffer).magic != kTrailerLive)
        RdBugCheckText(
            "NdisFreeBuffer: not a buffer, or one that is freed", 0xC4, 0x52440004, reinterpret_cast<ULONG_PTR>(Buffer),
            trailer_of(Buffer).magic, reinterpret_cast<ULONG_PTR>(NDIS_CALLER));
    if (Buffer->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) MmUnmapLockedPages(Buffer->MappedSystemVa, Buffer);
    release(Buffer);
}
