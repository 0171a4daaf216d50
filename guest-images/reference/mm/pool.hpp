// SPDX-License-Identifier: MIT
// mm/pool.hpp
//
// What is in front of every pool block, and what the parts of the pool say to each other.
#pragma once
#include "mm/mi.hpp"

constexpr ULONG POOL_LIVE = 0x4576694C, POOL_FREE = 0x65657246, POOL_QUARANTINED = 0x72617551;
constexpr UCHAR POOL_GUARD = 0xA5, POOL_POISON = 0xDD;

/// 32 bytes; the user's memory follows.
struct POOL_BLOCK {
    ULONG State;      // POOL_LIVE...
    ULONG Tag;
    ULONG Bytes;      // as asked for
    USHORT Class;     // index into the size classes
    UCHAR Paged;
    UCHAR Protected;  // allocated with PROTECTED_POOL
    ULONG64 Caller;   // return address of the allocation; while free: next free block
    ULONG64 Check;    // over the rest
};
static_assert(sizeof(POOL_BLOCK) == 32);

/// A block of a page or more has its own pages, and its header elsewhere.
struct POOL_LARGE {
    POOL_BLOCK Block;
    ULONG64 Address;  // of the user's memory
    ULONG Pages;
    ULONG Special;    // guard-paged: mapped in the special range, user's memory at the end
};

extern "C" {
/// Books `count` (+1, -1) blocks of `bytes` under the tag.
VOID MiCountPool(ULONG tag, BOOLEAN paged, LONG count, ULONG64 bytes);
/// Stops the guest when a freed block was written to. <= DISPATCH_LEVEL.
VOID MiCheckQuarantine(void);
/// A live resource or lookaside list in that memory; null. Atomic. (ex/)
PVOID ExFindResourceIn(ULONG64 begin, ULONG64 end);
PVOID ExFindLookasideListIn(ULONG64 begin, ULONG64 end);
/// Calls `visit` for every live block. Atomic.
VOID MiVisitPool(VOID (*visit)(const POOL_BLOCK*, PVOID address, PVOID context), PVOID context);
}
