// SPDX-License-Identifier: MIT
// ndis/lib/memory.cpp
//
// NdisAllocateMemory and its kin. Pool memory is booked on the driver that asked.
#include "ndis/lib/ndis_lib.hpp"

using namespace ndis;

namespace {
constexpr ULONG kUntaggedTag = 'maDN';  // "NDam", as Windows tags NdisAllocateMemory's
}

/// Zero flags: non-paged pool, <= DISPATCH_LEVEL. NDIS_MEMORY_CONTIGUOUS and/or NDIS_MEMORY_NONCACHED: PASSIVE_LEVEL.
/// NDIS_STATUS_FAILURE: no memory, or no bytes asked for.
NDIS_STATUS NTAPI
NdisAllocateMemory(PVOID* VirtualAddress, UINT Length, UINT MemoryFlags, NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress) {
    require_irql_at_most(MemoryFlags ? PASSIVE_LEVEL : DISPATCH_LEVEL, "NdisAllocateMemory", NDIS_CALLER);
    if (Length == 0)
        *VirtualAddress = nullptr;
    else if (MemoryFlags & NDIS_MEMORY_CONTIGUOUS)
        *VirtualAddress = MmAllocateContiguousMemory(Length, HighestAcceptableAddress);
    else if (MemoryFlags & NDIS_MEMORY_NONCACHED)
        *VirtualAddress = MmAllocateNonCachedMemory(Length);
    else
        *VirtualAddress = allocate_for(NDIS_CALLER, NonPagedPool, Length, kUntaggedTag);
    return *VirtualAddress ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

/// Non-paged. NDIS_STATUS_FAILURE: no memory, or no bytes asked for. <= DISPATCH_LEVEL.
NDIS_STATUS NTAPI NdisAllocateMemoryWithTag(PVOID* VirtualAddress, UINT Length, ULONG Tag) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAllocateMemoryWithTag", NDIS_CALLER);
    *VirtualAddress = Length ? allocate_for(NDIS_CALLER, NonPagedPool, Length, Tag ? Tag : kUntaggedTag) : nullptr;
    return *VirtualAddress ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

/// Flags (and for non-cached memory the length) as at the allocation. The system keeps track of pool and contiguous memory,
/// so a wrong flag or a second free stops there. IRQL as at the allocation.
VOID NTAPI NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags) {
    require_irql_at_most(MemoryFlags ? PASSIVE_LEVEL : DISPATCH_LEVEL, "NdisFreeMemory", NDIS_CALLER);
    if (MemoryFlags & NDIS_MEMORY_CONTIGUOUS)
        MmFreeContiguousMemory(VirtualAddress);
    else if (MemoryFlags & NDIS_MEMORY_NONCACHED)
        MmFreeNonCachedMemory(VirtualAddress, Length);
    else
        ExFreePool(VirtualAddress);
}
