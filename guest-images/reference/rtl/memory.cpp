// SPDX-License-Identifier: MIT
// rtl/memory.cpp
//
// Memory functions of the C run time and the Rtl forms of them. The compiler turns loops into calls of these, so they are
// written with string instructions. Any IRQL.
#include "nt_internal.hpp"

// A loop in here must not become a call of the function it is in.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

extern "C" {

#undef RtlCompareMemory
#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory

void* __cdecl memcpy(void* to, const void* from, size_t count) {
    void* at = to;
    size_t words = count / 8;
    asm volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(words) : : "memory");
    count %= 8;
    asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
    return to;
}

void* __cdecl memmove(void* to, const void* from, size_t count) {
    if (reinterpret_cast<ULONG_PTR>(to) - reinterpret_cast<ULONG_PTR>(from) >= count) return memcpy(to, from, count);
    // The target begins inside the source: from the end backwards.
    auto* at = static_cast<UCHAR*>(to) + count - 1;
    const auto* source = static_cast<const UCHAR*>(from) + count - 1;
    asm volatile("std\n\trep movsb\n\tcld" : "+D"(at), "+S"(source), "+c"(count) : : "memory");
    return to;
}

void* __cdecl memset(void* to, int value, size_t count) {
    void* at = to;
    const ULONG64 pattern = static_cast<UCHAR>(value) * 0x0101010101010101ull;
    size_t words = count / 8;
    asm volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(pattern) : "memory");
    count %= 8;
    asm volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(pattern) : "memory");
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
