// SPDX-License-Identifier: MIT
// rtl/memory.cpp
//
// Memory functions of the C run time and the Rtl forms of them. Any IRQL. Plain loops over words and no string instructions:
// under TCG `rep movsq` takes three times as long, `rep stosb` twenty times.
#include "nt_internal.hpp"

// A loop in here must not become a call of the function it is in.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

extern "C" {

/// Eight bytes at any address.
typedef ULONG64 __attribute__((aligned(1), may_alias)) Word;

#undef RtlCompareMemory
#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory

void* __cdecl memcpy(void* to, const void* from, size_t count) {
    auto* target = static_cast<Word*>(to);
    const auto* source = static_cast<const Word*>(from);
    for (; count >= 64; count -= 64, target += 8, source += 8) {
        target[0] = source[0], target[1] = source[1], target[2] = source[2], target[3] = source[3];
        target[4] = source[4], target[5] = source[5], target[6] = source[6], target[7] = source[7];
    }
    for (; count >= 8; count -= 8) *target++ = *source++;
    auto* target_byte = reinterpret_cast<UCHAR*>(target);
    const auto* source_byte = reinterpret_cast<const UCHAR*>(source);
    for (; count; --count) *target_byte++ = *source_byte++;
    return to;
}

void* __cdecl memmove(void* to, const void* from, size_t count) {
    if (reinterpret_cast<ULONG_PTR>(to) - reinterpret_cast<ULONG_PTR>(from) >= count) {
        // Not behind the source, or apart: upwards. Word by word that is right for overlaps of any distance downwards.
        return memcpy(to, from, count);
    }
    auto* target = static_cast<UCHAR*>(to) + count;
    const auto* source = static_cast<const UCHAR*>(from) + count;
    const size_t distance = static_cast<size_t>(target - source);
    if (distance >= 8)
        for (; count >= 8; count -= 8) {
            target -= 8, source -= 8;
            *reinterpret_cast<Word*>(target) = *reinterpret_cast<const Word*>(source);
        }
    for (; count; --count) *--target = *--source;
    return to;
}

void* __cdecl memset(void* to, int value, size_t count) {
    const ULONG64 pattern = static_cast<UCHAR>(value) * 0x0101010101010101ull;
    auto* target = static_cast<Word*>(to);
    for (; count >= 64; count -= 64, target += 8) {
        target[0] = pattern, target[1] = pattern, target[2] = pattern, target[3] = pattern;
        target[4] = pattern, target[5] = pattern, target[6] = pattern, target[7] = pattern;
    }
    for (; count >= 8; count -= 8) *target++ = pattern;
    auto* byte = reinterpret_cast<UCHAR*>(target);
    for (; count; --count) *byte++ = static_cast<UCHAR>(value);
    return to;
}

int __cdecl memcmp(const void* left, const void* right, size_t count) {
    const auto* a = static_cast<const UCHAR*>(left);
    const auto* b = static_cast<const UCHAR*>(right);
    for (; count; --count, ++a, ++b)
        if (*a != *b) return *a - *b;
    return 0;
}

void* __cdecl memchr(const void* in, int value, size_t count) {
    const auto* at = static_cast<const UCHAR*>(in);
    for (; count; --count, ++at)
        if (*at == static_cast<UCHAR>(value)) return const_cast<UCHAR*>(at);
    return nullptr;
}

/// Number of bytes that are equal before the first difference. Any IRQL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlcomparememory
SIZE_T NTAPI RtlCompareMemory(const VOID* Source1, const VOID* Source2, SIZE_T Length) {
    const auto* a = static_cast<const UCHAR*>(Source1);
    const auto* b = static_cast<const UCHAR*>(Source2);
    SIZE_T equal = 0;
    while (equal < Length && a[equal] == b[equal]) ++equal;
    return equal;
}

/// Number of bytes that repeat `Pattern`, in whole ULONGs. Any IRQL.
SIZE_T NTAPI RtlCompareMemoryUlong(PVOID Source, SIZE_T Length, ULONG Pattern) {
    const auto* words = static_cast<const ULONG*>(Source);
    SIZE_T index = 0;
    while (index < Length / sizeof(ULONG) && words[index] == Pattern) ++index;
    return index * sizeof(ULONG);
}

VOID NTAPI RtlCopyMemory(VOID* to, const VOID* from, SIZE_T bytes) { memmove(to, from, bytes); }
VOID NTAPI RtlCopyMemoryNonTemporal(VOID* to, const VOID* from, SIZE_T bytes) { memcpy(to, from, bytes); }
VOID NTAPI RtlMoveMemory(VOID* to, const VOID* from, SIZE_T bytes) { memmove(to, from, bytes); }
VOID NTAPI RtlFillMemory(VOID* to, SIZE_T bytes, UCHAR value) { memset(to, value, bytes); }
VOID NTAPI RtlZeroMemory(VOID* to, SIZE_T bytes) { memset(to, 0, bytes); }
VOID NTAPI RtlPrefetchMemoryNonTemporal(PVOID, SIZE_T) {}  // a hint only

}  // extern "C"
