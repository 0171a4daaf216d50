// SPDX-License-Identifier: MIT
// mm/map.cpp
//
// Four-level page tables, edited through the direct map. Tables are never freed.
#include "arch/cpu.hpp"
#include "boot/boot_info.hpp"
#include "ke/ki.hpp"
#include "mm/mi.hpp"

namespace {

ULONG64* pml4;

ULONG64* below(ULONG64* table, ULONG64 index, bool create, bool user) {
    if (!(table[index] & MI_PRESENT)) {
        if (!create) return nullptr;
        const MI_PFN page = MiAllocatePage();
        if (!page) KiFatal("no memory for page tables", 0x1A, 0, 0, 0, 0);
        RtlZeroMemory(MiDirect(page * PAGE_SIZE), PAGE_SIZE);
        table[index] = page * PAGE_SIZE | MI_PRESENT | MI_WRITE;
    }
    if (user) table[index] |= MI_USER;
    return static_cast<ULONG64*>(MiDirect(table[index] & MI_ADDRESS));
}

/// The entry that maps `address`; *large when it is a 2 MiB one. Null: nothing is mapped (and not `create`).
ULONG64* entry_of(ULONG64 address, bool create, bool user, bool* large) {
    *large = false;
    ULONG64* table = below(pml4, address >> 39 & 511, create, user);
    if (table) table = below(table, address >> 30 & 511, create, user);
    if (!table) return nullptr;
    ULONG64* entry = &table[address >> 21 & 511];
    if (*entry & MI_LARGE) {
        *large = true;
        return entry;
    }
    table = below(table, address >> 21 & 511, create, user);
    return table ? &table[address >> 12 & 511] : nullptr;
}

bool canonical(ULONG64 address) { return static_cast<LONG64>(address << 16) >> 16 == static_cast<LONG64>(address); }

}  // namespace

extern "C" VOID MiInitializeMaps() { pml4 = static_cast<ULONG64*>(MiDirect(cpu::read_cr3() & MI_ADDRESS)); }

/// Forgets the one-to-one mapping of the boot stub, so that null pointers fault, and makes the direct map data only.
extern "C" VOID MiDropBootMappings() {
    pml4[0] = 0;
    pml4[MI_DIRECT_MAP >> 39 & 511] |= MI_NO_EXECUTE;
    ULONG64 cr4;
    asm volatile("movq %%cr4, %0" : "=r"(cr4));
    asm volatile("movq %0, %%cr4" ::"r"(cr4 & ~0x80ull) : "memory");  // global pages too
    asm volatile("movq %0, %%cr4" ::"r"(cr4) : "memory");
    // Where user mode reads KUSER_SHARED_DATA.
    MiMap(0x7FFE0000, static_cast<ULONG64>(MmGetPhysicalAddress(reinterpret_cast<PVOID>(KI_USER_SHARED_DATA)).QuadPart),
          MI_PRESENT | MI_USER | MI_NO_EXECUTE);
}

extern "C" VOID MiMap(ULONG64 address, ULONG64 physical, ULONG64 flags) {
    KiAtomic atomic;
    bool large;
    ULONG64* entry = entry_of(address, true, flags & MI_USER, &large);
    if (large || *entry & MI_PRESENT) KiFatal("page mapped twice", 0x1A, 0x41284, address, *entry, 0);
    *entry = physical | flags;
}

extern "C" ULONG64 MiUnmap(ULONG64 address) {
    KiAtomic atomic;
    bool large;
    ULONG64* entry = entry_of(address, false, false, &large);
    if (!entry || large || !(*entry & MI_PRESENT)) return ~0ull;
    const ULONG64 physical = *entry & MI_ADDRESS;
    *entry = 0;
    cpu::invalidate_page(address);
    return physical;
}

extern "C" BOOLEAN MiTranslate(ULONG64 address, ULONG64* physical, ULONG64* flags) {
    if (!canonical(address)) return FALSE;
    KiAtomic atomic;
    bool large;
    const ULONG64* entry = entry_of(address, false, false, &large);
    if (!entry || !(*entry & MI_PRESENT)) return FALSE;
    const ULONG64 mask = large ? 0x1FFFFF : 0xFFF;
    *physical = (*entry & MI_ADDRESS & ~mask) | (address & mask);
    *flags = *entry & ~MI_ADDRESS;
    // RAM is all the direct map stands for; a device's memory behind it is only reached through MmMapIoSpace.
    return !(large && *physical / PAGE_SIZE >= MiHighestPage());
}

extern "C" BOOLEAN MiSetFlags(ULONG64 address, ULONG64 flags) {
    KiAtomic atomic;
    bool large;
    ULONG64* entry = entry_of(address, false, false, &large);
    if (!entry || large || !(*entry & MI_PRESENT)) return FALSE;
    *entry = (*entry & MI_ADDRESS) | flags;
    cpu::invalidate_page(address);
    return TRUE;
}

ULONG64 MiRange::allocate(ULONG pages) {
    KiAtomic atomic;
    for (int pass = 0; pass < 2; ++pass) {
        ULONG run = 0;
        for (ULONG page = pass ? 0 : next_; page < pages_; ++page) {
            run = used(page) ? 0 : run + 1;
            if (run < pages) continue;
            const ULONG first = page + 1 - pages;
            for (ULONG each = first; each <= page; ++each) bits_[each / 64] |= 1ull << each % 64;
            next_ = page + 1;
            return base_ + ULONG64{first} * PAGE_SIZE;
        }
    }
    return 0;
}

void MiRange::free(ULONG64 address, ULONG pages) {
    KiAtomic atomic;
    const ULONG first = static_cast<ULONG>((address - base_) / PAGE_SIZE);
    for (ULONG each = first; each < first + pages; ++each) bits_[each / 64] &= ~(1ull << each % 64);
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-mmisaddressvalid
BOOLEAN NTAPI MmIsAddressValid(PVOID VirtualAddress) {
    ULONG64 physical, flags;
    return MiTranslate(reinterpret_cast<ULONG64>(VirtualAddress), &physical, &flags);
}

/// Any IRQL. 0 when nothing is mapped there.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-mmgetphysicaladdress
PHYSICAL_ADDRESS NTAPI MmGetPhysicalAddress(PVOID BaseAddress) {
    ULONG64 physical, flags;
    PHYSICAL_ADDRESS result;
    result.QuadPart = MiTranslate(reinterpret_cast<ULONG64>(BaseAddress), &physical, &flags) ? static_cast<LONGLONG>(physical) : 0;
    return result;
}

/// Any IRQL. Null for what is no RAM.
PVOID NTAPI MmGetVirtualForPhysical(PHYSICAL_ADDRESS PhysicalAddress) {
    const ULONG64 physical = static_cast<ULONG64>(PhysicalAddress.QuadPart);
    return physical / PAGE_SIZE < MiHighestPage() ? MiDirect(physical) : nullptr;
}
