// SPDX-License-Identifier: MIT
// mm/pages.cpp
//
// Physical pages: one bit each, found next fit, so that a freed page is not used again at once.
#include "boot/boot_info.hpp"
#include "ke/ki.hpp"
#include "mm/mi.hpp"

namespace {

constexpr ULONG64 kPagesMax = 0x100000;  // 4 GiB; RAM above is not used
ULONG64 used[kPagesMax / 64];            // bit set: used, or no RAM
ULONG64 limit;                           // pages that exist
ULONG64 next;
ULONG64 total, available;

bool is_used(ULONG64 page) { return used[page / 64] >> page % 64 & 1; }

void mark(ULONG64 first, ULONG64 count, bool as_used) {
    for (ULONG64 page = first; page < first + count && page < kPagesMax; ++page) {
        if (is_used(page) == as_used) continue;
        used[page / 64] ^= 1ull << page % 64;
        as_used ? --available : ++available;
    }
}

void reserve(ULONG64 base, ULONG64 bytes) { mark(base / PAGE_SIZE, (base % PAGE_SIZE + bytes + PAGE_SIZE - 1) / PAGE_SIZE, true); }

/// First page >= from with `count` free pages below `end`, not crossing a multiple of `boundary`. 0: none.
ULONG64 find(ULONG64 from, ULONG64 end, ULONG64 count, ULONG64 boundary) {
    ULONG64 run = 0;
    for (ULONG64 page = from; page < end; ++page) {
        if (run == 0 && page % 64 == 0 && used[page / 64] == ~0ull) {
            page += 63;
            continue;
        }
        if (boundary && page % boundary == 0) run = 0;
        run = is_used(page) ? 0 : run + 1;
        if (run == count) return page + 1 - count;
    }
    return 0;
}

}  // namespace

extern "C" VOID MiInitializePages(const BOOT_INFO* boot) {
    for (ULONG64& word : used) word = ~0ull;
    const auto* map = static_cast<const BOOT_MEMORY*>(MiDirect(boot->memory_map));
    for (ULONG64 entry = 0; entry < boot->memory_entries; ++entry) {
        if (map[entry].type != BOOT_MEMORY_RAM) continue;
        ULONG64 first = (map[entry].base + PAGE_SIZE - 1) / PAGE_SIZE;
        ULONG64 end = (map[entry].base + map[entry].bytes) / PAGE_SIZE;
        if (first < 256) first = 256;  // the first megabyte is the firmware's
        if (end > kPagesMax) end = kPagesMax;
        if (first >= end) continue;
        mark(first, end - first, false);
        if (end > limit) limit = end;
    }
    total = available;
    reserve(boot->used_begin, boot->used_end - boot->used_begin);
    reserve(boot->archive, boot->archive_bytes);
    reserve(boot->command_line, PAGE_SIZE);
    reserve(boot->memory_map, boot->memory_entries * sizeof(BOOT_MEMORY));
    next = boot->used_end / PAGE_SIZE;
}

extern "C" MI_PFN MiAllocatePages(ULONG64 count, ULONG64 highest, ULONG64 boundary) {
    KiAtomic atomic;
    const ULONG64 end = highest < limit ? highest + 1 : limit;
    if (!count || count > available) return MI_NO_PAGES;
    ULONG64 first = next < end ? find(next, end, count, boundary) : 0;
    if (!first) first = find(256, end, count, boundary);
    if (!first) return MI_NO_PAGES;
    mark(first, count, true);
    next = first + count;
    return first;
}

extern "C" MI_PFN MiAllocatePage() { return MiAllocatePages(1, ~0ull, 0); }

extern "C" VOID MiFreePages(MI_PFN first, ULONG64 count) {
    KiAtomic atomic;
    for (ULONG64 page = first; page < first + count; ++page)
        if (page >= limit || !is_used(page)) KeBugCheckEx(0x4E, 7, page, 0, 0);  // PFN_LIST_CORRUPT: freed twice
    mark(first, count, false);
}

extern "C" VOID MiCountPages(ULONG64* all, ULONG64* free) { *all = total, *free = available; }
extern "C" ULONG64 MiHighestPage() { return limit; }
