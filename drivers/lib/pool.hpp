// SPDX-License-Identifier: MIT
// lib/pool.hpp
//
// Zeroed non-paged pool, typed. Every object of a driver carries the tag it gives here.
#pragma once
#include "lib/kernel.hpp"

namespace rundown
{

/// A pool tag that reads `text` in a dump.
constexpr ULONG
PoolTag(const char (&text)[5])
{
    return static_cast<ULONG>(static_cast<UCHAR>(text[0])) |
           static_cast<ULONG>(static_cast<UCHAR>(text[1])) << 8 |
           static_cast<ULONG>(static_cast<UCHAR>(text[2])) << 16 |
           static_cast<ULONG>(static_cast<UCHAR>(text[3])) << 24;
}

/// `bytes` of zeroed non-paged memory, or null. IRQL <= DISPATCH_LEVEL. Free with FreePool and the
/// same tag.
inline void *
AllocatePool(SIZE_T bytes, ULONG tag)
{
    void *memory = ExAllocatePoolWithTag(NonPagedPool, bytes, tag);

    if (memory != nullptr) {
        RtlZeroMemory(memory, bytes);
    }
    return memory;
}

/// One zeroed `Object`. Its members must be happy with zero or be initialised by the caller.
template <typename Object>
Object *
AllocateObject(ULONG tag)
{
    return static_cast<Object *>(AllocatePool(sizeof(Object), tag));
}

/// Null is allowed. IRQL <= DISPATCH_LEVEL.
inline void
FreePool(void *memory, ULONG tag)
{
    if (memory != nullptr) {
        ExFreePoolWithTag(memory, tag);
    }
}

} // namespace rundown
