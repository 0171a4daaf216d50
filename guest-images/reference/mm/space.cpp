// SPDX-License-Identifier: MIT
// mm/space.cpp
//
// Address space in use: start of memory management, kernel stacks, device memory, images, user-range buffers.
#include "arch/cpu.hpp"
#include "boot/boot_info.hpp"
#include "ke/ki.hpp"
#include "mm/mi.hpp"

extern "C" {
ULONG64 MiIoMappings, MiLockedPages;
VOID MiInitializePages(const BOOT_INFO* boot);
VOID MiInitializeMaps(void);
VOID MiInitializePool(void);
}

namespace {

constexpr ULONG kStackRangePages = 16384, kSystemRangePages = 131072, kUserRangePages = 16384;
constexpr ULONG kStackCacheMax = 4;
constexpr ULONG kTag = 'apSM';

ULONG64 stack_bits[kStackRangePages / 64], system_bits[kSystemRangePages / 64], user_bits[kUserRangePages / 64];
MiRange stack_range(MI_STACK_BASE, stack_bits, kStackRangePages);
PVOID stack_cache[kStackCacheMax];
ULONG stack_cached;

/// A run of pages with its own mapping: images and user-range buffers.
struct Mapping {
    LIST_ENTRY Entry;
    ULONG64 Base;
    ULONG Pages;
};
LIST_ENTRY images = {&images, &images}, user_buffers = {&user_buffers, &user_buffers};
ULONG64 next_image = MI_IMAGE_BASE;

void unmap_and_free(ULONG64 base, ULONG pages) {
    for (ULONG page = 0; page < pages; ++page) {
        const ULONG64 physical = MiUnmap(base + page * ULONG64{PAGE_SIZE});
        if (physical != ~0ull) MiFreePages(physical / PAGE_SIZE, 1);
    }
}

/// Zeroed pages at `base`. False: out of memory, nothing stays mapped.
bool commit(ULONG64 base, ULONG pages, ULONG64 flags) {
    for (ULONG page = 0; page < pages; ++page) {
        const MI_PFN frame = MiAllocatePage();
        if (!frame) {
            unmap_and_free(base, page);
            return false;
        }
        RtlZeroMemory(MiDirect(frame * PAGE_SIZE), PAGE_SIZE);
        MiMap(base + page * ULONG64{PAGE_SIZE}, frame * PAGE_SIZE, flags);
    }
    return true;
}

Mapping* take(LIST_ENTRY* list, ULONG64 base) {
    KiAtomic atomic;
    for (PLIST_ENTRY at = list->Flink; at != list; at = at->Flink) {
        Mapping* mapping = CONTAINING_RECORD(at, Mapping, Entry);
        if (mapping->Base != base) continue;
        RemoveEntryList(at);
        return mapping;
    }
    return nullptr;
}

PVOID remember(LIST_ENTRY* list, ULONG64 base, ULONG pages) {
    auto* mapping = static_cast<Mapping*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Mapping), kTag));
    if (!mapping) {
        unmap_and_free(base, pages);
        return nullptr;
    }
    mapping->Base = base;
    mapping->Pages = pages;
    KiAtomic atomic;
    InsertTailList(list, &mapping->Entry);
    return reinterpret_cast<PVOID>(base);
}

ULONG pages_of(SIZE_T bytes) { return static_cast<ULONG>((bytes + PAGE_SIZE - 1) / PAGE_SIZE); }

void map_shared_user_data() {
    const MI_PFN frame = MiAllocatePage();
    RtlZeroMemory(MiDirect(frame * PAGE_SIZE), PAGE_SIZE);
    MiMap(KI_USER_SHARED_DATA, frame * PAGE_SIZE, MI_READ_WRITE);
}

/// The boot stub mapped the kernel image writable; its section headers say what each part may be.
void protect_kernel() {
    const auto* base = static_cast<const UCHAR*>(KiLoaderBlock.KernelBase);
    const UCHAR* pe = base + *reinterpret_cast<const ULONG*>(base + 0x3C);
    const USHORT sections = *reinterpret_cast<const USHORT*>(pe + 6);
    const UCHAR* section = pe + 24 + *reinterpret_cast<const USHORT*>(pe + 20);
    MmProtectImageSpace(KiLoaderBlock.KernelBase, PAGE_SIZE, PAGE_READONLY);
    for (USHORT number = 0; number < sections; ++number, section += 40) {
        const ULONG bytes = *reinterpret_cast<const ULONG*>(section + 8), at = *reinterpret_cast<const ULONG*>(section + 12);
        const ULONG kind = *reinterpret_cast<const ULONG*>(section + 36);
        const bool code = kind & 0x20000000, writable = kind & 0x80000000;
        MmProtectImageSpace(
            const_cast<UCHAR*>(base) + at, bytes, code ? PAGE_EXECUTE_READ : writable ? PAGE_READWRITE : PAGE_READONLY);
    }
}

}  // namespace

MiRange MiSystemRange(MI_SYSTEM_BASE, system_bits, kSystemRangePages);
MiRange MiUserRange(MI_USER_BASE, user_bits, kUserRangePages);

extern "C" VOID MiInitialize(const BOOT_INFO* boot) {
    MiInitializePages(boot);
    MiInitializeMaps();
    protect_kernel();
    map_shared_user_data();
    MiInitializePool();
}

extern "C" PVOID MiAllocateStack(PVOID* limit) {
    {
        KiAtomic atomic;
        if (stack_cached) {
            *limit = stack_cache[--stack_cached];
            return static_cast<UCHAR*>(*limit) + KI_STACK_PAGES * PAGE_SIZE;
        }
    }
    const ULONG64 guard = stack_range.allocate(KI_STACK_PAGES + 1);
    if (!guard) return nullptr;
    if (!commit(guard + PAGE_SIZE, KI_STACK_PAGES, MI_READ_WRITE)) {
        stack_range.free(guard, KI_STACK_PAGES + 1);
        return nullptr;
    }
    *limit = reinterpret_cast<PVOID>(guard + PAGE_SIZE);
    return reinterpret_cast<PVOID>(guard + (1 + KI_STACK_PAGES) * PAGE_SIZE);
}

extern "C" VOID MiFreeStack(PVOID limit) {
    {
        KiAtomic atomic;
        if (stack_cached < kStackCacheMax) {
            stack_cache[stack_cached++] = limit;
            return;
        }
    }
    const ULONG64 base = reinterpret_cast<ULONG64>(limit);
    unmap_and_free(base, KI_STACK_PAGES);
    stack_range.free(base - PAGE_SIZE, KI_STACK_PAGES + 1);
}

/// <= DISPATCH_LEVEL. Null when address space is short.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmmapiospace
PVOID NTAPI MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType) {
    if (KiSystemReady && KeGetCurrentIrql() > DISPATCH_LEVEL)
        KeBugCheckEx(0xC4, 0x73, KeGetCurrentIrql(), static_cast<ULONG_PTR>(PhysicalAddress.QuadPart), NumberOfBytes);
    const ULONG64 physical = static_cast<ULONG64>(PhysicalAddress.QuadPart), offset = physical % PAGE_SIZE;
    if (!NumberOfBytes || NumberOfBytes > 1ull << 30) return nullptr;
    const ULONG pages = pages_of(NumberOfBytes + offset);
    const ULONG64 base = MiSystemRange.allocate(pages);
    if (!base) return nullptr;
    const ULONG64 cache = CacheType == MmCached ? 0 : CacheType == MmWriteCombined ? MI_WRITE_THROUGH : MI_NO_CACHE | MI_WRITE_THROUGH;
    for (ULONG page = 0; page < pages; ++page)
        MiMap(base + page * ULONG64{PAGE_SIZE}, physical - offset + page * ULONG64{PAGE_SIZE}, MI_READ_WRITE | cache);
    ++MiIoMappings;
    return reinterpret_cast<PVOID>(base + offset);
}

/// <= DISPATCH_LEVEL. An address or length that MmMapIoSpace did not return: bug check 0xDA (SYSTEM_PTE_MISUSE).
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmunmapiospace
VOID NTAPI MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes) {
    if (KeGetCurrentIrql() > DISPATCH_LEVEL)
        KeBugCheckEx(0xC4, 0x7B, KeGetCurrentIrql(), reinterpret_cast<ULONG_PTR>(BaseAddress), NumberOfBytes);
    const ULONG64 address = reinterpret_cast<ULONG64>(BaseAddress), base = address & ~0xFFFull;
    const ULONG pages = pages_of(NumberOfBytes + address % PAGE_SIZE);
    if (!MiSystemRange.contains(base)) KeBugCheckEx(0xDA, 0x300, address, NumberOfBytes, KI_CALLER);
    for (ULONG page = 0; page < pages; ++page)
        if (MiUnmap(base + page * ULONG64{PAGE_SIZE}) == ~0ull) KeBugCheckEx(0xDA, 0x301, address, NumberOfBytes, KI_CALLER);
    MiSystemRange.free(base, pages);
    --MiIoMappings;
}

extern "C" PVOID MmAllocateImageSpace(SIZE_T bytes) {
    const ULONG pages = pages_of(bytes);
    ULONG64 base;
    {
        KiAtomic atomic;
        base = next_image;
        next_image += (pages + 16ull) * PAGE_SIZE;  // a gap behind each image, so that running off its end faults
    }
    if (!pages || !commit(base, pages, MI_PRESENT | MI_WRITE)) return nullptr;
    return remember(&images, base, pages);
}

extern "C" VOID MmFreeImageSpace(PVOID base) {
    Mapping* mapping = take(&images, reinterpret_cast<ULONG64>(base));
    if (!mapping) KeBugCheckEx(0x1A, 0x1, reinterpret_cast<ULONG_PTR>(base), 0, KI_CALLER);
    unmap_and_free(mapping->Base, mapping->Pages);
    ExFreePoolWithTag(mapping, kTag);
}

extern "C" NTSTATUS MmProtectImageSpace(PVOID address, SIZE_T bytes, ULONG protect) {
    ULONG64 flags;
    switch (protect) {
    case PAGE_READONLY: flags = MI_PRESENT | MI_NO_EXECUTE; break;
    case PAGE_READWRITE: flags = MI_READ_WRITE; break;
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ: flags = MI_PRESENT; break;
    case PAGE_EXECUTE_READWRITE: flags = MI_PRESENT | MI_WRITE; break;
    default: return STATUS_INVALID_PAGE_PROTECTION;
    }
    const ULONG64 first = reinterpret_cast<ULONG64>(address) & ~0xFFFull, end = reinterpret_cast<ULONG64>(address) + bytes;
    for (ULONG64 at = first; at < end; at += PAGE_SIZE)
        if (!MiSetFlags(at, flags)) return STATUS_CONFLICTING_ADDRESSES;
    return STATUS_SUCCESS;
}

extern "C" PVOID NTAPI RdAllocateUserRange(SIZE_T bytes) {
    KiRequireIrqlAtMost(APC_LEVEL, "RdAllocateUserRange");
    const ULONG pages = pages_of(bytes);
    const ULONG64 base = pages ? MiUserRange.allocate(pages + 1) : 0;  // one unmapped page behind it
    if (!base) return nullptr;
    if (!commit(base, pages, MI_READ_WRITE | MI_USER)) {
        MiUserRange.free(base, pages + 1);
        return nullptr;
    }
    return remember(&user_buffers, base, pages);
}

extern "C" VOID NTAPI RdFreeUserRange(PVOID base) {
    KiRequireIrqlAtMost(APC_LEVEL, "RdFreeUserRange");
    Mapping* mapping = take(&user_buffers, reinterpret_cast<ULONG64>(base));
    if (!mapping) KeBugCheckEx(0x1A, 0x2, reinterpret_cast<ULONG_PTR>(base), 0, KI_CALLER);
    unmap_and_free(mapping->Base, mapping->Pages);
    MiUserRange.free(mapping->Base, mapping->Pages + 1);
    ExFreePoolWithTag(mapping, kTag);
}
