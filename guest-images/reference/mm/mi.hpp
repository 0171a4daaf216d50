// SPDX-License-Identifier: MIT
// mm/mi.hpp
//
// Memory inside the kernel: physical pages, page tables, and ranges of addresses to map pages at. All of RAM is mapped for
// good at MI_DIRECT_MAP; non-paged pool lives there. Nothing is ever paged out, so paged pool is the same memory with
// stricter IRQL checks. Everything here may be called up to DISPATCH_LEVEL.
#pragma once
#include "nt_internal.hpp"

constexpr ULONG64 MI_DIRECT_MAP = 0xFFFF800000000000;
constexpr ULONG64 MI_IMAGE_BASE = 0xFFFFF80008000000;
constexpr ULONG64 MI_STACK_BASE = 0xFFFFF88000000000;
constexpr ULONG64 MI_SYSTEM_BASE = 0xFFFFF88040000000;   // I/O space, MDL mappings
constexpr ULONG64 MI_SPECIAL_BASE = 0xFFFFF98000000000;  // page-guarded pool
constexpr ULONG64 MI_USER_BASE = 0x0000000010000000;
constexpr ULONG64 MI_USER_LIMIT = 0x00007FFFFFFEFFFF;    // MmHighestUserAddress

/// Page table entry bits.
constexpr ULONG64 MI_PRESENT = 1, MI_WRITE = 2, MI_USER = 4, MI_WRITE_THROUGH = 8, MI_NO_CACHE = 16, MI_LARGE = 0x80,
                  MI_NO_EXECUTE = 1ull << 63;
constexpr ULONG64 MI_READ_WRITE = MI_PRESENT | MI_WRITE | MI_NO_EXECUTE;
constexpr ULONG64 MI_ADDRESS = 0x000FFFFFFFFFF000;

typedef ULONG64 MI_PFN;
constexpr MI_PFN MI_NO_PAGES = 0;

static inline PVOID MiDirect(ULONG64 physical) { return reinterpret_cast<PVOID>(MI_DIRECT_MAP + physical); }

extern "C" {
// pages.cpp
MI_PFN MiAllocatePages(ULONG64 count, ULONG64 highest, ULONG64 boundary);  // in one run; boundary in pages, 0: none
MI_PFN MiAllocatePage(void);
VOID MiFreePages(MI_PFN first, ULONG64 count);
VOID MiCountPages(ULONG64* total, ULONG64* free);
ULONG64 MiHighestPage(void);

// map.cpp
VOID MiMap(ULONG64 address, ULONG64 physical, ULONG64 flags);
ULONG64 MiUnmap(ULONG64 address);              // what was mapped (physical), or ~0
BOOLEAN MiTranslate(ULONG64 address, ULONG64* physical, ULONG64* flags);
BOOLEAN MiSetFlags(ULONG64 address, ULONG64 flags);
}

/// A range of addresses handed out in pages, next fit, so that a freed address stays unmapped for as long as possible.
class MiRange {
public:
    constexpr MiRange(ULONG64 base, ULONG64* bits, ULONG pages) : base_(base), bits_(bits), pages_(pages) {}
    /// 0 when no run of `pages` is free.
    ULONG64 allocate(ULONG pages);
    void free(ULONG64 address, ULONG pages);
    bool contains(ULONG64 address) const { return address - base_ < ULONG64{pages_} * PAGE_SIZE; }

private:
    bool used(ULONG page) const { return bits_[page / 64] >> page % 64 & 1; }
    ULONG64 base_;
    ULONG64* bits_;
    ULONG pages_;
    ULONG next_ = 0;
};

extern MiRange MiSystemRange;
extern MiRange MiUserRange;
extern "C" ULONG64 MiIoMappings, MiLockedPages;
