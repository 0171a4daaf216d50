// SPDX-License-Identifier: MIT
// mm/mdl.cpp
//
// Memory descriptor lists. Page numbers follow the MDL, as macros expect.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/using-mdls
#include "arch/cpu.hpp"
#include "ke/ki.hpp"
#include "mm/mi.hpp"

extern "C" PVOID MiAllocatePool(POOL_TYPE type, SIZE_T bytes, ULONG tag, ULONG64 caller);
extern "C" VOID KiRaiseAccessViolation(ULONG64 address, BOOLEAN write);
extern "C" BOOLEAN MiIsPagedPool(ULONG64 address);

namespace {

constexpr ULONG kTag = ' ldM';
constexpr ULONG kLengthMax = 0x7FFFFFFF;

ULONG pages_of(const MDL* mdl) { return ADDRESS_AND_SIZE_TO_SPAN_PAGES(mdl->ByteOffset, mdl->ByteCount); }

void set_up(PMDL mdl, PVOID base, SIZE_T length) {
    const ULONG64 address = reinterpret_cast<ULONG64>(base);
    mdl->Next = nullptr;
    mdl->Size = static_cast<CSHORT>(sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(base, length) * sizeof(PFN_NUMBER));
    mdl->MdlFlags = 0;
    mdl->Process = nullptr;
    mdl->MappedSystemVa = nullptr;
    mdl->StartVa = reinterpret_cast<PVOID>(address & ~0xFFFull);
    mdl->ByteOffset = static_cast<ULONG>(address % PAGE_SIZE);
    mdl->ByteCount = static_cast<ULONG>(length);
}

/// Page numbers of the memory; false at the first page that is not mapped (or not writable, or not the user's).
bool translate(PMDL mdl, bool write, bool user, ULONG64* bad) {
    PPFN_NUMBER pages = MmGetMdlPfnArray(mdl);
    for (ULONG page = 0; page < pages_of(mdl); ++page) {
        const ULONG64 at = reinterpret_cast<ULONG64>(mdl->StartVa) + page * ULONG64{PAGE_SIZE};
        ULONG64 physical, flags;
        if (!MiTranslate(at, &physical, &flags) || (write && !(flags & MI_WRITE)) || (user && !(flags & MI_USER))) {
            *bad = at;
            return false;
        }
        pages[page] = static_cast<PFN_NUMBER>(physical / PAGE_SIZE);
    }
    return true;
}

/// Driver Verifier's rules about MDLs: the MDL, its flags, and those that are wrong or missing.
void stop_for(const char* text, ULONG rule, const MDL* mdl, ULONG flags) {
    RdBugCheckText(text, 0xC4, rule, reinterpret_cast<ULONG_PTR>(mdl), static_cast<ULONG_PTR>(static_cast<USHORT>(mdl->MdlFlags)), flags);
}

void unmap(PMDL mdl, ULONG64 address, MiRange& range) {
    const ULONG64 base = address & ~0xFFFull;
    for (ULONG page = 0; page < pages_of(mdl); ++page)
        if (MiUnmap(base + page * ULONG64{PAGE_SIZE}) == ~0ull) KeBugCheckEx(0xDA, 0x400, base, reinterpret_cast<ULONG_PTR>(mdl), 0);
    range.free(base, pages_of(mdl));
}

}  // namespace

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmsizeofmdl
SIZE_T NTAPI MmSizeOfMdl(PVOID Base, SIZE_T Length) {
    return sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length) * sizeof(PFN_NUMBER);
}

/// <= DISPATCH_LEVEL. Null: out of memory or too long. With an IRP the MDL becomes, or is appended to, its MdlAddress and
/// is freed with the IRP. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocatemdl
PMDL NTAPI IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN ChargeQuota, PIRP Irp) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoAllocateMdl");
    if (Length > kLengthMax || MmSizeOfMdl(VirtualAddress, Length) > 0x7FFF) return nullptr;
    auto* mdl = static_cast<PMDL>(MiAllocatePool(NonPagedPool, MmSizeOfMdl(VirtualAddress, Length), kTag, KI_CALLER));
    if (!mdl) return nullptr;
    set_up(mdl, VirtualAddress, Length);
    if (!Irp) return mdl;
    if (!SecondaryBuffer) {
        Irp->MdlAddress = mdl;
        return mdl;
    }
    PMDL* link = &Irp->MdlAddress;
    while (*link) link = &(*link)->Next;
    *link = mdl;
    return mdl;
}

/// <= DISPATCH_LEVEL. Pages that are still mapped: bug check 0xC4, 0xB8; locked: 0xCB.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofreemdl
VOID NTAPI IoFreeMdl(PMDL Mdl) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoFreeMdl");
    if (Mdl->MdlFlags & MDL_PAGES_LOCKED && !(Mdl->MdlFlags & MDL_PARTIAL)) {
        if (Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) stop_for("IoFreeMdl: its pages are still mapped", 0xB8, Mdl, 0);
        RdBugCheckText(  // DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS
            "IoFreeMdl: its pages are still locked", 0xCB, KI_CALLER, 0, reinterpret_cast<ULONG_PTR>(Mdl), pages_of(Mdl));
    }
    if (Mdl->MdlFlags & MDL_PARTIAL && Mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) MmUnmapLockedPages(Mdl->MappedSystemVa, Mdl);
    ExFreePoolWithTag(Mdl, kTag);
}

/// <= DISPATCH_LEVEL. Describes a part of what the source describes; both share the source's pages and mapping.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iobuildpartialmdl
VOID NTAPI IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoBuildPartialMdl");
    const ULONG64 source = reinterpret_cast<ULONG64>(MmGetMdlVirtualAddress(SourceMdl));
    const ULONG64 address = reinterpret_cast<ULONG64>(VirtualAddress);
    if (!Length) Length = static_cast<ULONG>(source + SourceMdl->ByteCount - address);
    if (address < source || address + Length > source + SourceMdl->ByteCount)
        RdBugCheckText("IoBuildPartialMdl: outside of the source", 0xC4, 0x52440307, reinterpret_cast<ULONG_PTR>(SourceMdl), address, Length);
    const CSHORT size = TargetMdl->Size;
    set_up(TargetMdl, VirtualAddress, Length);
    if (TargetMdl->Size > size) RdBugCheckText("IoBuildPartialMdl: the target has too little room", 0xC4, 0x52440308, reinterpret_cast<ULONG_PTR>(TargetMdl), static_cast<ULONG_PTR>(size), Length);
    TargetMdl->Size = size;
    TargetMdl->Process = SourceMdl->Process;
    TargetMdl->MdlFlags = static_cast<CSHORT>(
        MDL_PARTIAL | (SourceMdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA | MDL_IO_PAGE_READ | MDL_PAGES_LOCKED)));
    if (TargetMdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA))
        TargetMdl->MappedSystemVa = static_cast<UCHAR*>(SourceMdl->MappedSystemVa) + (address - source);
    const ULONG first = static_cast<ULONG>((address & ~0xFFFull) - (source & ~0xFFFull)) / PAGE_SIZE;
    RtlCopyMemory(MmGetMdlPfnArray(TargetMdl), MmGetMdlPfnArray(SourceMdl) + first, pages_of(TargetMdl) * sizeof(PFN_NUMBER));
}

/// <= DISPATCH_LEVEL. The memory must be non-paged (pool, image data, contiguous memory); else bug check 0xC4.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmbuildmdlfornonpagedpool
VOID NTAPI MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "MmBuildMdlForNonPagedPool");
    ULONG64 bad;
    const ULONG64 irql = cpu::irql(), mdl = reinterpret_cast<ULONG64>(MemoryDescriptorList);
    if (!translate(MemoryDescriptorList, false, false, &bad))
        RdBugCheckText("MmBuildMdlForNonPagedPool: memory is not mapped", 0xC4, 0x140, irql, mdl, bad);
    if (MiIsPagedPool(reinterpret_cast<ULONG64>(MmGetMdlVirtualAddress(MemoryDescriptorList))))
        RdBugCheckText(
            "MmBuildMdlForNonPagedPool: the memory is paged pool", 0xC4, 0x7F, irql, mdl,
            static_cast<ULONG_PTR>(MemoryDescriptorList->MdlFlags));
    MemoryDescriptorList->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    MemoryDescriptorList->MappedSystemVa = MmGetMdlVirtualAddress(MemoryDescriptorList);
}

/// <= DISPATCH_LEVEL, <= APC_LEVEL for pageable memory. Raises STATUS_ACCESS_VIOLATION when a page is not there, not
/// writable although asked for, or not a user's although AccessMode says so.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmprobeandlockpages
VOID NTAPI MmProbeAndLockPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation) {
    const ULONG64 irql = cpu::irql();
    if (irql > DISPATCH_LEVEL) KeBugCheckEx(0xC4, 0x70, irql, reinterpret_cast<ULONG_PTR>(MemoryDescriptorList), AccessMode);
    if (MemoryDescriptorList->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL | MDL_SOURCE_IS_NONPAGED_POOL))
        stop_for("MmProbeAndLockPages: locked, built or partial already", 0xB0, MemoryDescriptorList, MDL_PAGES_LOCKED | MDL_PARTIAL | MDL_SOURCE_IS_NONPAGED_POOL);
    const ULONG64 begin = reinterpret_cast<ULONG64>(MmGetMdlVirtualAddress(MemoryDescriptorList));
    const ULONG64 end = begin + MemoryDescriptorList->ByteCount;
    if (AccessMode != KernelMode && (end < begin || end > MI_USER_LIMIT)) KiRaiseAccessViolation(begin, Operation != IoReadAccess);
    ULONG64 bad;
    if (!translate(MemoryDescriptorList, Operation != IoReadAccess, AccessMode != KernelMode, &bad))
        KiRaiseAccessViolation(bad, Operation != IoReadAccess);
    MemoryDescriptorList->MdlFlags |= static_cast<CSHORT>(MDL_PAGES_LOCKED | (Operation != IoReadAccess ? MDL_WRITE_OPERATION : 0));
    __atomic_fetch_add(&MiLockedPages, pages_of(MemoryDescriptorList), __ATOMIC_RELAXED);
}

/// <= DISPATCH_LEVEL. Pages that are not locked: bug check 0xC4, 0x7C.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmunlockpages
VOID NTAPI MmUnlockPages(PMDL MemoryDescriptorList) {
    const ULONG64 irql = cpu::irql();
    if (irql > DISPATCH_LEVEL) KeBugCheckEx(0xC4, 0x78, irql, reinterpret_cast<ULONG_PTR>(MemoryDescriptorList), 0);
    if (MemoryDescriptorList->MdlFlags & MDL_PARTIAL) stop_for("MmUnlockPages: a partial MDL", 0xB4, MemoryDescriptorList, MDL_PARTIAL);
    if (MemoryDescriptorList->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL)
        stop_for("MmUnlockPages: non-paged pool is never locked", 0x7D, MemoryDescriptorList, 0);
    if (!(MemoryDescriptorList->MdlFlags & MDL_PAGES_LOCKED))
        stop_for("MmUnlockPages: pages that are not locked", 0x7C, MemoryDescriptorList, 0);
    if (MemoryDescriptorList->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) MmUnmapLockedPages(MemoryDescriptorList->MappedSystemVa, MemoryDescriptorList);
    MemoryDescriptorList->MdlFlags &= static_cast<CSHORT>(~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION));
    __atomic_fetch_sub(&MiLockedPages, pages_of(MemoryDescriptorList), __ATOMIC_RELAXED);
}

/// <= DISPATCH_LEVEL for KernelMode, <= APC_LEVEL for UserMode. Null (KernelMode) or an exception (UserMode, or
/// BugCheckOnFailure: bug check) when address space is short.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmmaplockedpagesspecifycache
PVOID NTAPI MmMapLockedPagesSpecifyCache(
    PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode, MEMORY_CACHING_TYPE CacheType, PVOID BaseAddress,
    ULONG BugCheckOnFailure, MM_PAGE_PRIORITY Priority) {
    PMDL mdl = MemoryDescriptorList;
    const ULONG64 irql = cpu::irql();
    if (irql > (AccessMode == KernelMode ? DISPATCH_LEVEL : APC_LEVEL)) KeBugCheckEx(0xC4, AccessMode == KernelMode ? 0x76 : 0x77, irql, reinterpret_cast<ULONG_PTR>(mdl), static_cast<ULONG_PTR>(AccessMode));
    if (!(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL | MDL_ALLOCATED_FIXED_SIZE)))
        stop_for("MmMapLockedPages: pages are not locked", 0xB3, mdl, MDL_PAGES_LOCKED | MDL_PARTIAL | MDL_SOURCE_IS_NONPAGED_POOL);
    if (AccessMode == KernelMode && mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA && !(mdl->MdlFlags & MDL_PARTIAL))
        stop_for("MmMapLockedPages: mapped already", 0xB2, mdl, MDL_MAPPED_TO_SYSTEM_VA);
    const bool user = AccessMode != KernelMode;
    MiRange& range = user ? MiUserRange : MiSystemRange;
    const ULONG64 base = range.allocate(pages_of(mdl));
    if (!base) {
        if (user) ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
        if (BugCheckOnFailure) KeBugCheckEx(0x3F, 0, pages_of(mdl), 0, 0);  // NO_MORE_SYSTEM_PTES
        return nullptr;
    }
    const ULONG64 flags = MI_READ_WRITE | (user ? MI_USER : 0) | (CacheType == MmCached ? 0 : MI_NO_CACHE | MI_WRITE_THROUGH);
    for (ULONG page = 0; page < pages_of(mdl); ++page)
        MiMap(base + page * ULONG64{PAGE_SIZE}, ULONG64{MmGetMdlPfnArray(mdl)[page]} * PAGE_SIZE, flags);
    PVOID address = reinterpret_cast<PVOID>(base + mdl->ByteOffset);
    if (!user) {
        mdl->MappedSystemVa = address;
        mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
        if (mdl->MdlFlags & MDL_PARTIAL) mdl->MdlFlags |= MDL_PARTIAL_HAS_BEEN_MAPPED;
    }
    return address;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmmaplockedpages
PVOID NTAPI MmMapLockedPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode) {
    return MmMapLockedPagesSpecifyCache(MemoryDescriptorList, AccessMode, MmCached, nullptr, TRUE, HighPagePriority);
}

/// <= DISPATCH_LEVEL. An address that is no mapping of this MDL: bug check 0xDA.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmunmaplockedpages
VOID NTAPI MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList) {
    const ULONG64 address = reinterpret_cast<ULONG64>(BaseAddress), irql = cpu::irql();
    const bool users = MiUserRange.contains(address);
    if (irql > (users ? APC_LEVEL : DISPATCH_LEVEL))
        KeBugCheckEx(0xC4, users ? 0x7A : 0x79, irql, address, reinterpret_cast<ULONG_PTR>(MemoryDescriptorList));
    if (MiUserRange.contains(address)) return unmap(MemoryDescriptorList, address, MiUserRange);
    if (!MiSystemRange.contains(address) || !(MemoryDescriptorList->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA))
        KeBugCheckEx(0xDA, 0x401, address, reinterpret_cast<ULONG_PTR>(MemoryDescriptorList), KI_CALLER);
    MemoryDescriptorList->MdlFlags &= static_cast<CSHORT>(~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED));
    MemoryDescriptorList->MappedSystemVa = nullptr;
    unmap(MemoryDescriptorList, address, MiSystemRange);
}

/// <= DISPATCH_LEVEL. Describes the system address range given; null: out of memory.
PMDL NTAPI MmCreateMdl(PMDL MemoryDescriptorList, PVOID Base, SIZE_T Length) {
    PMDL mdl = MemoryDescriptorList ? MemoryDescriptorList : static_cast<PMDL>(MiAllocatePool(NonPagedPool, MmSizeOfMdl(Base, Length), kTag, KI_CALLER));
    if (mdl) set_up(mdl, Base, Length);
    return mdl;
}

/// <= APC_LEVEL. Zeroed pages, described by a new MDL; possibly fewer than asked for; null: none. They are freed with
/// MmFreePagesFromMdl, the MDL then with ExFreePool.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmallocatepagesformdlex
PMDL NTAPI MmAllocatePagesForMdlEx(
    PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
    MEMORY_CACHING_TYPE CacheType, ULONG Flags) {
    KiRequireIrqlAtMost(APC_LEVEL, "MmAllocatePagesForMdlEx");
    if (!TotalBytes || TotalBytes > kLengthMax || LowAddress.QuadPart != 0) return nullptr;
    auto* mdl = static_cast<PMDL>(MiAllocatePool(NonPagedPool, MmSizeOfMdl(nullptr, TotalBytes), kTag, KI_CALLER));
    if (!mdl) return nullptr;
    set_up(mdl, nullptr, TotalBytes);
    const ULONG wanted = pages_of(mdl);
    ULONG got = 0;
    for (; got < wanted; ++got) {
        const MI_PFN page = MiAllocatePages(1, static_cast<ULONG64>(HighAddress.QuadPart) / PAGE_SIZE, 0);
        if (!page) break;
        RtlZeroMemory(MiDirect(page * PAGE_SIZE), PAGE_SIZE);
        MmGetMdlPfnArray(mdl)[got] = static_cast<PFN_NUMBER>(page);
    }
    if (got < wanted) mdl->ByteCount = got * PAGE_SIZE;
    if (!got) {
        ExFreePoolWithTag(mdl, kTag);
        return nullptr;
    }
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
    __atomic_fetch_add(&MiLockedPages, got, __ATOMIC_RELAXED);
    return mdl;
}

PMDL NTAPI MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes) {
    return MmAllocatePagesForMdlEx(LowAddress, HighAddress, SkipBytes, TotalBytes, MmCached, 0);
}

/// <= APC_LEVEL. The MDL itself stays the caller's.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmfreepagesfrommdl
VOID NTAPI MmFreePagesFromMdl(PMDL MemoryDescriptorList) {
    KiRequireIrqlAtMost(APC_LEVEL, "MmFreePagesFromMdl");
    PMDL mdl = MemoryDescriptorList;
    if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
    for (ULONG page = 0; page < pages_of(mdl); ++page) MiFreePages(MmGetMdlPfnArray(mdl)[page], 1);
    __atomic_fetch_sub(&MiLockedPages, pages_of(mdl), __ATOMIC_RELAXED);
    mdl->MdlFlags &= static_cast<CSHORT>(~MDL_PAGES_LOCKED);
}
