// SPDX-License-Identifier: MIT
// ex/lookaside.cpp
//
// Lookaside lists and the singly linked lists under them. Allocating and freeing is inline code of the DDK's over
// ExpInterlocked*; the depth is fixed. A list of depth 0 would hide nothing from the pool's checks, so blocks are kept, as drivers
// expect, only up to a small depth.
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

constexpr USHORT kDepth = 4;

/// Depth in the low 16 bits of Alignment, sequence above; the first entry's address in Region: any layout will do that only
/// these functions read, but for the depth, which DDK code reads through ExQueryDepthSList alone on x64.
PSLIST_ENTRY& first(PSLIST_HEADER head) { return *reinterpret_cast<PSLIST_ENTRY*>(&head->Region); }
USHORT& depth(PSLIST_HEADER head) { return *reinterpret_cast<USHORT*>(&head->Alignment); }

constexpr ULONG kRaiseOnFailure = 16;  // POOL_RAISE_IF_ALLOCATION_FAILURE

LIST_ENTRY all = {&all, &all};  // by ListEntry; under KiAtomic
PLIST_ENTRY next(PLIST_ENTRY at) {
    return ex::next_checked(at, "a lookaside list was never deleted, and its memory is something else by now");
}

bool is_live(const GENERAL_LOOKASIDE_POOL* list) {
    KiAtomic atomic;
    for (PLIST_ENTRY at = next(&all); at != &all; at = next(at))
        if (CONTAINING_RECORD(at, GENERAL_LOOKASIDE_POOL, ListEntry) == list) return true;
    return false;
}

void forget(PGENERAL_LOOKASIDE_POOL list) {
    if (!is_live(list)) KeBugCheckEx(0xC4, 0xCB, reinterpret_cast<ULONG_PTR>(list), 0, 0);
    KiAtomic atomic;
    RemoveEntryList(&list->ListEntry);
}

void initialise(
    PGENERAL_LOOKASIDE_POOL list, PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, POOL_TYPE type, ULONG flags, SIZE_T size,
    ULONG tag) {
    if (is_live(list)) KeBugCheckEx(0xC4, 0xCA, reinterpret_cast<ULONG_PTR>(list), 0, 0);
    RtlZeroMemory(list, sizeof *list);
    {
        KiAtomic atomic;
        InsertTailList(&all, &list->ListEntry);
    }
    list->Depth = kDepth;
    list->MaximumDepth = 256;
    list->Type = static_cast<POOL_TYPE>(type | (flags & kRaiseOnFailure));
    list->Tag = tag;
    list->Size = static_cast<ULONG>(size < LOOKASIDE_MINIMUM_BLOCK_SIZE ? LOOKASIDE_MINIMUM_BLOCK_SIZE : size);
    list->Allocate = allocate ? allocate : ExAllocatePoolWithTag;
    list->Free = free ? free : ExFreePool;
}

extern "C" PSLIST_ENTRY ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead);

void empty(PGENERAL_LOOKASIDE_POOL list) {
    forget(list);
    while (PSLIST_ENTRY entry = ExpInterlockedPopEntrySList(&list->ListHead)) list->Free(entry);
}

PVOID NTAPI allocate_extended(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX) {
    return ExAllocatePoolWithTag(type, bytes, tag);
}
VOID NTAPI free_extended(PVOID block, PLOOKASIDE_LIST_EX) { ExFreePool(block); }

}  // namespace

extern "C" PVOID ExFindLookasideListIn(ULONG64 begin, ULONG64 end) {
    for (PLIST_ENTRY at = next(&all); at != &all; at = next(at)) {
        auto* list = CONTAINING_RECORD(at, GENERAL_LOOKASIDE_POOL, ListEntry);
        if (reinterpret_cast<ULONG64>(list) - begin < end - begin) return list;
    }
    return nullptr;
}

extern "C" {

/// Any IRQL up to DISPATCH_LEVEL; entries are 16-byte aligned.
PSLIST_ENTRY ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry) {
    KiAtomic atomic;
    const PSLIST_ENTRY before = first(ListHead);
    ListEntry->Next = before;
    first(ListHead) = ListEntry;
    ++depth(ListHead);
    return before;
}
PSLIST_ENTRY ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead) {
    KiAtomic atomic;
    const PSLIST_ENTRY entry = first(ListHead);
    if (!entry) return nullptr;
    first(ListHead) = entry->Next;
    --depth(ListHead);
    return entry;
}
PSLIST_ENTRY ExpInterlockedFlushSList(PSLIST_HEADER ListHead) {
    KiAtomic atomic;
    const PSLIST_ENTRY entry = first(ListHead);
    first(ListHead) = nullptr;
    depth(ListHead) = 0;
    return entry;
}
USHORT ExQueryDepthSList(PSLIST_HEADER ListHead) { return depth(ListHead); }
VOID NTAPI ExpInitializeSListHead(PSLIST_HEADER ListHead) { RtlZeroMemory(ListHead, sizeof *ListHead); }

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exinitializenpagedlookasidelist
VOID NTAPI ExInitializeNPagedLookasideList(
    PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag, USHORT) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExInitializeNPagedLookasideList");
    initialise(reinterpret_cast<PGENERAL_LOOKASIDE_POOL>(&Lookaside->L), Allocate, Free, NonPagedPool, Flags, Size, Tag);
}
VOID NTAPI ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExDeleteNPagedLookasideList");
    empty(reinterpret_cast<PGENERAL_LOOKASIDE_POOL>(&Lookaside->L));
}
VOID NTAPI ExInitializePagedLookasideList(
    PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag, USHORT) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExInitializePagedLookasideList");
    initialise(reinterpret_cast<PGENERAL_LOOKASIDE_POOL>(&Lookaside->L), Allocate, Free, PagedPool, Flags, Size, Tag);
}
VOID NTAPI ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExDeletePagedLookasideList");
    empty(reinterpret_cast<PGENERAL_LOOKASIDE_POOL>(&Lookaside->L));
}

/// <= DISPATCH_LEVEL; paged lists <= APC_LEVEL. Flags: EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, or FAIL_NO_RAISE for
/// allocators that may raise (STATUS_INVALID_PARAMETER for anything else).
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exinitializelookasidelistex
NTSTATUS NTAPI ExInitializeLookasideListEx(
    PLOOKASIDE_LIST_EX Lookaside, PALLOCATE_FUNCTION_EX Allocate, PFREE_FUNCTION_EX Free, POOL_TYPE PoolType, ULONG Flags,
    SIZE_T Size, ULONG Tag, USHORT Depth) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExInitializeLookasideListEx");
    constexpr ULONG raise = EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, quiet = EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE;
    if (Flags & ~(raise | quiet) || Flags == (raise | quiet)) return STATUS_INVALID_PARAMETER;
    initialise(&Lookaside->L, nullptr, nullptr, PoolType, Flags & raise ? kRaiseOnFailure : 0, Size, Tag);
    Lookaside->L.AllocateEx = Allocate ? Allocate : allocate_extended;
    Lookaside->L.FreeEx = Free ? Free : free_extended;
    return STATUS_SUCCESS;
}
/// Gives the kept blocks back. <= DISPATCH_LEVEL; paged lists <= APC_LEVEL.
VOID NTAPI ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside) {
    KiRequireIrqlAtMost(Lookaside->L.Type & PagedPool ? APC_LEVEL : DISPATCH_LEVEL, "ExFlushLookasideListEx");
    while (PSLIST_ENTRY entry = ExpInterlockedPopEntrySList(&Lookaside->L.ListHead)) Lookaside->L.FreeEx(entry, Lookaside);
}
VOID NTAPI ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside) {
    forget(&Lookaside->L);
    ExFlushLookasideListEx(Lookaside);
}

}  // extern "C"
