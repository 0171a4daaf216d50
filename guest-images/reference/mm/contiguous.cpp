// SPDX-License-Identifier: MIT
// mm/contiguous.cpp
//
// Physically contiguous and uncached memory, and the pageability calls that have nothing to do in a kernel that never pages.
#include "ke/ki.hpp"
#include "mm/mi.hpp"

namespace {

/// Runs of contiguous memory that were handed out, so that freeing needs no length.
struct Run {
    ULONG64 address;
    ULONG pages;
};
constexpr ULONG kRunsMax = 512;
Run runs[kRunsMax];

PVOID allocate(SIZE_T bytes, ULONG64 lowest, ULONG64 highest, ULONG64 boundary) {
    const ULONG pages = static_cast<ULONG>((bytes + PAGE_SIZE - 1) / PAGE_SIZE);
    if (!pages || boundary % PAGE_SIZE) return nullptr;
    KiAtomic atomic;
    Run* run = nullptr;
    for (Run& candidate : runs)
        if (!candidate.address) {
            run = &candidate;
            break;
        }
    if (!run) return nullptr;
    const MI_PFN first = MiAllocatePages(pages, highest / PAGE_SIZE, boundary / PAGE_SIZE);
    if (!first) return nullptr;
    if (first * PAGE_SIZE < lowest) {
        MiFreePages(first, pages);
        return nullptr;
    }
    *run = {reinterpret_cast<ULONG64>(MiDirect(first * PAGE_SIZE)), pages};
    return reinterpret_cast<PVOID>(run->address);
}

}  // namespace

/// <= DISPATCH_LEVEL. Null: no such run of pages. Contents are undefined.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmallocatecontiguousmemory
PVOID NTAPI MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "MmAllocateContiguousMemory");
    return allocate(NumberOfBytes, 0, static_cast<ULONG64>(HighestAcceptableAddress.QuadPart), 0);
}

/// <= DISPATCH_LEVEL. QEMU's devices are coherent, so the cache type makes no difference.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmallocatecontiguousmemoryspecifycache
PVOID NTAPI MmAllocateContiguousMemorySpecifyCache(
    SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress, PHYSICAL_ADDRESS HighestAcceptableAddress,
    PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE CacheType) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "MmAllocateContiguousMemorySpecifyCache");
    return allocate(
        NumberOfBytes, static_cast<ULONG64>(LowestAcceptableAddress.QuadPart),
        static_cast<ULONG64>(HighestAcceptableAddress.QuadPart), static_cast<ULONG64>(BoundaryAddressMultiple.QuadPart));
}

/// <= DISPATCH_LEVEL. An address that was not allocated so: bug check 0xC2, 0x60.
VOID NTAPI MmFreeContiguousMemory(PVOID BaseAddress) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "MmFreeContiguousMemory");
    KiAtomic atomic;
    for (Run& run : runs) {
        if (run.address != reinterpret_cast<ULONG64>(BaseAddress) || !run.address) continue;
        __builtin_memset(BaseAddress, 0xDD, ULONG64{run.pages} * PAGE_SIZE);
        MiFreePages((run.address - MI_DIRECT_MAP) / PAGE_SIZE, run.pages);
        run.address = 0;
        return;
    }
    KeBugCheckEx(0xC2, 0x60, reinterpret_cast<ULONG_PTR>(BaseAddress), 0, 0);
}

VOID NTAPI MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType) {
    MmFreeContiguousMemory(BaseAddress);
}

/// <= APC_LEVEL.
PVOID NTAPI MmAllocateNonCachedMemory(SIZE_T NumberOfBytes) { return allocate(NumberOfBytes, 0, ~0ull, 0); }
VOID NTAPI MmFreeNonCachedMemory(PVOID BaseAddress, SIZE_T NumberOfBytes) { MmFreeContiguousMemory(BaseAddress); }

/// <= APC_LEVEL. Images are never paged: locking returns a handle that means nothing, and the rest does nothing. That is what
/// their documentation promises on a system without paging pressure.
PVOID NTAPI MmLockPagableDataSection(PVOID AddressWithinSection) { return AddressWithinSection; }
VOID NTAPI MmUnlockPagableImageSection(PVOID ImageSectionHandle) {}
extern "C" VOID NTAPI KiExportLockPagableSectionByHandle(PVOID) {}
PVOID NTAPI MmPageEntireDriver(PVOID AddressWithinSection) { return AddressWithinSection; }
VOID NTAPI MmResetDriverPaging(PVOID AddressWithinSection) {}
MM_SYSTEMSIZE NTAPI MmQuerySystemSize() { return MmSmallSystem; }
BOOLEAN NTAPI MmIsThisAnNtAsSystem() { return FALSE; }
