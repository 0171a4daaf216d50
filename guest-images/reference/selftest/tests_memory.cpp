// SPDX-License-Identifier: MIT
// selftest/tests_memory.cpp
//
// Mm* and Ex* about memory: every way to pool, contiguous and non-cached memory, MDLs, probes, lookaside lists, sequenced lists.
#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

RD_IMPORT(PVOID, ExAllocatePool2, ULONG64, SIZE_T, ULONG)
RD_IMPORT(PVOID, ExAllocatePool, POOL_TYPE, SIZE_T)
RD_IMPORT(PVOID, MmGetVirtualForPhysical, PHYSICAL_ADDRESS)
RD_IMPORT(PMDL, MmCreateMdl, PMDL, PVOID, SIZE_T)
RD_IMPORT(PVOID, MmMapLockedPages, PMDL, KPROCESSOR_MODE)
RD_IMPORT(PVOID, MmAllocateNonCachedMemory, SIZE_T)
RD_IMPORT(void, MmFreeNonCachedMemory, PVOID, SIZE_T)
RD_IMPORT(void, MmLockPagableSectionByHandle, PVOID)
RD_IMPORT(PVOID, MmPageEntireDriver, PVOID)
RD_IMPORT(void, MmResetDriverPaging, PVOID)
RD_IMPORT(MM_SYSTEMSIZE, MmQuerySystemSize)
RD_IMPORT(BOOLEAN, MmIsThisAnNtAsSystem)
RD_IMPORT(void, ProbeForRead, const volatile void*, SIZE_T, ULONG)
RD_IMPORT(PVOID, ExAllocatePoolWithQuota, POOL_TYPE, SIZE_T)
RD_IMPORT(PVOID, ExAllocatePoolWithQuotaTag, POOL_TYPE, SIZE_T, ULONG)
RD_IMPORT(PVOID, ExAllocatePoolWithTagPriority, POOL_TYPE, SIZE_T, ULONG, EX_POOL_PRIORITY)
RD_IMPORT(void, InitializeSListHead, PSLIST_HEADER)
RD_IMPORT(PSLIST_ENTRY, ExpInterlockedPushEntrySList, PSLIST_HEADER, PSLIST_ENTRY)
RD_IMPORT(PSLIST_ENTRY, ExpInterlockedPopEntrySList, PSLIST_HEADER)
RD_IMPORT(PSLIST_ENTRY, ExpInterlockedFlushSList, PSLIST_HEADER)
RD_IMPORT(ULONG, ExInterlockedAddUlong, PULONG, ULONG, PKSPIN_LOCK)
RD_IMPORT(PVOID, MmLockPagableDataSection, PVOID)
RD_IMPORT(void, MmUnlockPagableImageSection, PVOID)
extern "C" __declspec(dllimport) PVOID MmHighestUserAddress, MmSystemRangeStart;
extern "C" ULONG64* __imp_MmUserProbeAddress;

namespace {

constexpr ULONG kTag = 'tsts';

bool is_zero(const void* memory, SIZE_T bytes) {
    for (SIZE_T index = 0; index < bytes; ++index)
        if (static_cast<const UCHAR*>(memory)[index]) return false;
    return true;
}

const char* test_pool_forms() {
    PVOID blocks[] = {
        crt::ExAllocatePool(NonPagedPool, 24),
        crt::ExAllocatePoolWithTagPriority(PagedPool, 24, kTag, NormalPoolPriority),
        crt::ExAllocatePoolWithQuota(NonPagedPool, 24),
        crt::ExAllocatePoolWithQuotaTag(static_cast<POOL_TYPE>(PagedPool), 24, kTag),
        crt::ExAllocatePool2(0x40, 24, kTag),   // non-paged, zeroed
        crt::ExAllocatePool2(0x100, 24, kTag),  // paged
        RdAllocatePoolFor(NonPagedPool, 24, kTag, reinterpret_cast<ULONG64>(&is_zero)),
    };
    const bool zeroed = blocks[4] && is_zero(blocks[4], 24) && blocks[5] && is_zero(blocks[5], 24);
    for (PVOID block : blocks) {
        RD_EXPECT(block && (reinterpret_cast<ULONG64>(block) & 15) == 0);
        ExFreePool(block);
    }
    RD_EXPECT(zeroed);
    RD_EXPECT(!ExAllocatePoolWithTag(NonPagedPool, SIZE_T{1} << 31, kTag));  // more than there is
    auto* page = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, kTag));
    RD_EXPECT(page && (reinterpret_cast<ULONG64>(page) & 0xFFF) == 0);  // a page or more begins on one
    ExFreePoolWithTag(page, kTag);
    return nullptr;
}

const char* test_contiguous_forms() {
    PHYSICAL_ADDRESS low = {}, high = {.QuadPart = 0xFFFFFF}, boundary = {.QuadPart = 0x10000};
    auto* run = static_cast<UCHAR*>(MmAllocateContiguousMemorySpecifyCache(0x8000, low, high, boundary, MmNonCached));
    RD_EXPECT(run);
    const ULONG64 first = static_cast<ULONG64>(MmGetPhysicalAddress(run).QuadPart);
    const ULONG64 last = static_cast<ULONG64>(MmGetPhysicalAddress(run + 0x7FFF).QuadPart);
    const bool back = crt::MmGetVirtualForPhysical(MmGetPhysicalAddress(run)) == run;
    MmFreeContiguousMemorySpecifyCache(run, 0x8000, MmNonCached);
    RD_EXPECT(last - first == 0x7FFF && last <= 0xFFFFFF && first / 0x10000 == last / 0x10000 && back);
    PVOID uncached = crt::MmAllocateNonCachedMemory(100);
    RD_EXPECT(uncached);
    crt::MmFreeNonCachedMemory(uncached, 100);
    return nullptr;
}

const char* test_mdl_forms() {
    auto* buffer = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, 3 * PAGE_SIZE, kTag));
    RD_EXPECT(MmSizeOfMdl(buffer + 1, 2 * PAGE_SIZE) == sizeof(MDL) + 3 * sizeof(PFN_NUMBER));
    PMDL mdl = crt::MmCreateMdl(nullptr, buffer + 16, 100);
    RD_EXPECT(mdl && MmGetMdlByteCount(mdl) == 100 && MmGetMdlByteOffset(mdl) == 16);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    auto* mapped = static_cast<UCHAR*>(crt::MmMapLockedPages(mdl, KernelMode));
    RD_EXPECT(mapped && mapped != buffer + 16);
    mapped[5] = 0x66;
    const bool shared = buffer[21] == 0x66;
    MmUnmapLockedPages(mapped, mdl);
    MmUnlockPages(mdl);
    ExFreePool(mdl);
    ExFreePoolWithTag(buffer, kTag);
    PHYSICAL_ADDRESS low = {}, high = {.QuadPart = -1}, skip = {};
    PMDL pages = MmAllocatePagesForMdlEx(low, high, skip, 5 * PAGE_SIZE, MmCached, 0);
    RD_EXPECT(pages && MmGetMdlByteCount(pages) == 5 * PAGE_SIZE);
    MmFreePagesFromMdl(pages);
    ExFreePool(pages);
    RD_EXPECT(shared);
    return nullptr;
}

const char* test_probes_and_limits() {
    RD_EXPECT(MmHighestUserAddress < MmSystemRangeStart && *__imp_MmUserProbeAddress <= reinterpret_cast<ULONG64>(MmHighestUserAddress) + 1);
    auto* user = static_cast<UCHAR*>(RdAllocateUserRange(64));
    RD_EXPECT(user && reinterpret_cast<PVOID>(user) < MmHighestUserAddress);
    crt::ProbeForRead(user, 64, 1);  // what it refuses raises: the kernel's own tests catch that
    ProbeForWrite(user, 64, 4);
    RdFreeUserRange(user);
    return nullptr;
}

const char* test_pageability() {
    const auto code = reinterpret_cast<PVOID>(&test_pageability);
    PVOID handle = crt::MmLockPagableDataSection(code);
    RD_EXPECT(handle);
    crt::MmLockPagableSectionByHandle(handle);
    crt::MmUnlockPagableImageSection(handle);
    crt::MmUnlockPagableImageSection(handle);
    RD_EXPECT(crt::MmPageEntireDriver(code));
    crt::MmResetDriverPaging(code);
    RD_EXPECT(crt::MmQuerySystemSize() == MmSmallSystem && !crt::MmIsThisAnNtAsSystem());
    RD_KERNEL_COUNTS counts;
    RdQueryKernelCounts(&counts);
    RD_EXPECT(counts.Threads > 4 && counts.FreePages < counts.PhysicalPages && counts.PoolBlocks > 100);
    return nullptr;
}

const char* test_lookaside_forms() {
    PAGED_LOOKASIDE_LIST paged;
    ExInitializePagedLookasideList(&paged, nullptr, nullptr, 0, 100, kTag, 0);
    PVOID first = ExAllocateFromPagedLookasideList(&paged), second = ExAllocateFromPagedLookasideList(&paged);
    RD_EXPECT(first && second && first != second);
    ExFreeToPagedLookasideList(&paged, first);
    RD_EXPECT(ExAllocateFromPagedLookasideList(&paged) == first);  // that is what it is for
    ExFreeToPagedLookasideList(&paged, first);
    ExFreeToPagedLookasideList(&paged, second);
    ExDeletePagedLookasideList(&paged);
    static LOOKASIDE_LIST_EX list;
    RD_EXPECT(ExInitializeLookasideListEx(&list, nullptr, nullptr, NonPagedPool, 3, 64, kTag, 0) == STATUS_INVALID_PARAMETER);
    RD_EXPECT(ExInitializeLookasideListEx(&list, nullptr, nullptr, NonPagedPool, 0, 64, kTag, 0) == STATUS_SUCCESS);
    PVOID block = ExAllocateFromLookasideListEx(&list);
    RD_EXPECT(block);
    ExFreeToLookasideListEx(&list, block);
    ExFlushLookasideListEx(&list);
    ExDeleteLookasideListEx(&list);
    return nullptr;
}

const char* test_sequenced_lists() {
    alignas(16) SLIST_HEADER head;
    alignas(16) SLIST_ENTRY entries[3];
    crt::InitializeSListHead(&head);
    RD_EXPECT(!crt::ExpInterlockedPopEntrySList(&head) && ExQueryDepthSList(&head) == 0);
    for (SLIST_ENTRY& entry : entries) crt::ExpInterlockedPushEntrySList(&head, &entry);
    RD_EXPECT(ExQueryDepthSList(&head) == 3 && crt::ExpInterlockedPopEntrySList(&head) == &entries[2]);
    RD_EXPECT(crt::ExpInterlockedFlushSList(&head) == &entries[1] && entries[1].Next == &entries[0] && ExQueryDepthSList(&head) == 0);
    KSPIN_LOCK lock;
    ULONG sum = 5;
    KeInitializeSpinLock(&lock);
    RD_EXPECT(crt::ExInterlockedAddUlong(&sum, 3, &lock) == 5 && sum == 8);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST memory_tests[] = {
    {"mm.pool-forms", test_pool_forms},
    {"mm.contiguous-forms", test_contiguous_forms},
    {"mm.mdl-forms", test_mdl_forms},
    {"mm.probes-and-limits", test_probes_and_limits},
    {"mm.pageability", test_pageability},
    {"ex.lookaside-forms", test_lookaside_forms},
    {"ex.sequenced-lists", test_sequenced_lists},
    {nullptr, nullptr},
};

}  // namespace selftest
