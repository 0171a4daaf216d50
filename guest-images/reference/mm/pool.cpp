// SPDX-License-Identifier: MIT
// mm/pool.cpp
//
// Pool. Blocks below a page come from pages cut into one size class each; larger ones get pages of their own. Every block has
// a checked header in front and guard bytes behind it. A freed block is poisoned and waits in quarantine before it can be
// used again; a write to it in the meantime stops the guest. Bug checks as documented: 0xC2 for callers' mistakes, 0x19
// for damaged blocks.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"
#include "mm/pool.hpp"

namespace {

constexpr ULONG kClassBytes[] = {64, 96, 128, 192, 256, 320, 512, 672, 1008, 1344, 2048, 4096};  // header and guard included
constexpr ULONG kClasses = sizeof kClassBytes / sizeof kClassBytes[0];
constexpr ULONG kGuardMin = 8;
constexpr ULONG kSmallMax = 4096 - sizeof(POOL_BLOCK) - kGuardMin;
constexpr UCHAR kPageSmall = 1, kPageLarge = 0x80;  // kinds of pages: small + class, first page of a large block
constexpr ULONG64 kSystemSpace = 0xFFFF800000000000;
constexpr ULONG kIrpTag = ' prI' & 0x7FFFFFFF;
constexpr ULONG kQuarantineBlocks = 512, kQuarantineBytes = 256 * 1024;

UCHAR* page_kind;               // per physical page
POOL_LARGE** page_large;        // record of the large block that begins there
POOL_BLOCK* free_blocks[kClasses];
POOL_BLOCK* quarantine[kQuarantineBlocks];
ULONG quarantine_first, quarantine_count, quarantine_bytes;
UCHAR class_of_units[4096 / 32 + 1];  // by (bytes + header + guard) / 32

UCHAR* user_of(POOL_BLOCK* block) { return reinterpret_cast<UCHAR*>(block + 1); }
ULONG64 check_of(const POOL_BLOCK* block) {
    return reinterpret_cast<ULONG64>(block) ^ (ULONG64{block->Tag} << 32 | block->Bytes) ^
           (ULONG64{block->State} << 16 | ULONG64{block->Class} << 8 | block->Paged) ^ block->Caller;
}
void seal(POOL_BLOCK* block) { block->Check = check_of(block); }

void fill(void* at, UCHAR value, SIZE_T bytes) { memset(at, value, bytes); }

/// First byte in [at, at+bytes) that is not `value`, or null. Whole words first.
const UCHAR* find_other(const UCHAR* at, UCHAR value, SIZE_T bytes) {
    const ULONG64 word = 0x0101010101010101ull * value;
    for (; bytes && reinterpret_cast<ULONG64>(at) % 8; ++at, --bytes)
        if (*at != value) return at;
    for (; bytes >= 8 && *reinterpret_cast<const ULONG64*>(at) == word; at += 8) bytes -= 8;
    for (; bytes; ++at, --bytes)
        if (*at != value) return at;
    return nullptr;
}

void print_block(const char* what, const POOL_BLOCK* block, const void* user) {
    char where[96], tag[5] = {};
    for (int letter = 0; letter < 4; ++letter) {
        const char c = static_cast<char>(block->Tag >> letter * 8);
        tag[letter] = c >= 32 && c < 127 ? c : '.';
    }
    KiDescribeAddress(block->Caller, where, sizeof where);
    KiPrint("%s: pool block %p, tag '%s', %u bytes, allocated by %s\n", what, user, tag, block->Bytes, where);
}

void check_guard(const POOL_BLOCK* block, const UCHAR* user, ULONG room) {
    const UCHAR* bad = find_other(user + block->Bytes, POOL_GUARD, room - block->Bytes);
    if (!bad) return;
    print_block("written beyond its end", block, user);
    KeBugCheckEx(0x19, 0x21, reinterpret_cast<ULONG_PTR>(user), block->Bytes, *bad);
}

/// Cuts a fresh page into blocks of the class.
bool refill(ULONG size_class) {
    const MI_PFN page = MiAllocatePage();
    if (!page) return false;
    page_kind[page] = static_cast<UCHAR>(kPageSmall + size_class);
    auto* base = static_cast<UCHAR*>(MiDirect(page * PAGE_SIZE));
    fill(base, POOL_POISON, PAGE_SIZE);
    const ULONG bytes = kClassBytes[size_class];
    for (ULONG at = 0; at + bytes <= PAGE_SIZE; at += bytes) {
        auto* block = reinterpret_cast<POOL_BLOCK*>(base + at);
        block->State = POOL_FREE;
        block->Class = static_cast<USHORT>(size_class);
        block->Caller = reinterpret_cast<ULONG64>(free_blocks[size_class]);
        free_blocks[size_class] = block;
    }
    return true;
}

PVOID allocate_small(ULONG bytes, ULONG tag, bool paged, ULONG64 caller) {
    const ULONG size_class = class_of_units[(bytes + sizeof(POOL_BLOCK) + kGuardMin + 31) / 32];
    if (!free_blocks[size_class] && !refill(size_class)) return nullptr;
    POOL_BLOCK* block = free_blocks[size_class];
    if (block->State != POOL_FREE) {
        print_block("free block damaged", block, user_of(block));
        KeBugCheckEx(0x19, 0xD, reinterpret_cast<ULONG_PTR>(user_of(block)), reinterpret_cast<ULONG_PTR>(block), block->State);
    }
    free_blocks[size_class] = reinterpret_cast<POOL_BLOCK*>(block->Caller);
    block->State = POOL_LIVE;
    block->Tag = tag;
    block->Bytes = bytes;
    block->Paged = paged;
    block->Protected = 0;
    block->Caller = caller;
    seal(block);
    fill(user_of(block) + bytes, POOL_GUARD, kClassBytes[size_class] - sizeof(POOL_BLOCK) - bytes);
    return user_of(block);
}

PVOID allocate_large(SIZE_T bytes, ULONG tag, bool paged, ULONG64 caller) {
    auto* record = static_cast<POOL_LARGE*>(allocate_small(sizeof(POOL_LARGE), 'gLmM', false, caller));
    if (!record) return nullptr;
    const ULONG pages = static_cast<ULONG>((bytes + PAGE_SIZE - 1) / PAGE_SIZE);
    const MI_PFN first = MiAllocatePages(pages, ~0ull, 0);
    if (!first) {
        ExFreePool(record);
        return nullptr;
    }
    *record = {};
    record->Block.State = POOL_LIVE;
    record->Block.Tag = tag;
    record->Block.Bytes = static_cast<ULONG>(bytes);
    record->Block.Paged = paged;
    record->Block.Caller = caller;
    record->Address = reinterpret_cast<ULONG64>(MiDirect(first * PAGE_SIZE));
    record->Pages = pages;
    page_kind[first] = kPageLarge;
    page_large[first] = record;
    fill(reinterpret_cast<UCHAR*>(record->Address) + bytes, POOL_GUARD, ULONG64{pages} * PAGE_SIZE - bytes);
    MiCountPool('gLmM', FALSE, 1, sizeof(POOL_LARGE));
    return reinterpret_cast<PVOID>(record->Address);
}

/// Whatever was written to a freed block since is found here.
void check_quarantined(POOL_BLOCK* block) {
    const ULONG room = kClassBytes[block->Class] - sizeof(POOL_BLOCK);
    const UCHAR* bad = block->State != POOL_QUARANTINED || block->Check != check_of(block)
                           ? reinterpret_cast<UCHAR*>(block)
                           : find_other(user_of(block), POOL_POISON, room);
    if (bad) {
        print_block("written after it was freed", block, user_of(block));
        KeBugCheckEx(
            0x19, 0xD, reinterpret_cast<ULONG_PTR>(user_of(block)), reinterpret_cast<ULONG_PTR>(bad), *bad);
    }
}

/// A block leaves quarantine when the place is needed.
void release_oldest() {
    POOL_BLOCK* block = quarantine[quarantine_first];
    quarantine_first = (quarantine_first + 1) % kQuarantineBlocks;
    --quarantine_count;
    check_quarantined(block);
    quarantine_bytes -= kClassBytes[block->Class] - sizeof(POOL_BLOCK);
    block->State = POOL_FREE;
    block->Caller = reinterpret_cast<ULONG64>(free_blocks[block->Class]);
    free_blocks[block->Class] = block;
}

void free_small(POOL_BLOCK* block) {
    const ULONG room = kClassBytes[block->Class] - sizeof(POOL_BLOCK);
    check_guard(block, user_of(block), room);
    MiCountPool(block->Tag, block->Paged, -1, block->Bytes);
    block->State = POOL_QUARANTINED;
    seal(block);
    fill(user_of(block), POOL_POISON, room);
    while (quarantine_count == kQuarantineBlocks || (quarantine_count && quarantine_bytes > kQuarantineBytes)) release_oldest();
    quarantine[(quarantine_first + quarantine_count++) % kQuarantineBlocks] = block;
    quarantine_bytes += room;
}

void free_large(POOL_LARGE* record, MI_PFN first) {
    auto* user = reinterpret_cast<UCHAR*>(record->Address);
    check_guard(&record->Block, user, record->Pages * PAGE_SIZE);
    MiCountPool(record->Block.Tag, record->Block.Paged, -1, record->Block.Bytes);
    fill(user, POOL_POISON, ULONG64{record->Pages} * PAGE_SIZE);
    page_kind[first] = 0;
    page_large[first] = nullptr;
    MiFreePages(first, record->Pages);
    free_small(reinterpret_cast<POOL_BLOCK*>(record) - 1);
}

[[noreturn]] void bad_address(PVOID address) {
    KiPrint("%p is freed, but is not the address of a pool block\n", address);
    const ULONG64 freed = reinterpret_cast<ULONG64>(address);
    if (freed < kSystemSpace) KeBugCheckEx(0xC2, 0x40, freed, kSystemSpace, 0);
    KeBugCheckEx(0xC2, 0x46, freed, 0, 0);
    __builtin_unreachable();
}

/// Header of the live block at `address`; stops the guest when there is none.
POOL_BLOCK* header_of(PVOID address, MI_PFN page) {
    if (page_kind[page] == kPageLarge && page_large[page]->Address == reinterpret_cast<ULONG64>(address))
        return &page_large[page]->Block;
    const ULONG offset = static_cast<ULONG>(reinterpret_cast<ULONG64>(address) % PAGE_SIZE);
    if (page_kind[page] < kPageSmall || page_kind[page] >= kPageSmall + kClasses || offset < sizeof(POOL_BLOCK) ||
        (offset - sizeof(POOL_BLOCK)) % kClassBytes[page_kind[page] - kPageSmall])
        bad_address(address);
    auto* block = static_cast<POOL_BLOCK*>(address) - 1;
    if (block->State == POOL_QUARANTINED || block->State == POOL_FREE) {
        print_block("freed twice", block, address);
        KeBugCheckEx(0xC2, 7, 0, block->Tag, reinterpret_cast<ULONG_PTR>(address));
    }
    if (block->State != POOL_LIVE || block->Check != check_of(block)) {
        print_block("header damaged (written before its beginning?)", block, address);
        KeBugCheckEx(0x19, 0x20, reinterpret_cast<ULONG_PTR>(block), reinterpret_cast<ULONG_PTR>(address), 0);
    }
    return block;
}

/// What is freed may hold nothing that others still use.
void check_contents(const POOL_BLOCK* block, ULONG64 begin) {
    const ULONG64 end = begin + block->Bytes;
    static_assert(sizeof(KDPC) <= sizeof(KTIMER) && sizeof(KDPC) <= sizeof(ERESOURCE) && sizeof(KDPC) <= sizeof(NPAGED_LOOKASIDE_LIST));
    if (block->Bytes < sizeof(KDPC)) return;  // none of them fits
    if (PKTIMER timer = KiFindTimerIn(begin, end)) {
        print_block("freed with a queued timer in it", block, timer);
        KeBugCheckEx(0xC7, 0, reinterpret_cast<ULONG_PTR>(timer), begin, end);
    }
    if (PKDPC dpc = KiFindDpcIn(begin, end)) {
        print_block("freed with a queued DPC in it", block, dpc);
        KeBugCheckEx(0xC7, 1, reinterpret_cast<ULONG_PTR>(dpc), begin, end);
    }
    if (PVOID resource = ExFindResourceIn(begin, end)) {
        print_block("freed with a resource in it", block, resource);
        KeBugCheckEx(0xC4, 0xD2, reinterpret_cast<ULONG_PTR>(resource), begin, block->Bytes);
    }
    if (PVOID list = ExFindLookasideListIn(begin, end)) {
        print_block("freed with a lookaside list in it", block, list);
        KeBugCheckEx(0xC4, 0xCC, reinterpret_cast<ULONG_PTR>(list), begin, block->Bytes);
    }
    if (block->Tag == kIrpTag && block->Bytes >= sizeof(IRP) && reinterpret_cast<const IRP*>(begin)->Type == IO_TYPE_IRP) {
        print_block("an IRP that is not freed by IoFreeIrp", block, reinterpret_cast<PVOID>(begin));
        KeBugCheckEx(0xC4, 0x105, begin, 0, 0);
    }
}

}  // namespace

extern "C" VOID MiInitializePool() {
    for (ULONG units = 0; units <= 4096 / 32; ++units) {
        UCHAR size_class = 0;
        while (kClassBytes[size_class] < units * 32) ++size_class;
        class_of_units[units] = size_class;
    }
    const ULONG64 pages = MiHighestPage();
    const ULONG64 table = (pages * (sizeof(UCHAR) + sizeof(POOL_LARGE*)) + PAGE_SIZE - 1) / PAGE_SIZE;
    const MI_PFN first = MiAllocatePages(table, ~0ull, 0);
    if (!first) KiFatal("no memory for the pool's tables", 0x31, 0, 0, 0, 0);
    page_large = static_cast<POOL_LARGE**>(MiDirect(first * PAGE_SIZE));
    fill(page_large, 0, table * PAGE_SIZE);
    page_kind = reinterpret_cast<UCHAR*>(page_large + pages);
}

/// The allocation all public names come down to. Null: out of memory.
extern "C" PVOID MiAllocatePool(POOL_TYPE type, SIZE_T bytes, ULONG tag, ULONG64 caller) {
    const ULONG64 irql = cpu::irql();
    const bool paged = type & 1;
    if (KiSystemReady && irql > (paged ? APC_LEVEL : DISPATCH_LEVEL)) KeBugCheckEx(0xC2, 8, irql, type, bytes);
    if (!bytes) KeBugCheckEx(0xC2, 0, 0, type, tag);
    if (!tag) KeBugCheckEx(0xC2, 0x9B, type, bytes, caller);
    const bool is_protected = tag & 0x80000000;
    tag &= 0x7FFFFFFF;
    KiAtomic atomic;
    PVOID user = nullptr;
    if (bytes <= kSmallMax) {
        user = allocate_small(static_cast<ULONG>(bytes), tag, paged, caller);
        if (user && is_protected) (static_cast<POOL_BLOCK*>(user) - 1)->Protected = 1;
    } else if (bytes < 1ull << 31) {
        user = allocate_large(bytes, tag, paged, caller);
    }
    if (user) MiCountPool(tag, paged, 1, bytes);
    return user;
}

extern "C" VOID MiFreePool(PVOID address, ULONG tag, ULONG64) {
    const ULONG64 irql = cpu::irql();
    const ULONG64 offset = reinterpret_cast<ULONG64>(address) - MI_DIRECT_MAP;
    const MI_PFN page = offset / PAGE_SIZE;
    KiAtomic atomic;
    if (page >= MiHighestPage()) bad_address(address);
    POOL_BLOCK* block = header_of(address, page);
    if (KiSystemReady && irql > (block->Paged ? APC_LEVEL : DISPATCH_LEVEL))
        KeBugCheckEx(0xC2, 9, irql, block->Paged, reinterpret_cast<ULONG_PTR>(address));
    if ((tag &= 0x7FFFFFFF) && tag != block->Tag) {
        print_block("freed with another tag", block, address);
        KeBugCheckEx(0xC2, 0xA, reinterpret_cast<ULONG_PTR>(address), block->Tag, tag);
    }
    check_contents(block, reinterpret_cast<ULONG64>(address));
    if (page_kind[page] == kPageLarge)
        free_large(page_large[page], page);
    else
        free_small(block);
}

/// Whether paged pool begins or lies there (of blocks of a page and more: begins).
extern "C" BOOLEAN MiIsPagedPool(ULONG64 address) {
    const MI_PFN page = (address - MI_DIRECT_MAP) / PAGE_SIZE;
    if (address < MI_DIRECT_MAP || page >= MiHighestPage() || !page_kind[page]) return FALSE;
    if (page_kind[page] == kPageLarge) return page_large[page]->Block.Paged;
    const ULONG bytes = kClassBytes[page_kind[page] - kPageSmall], offset = static_cast<ULONG>(address % PAGE_SIZE);
    if (offset / bytes * bytes + bytes > PAGE_SIZE) return FALSE;
    const auto* block = static_cast<const POOL_BLOCK*>(MiDirect(page * PAGE_SIZE + offset / bytes * bytes));
    return block->State == POOL_LIVE && block->Paged;
}

extern "C" VOID MiCheckQuarantine() {
    KiAtomic atomic;
    for (ULONG index = 0; index < quarantine_count; ++index)
        check_quarantined(quarantine[(quarantine_first + index) % kQuarantineBlocks]);
}

extern "C" VOID MiVisitPool(VOID (*visit)(const POOL_BLOCK*, PVOID, PVOID), PVOID context) {
    for (MI_PFN page = 0; page < MiHighestPage(); ++page) {
        if (page_kind[page] == kPageLarge) {
            visit(&page_large[page]->Block, reinterpret_cast<PVOID>(page_large[page]->Address), context);
            continue;
        }
        if (!page_kind[page]) continue;
        const ULONG bytes = kClassBytes[page_kind[page] - kPageSmall];
        auto* base = static_cast<UCHAR*>(MiDirect(page * PAGE_SIZE));
        for (ULONG at = 0; at + bytes <= PAGE_SIZE; at += bytes) {
            auto* block = reinterpret_cast<POOL_BLOCK*>(base + at);
            if (block->State == POOL_LIVE) visit(block, user_of(block), context);
        }
    }
}
