// SPDX-License-Identifier: MIT
// rtl/bitmap.cpp
//
// Bitmaps over the caller's ULONGs; bit 0 is the lowest of the first. The caller serialises. Any IRQL the buffer allows.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlinitializebitmap
#include "nt_internal.hpp"

namespace {

constexpr ULONG kNotFound = 0xFFFFFFFF;

bool bit(PRTL_BITMAP map, ULONG index) { return map->Buffer[index / 32] >> index % 32 & 1; }

void put(PRTL_BITMAP map, ULONG index, bool value) {
    const ULONG mask = 1u << index % 32;
    map->Buffer[index / 32] = value ? map->Buffer[index / 32] | mask : map->Buffer[index / 32] & ~mask;
}

bool range_inside(PRTL_BITMAP map, ULONG start, ULONG count) {
    return start <= map->SizeOfBitMap && count <= map->SizeOfBitMap - start;
}

/// Sets or clears a run, which must lie inside: outside would be somebody else's memory, so it stops the guest.
void put_run(PRTL_BITMAP map, ULONG start, ULONG count, bool value) {
    if (!range_inside(map, start, count))
        RdBugCheckText(
            "a run of bits lies outside its bitmap", 0xC4, 0x10001, reinterpret_cast<ULONG_PTR>(map), start, count);
    for (ULONG index = start; index < start + count;) {
        if (index % 32 == 0 && start + count - index >= 32) {
            map->Buffer[index / 32] = value ? ~0u : 0;
            index += 32;
        } else {
            put(map, index++, value);
        }
    }
}

bool run_is(PRTL_BITMAP map, ULONG start, ULONG count, bool value) {
    if (!count || !range_inside(map, start, count)) return false;
    for (ULONG index = start; index < start + count; ++index)
        if (bit(map, index) != value) return false;
    return true;
}

/// Length of the run of `value` at `start`, up to `most`.
ULONG run_length(PRTL_BITMAP map, ULONG start, bool value, ULONG most) {
    ULONG length = 0;
    while (length < most && start + length < map->SizeOfBitMap && bit(map, start + length) == value) ++length;
    return length;
}

/// First run of `count` bits of `value` in [from, to). Bits of a run may lie behind `to`.
ULONG search(PRTL_BITMAP map, ULONG count, ULONG from, ULONG to, bool value) {
    for (ULONG index = from; index < to;) {
        const ULONG length = run_length(map, index, value, count);
        if (length == count) return index;
        index += length + 1;
    }
    return kNotFound;
}

/// From the hint (a byte's beginning, as Windows rounds it) to the end, then from the beginning.
ULONG find(PRTL_BITMAP map, ULONG count, ULONG hint, bool value) {
    if (hint >= map->SizeOfBitMap) hint = 0;
    hint &= ~7u;
    if (!count) return hint;
    if (count > map->SizeOfBitMap) return kNotFound;
    const ULONG found = search(map, count, hint, map->SizeOfBitMap, value);
    return found != kNotFound || !hint ? found : search(map, count, 0, hint, value);
}

ULONG count_set(PRTL_BITMAP map) {
    ULONG count = 0;
    for (ULONG index = 0; index < map->SizeOfBitMap; ++index) count += bit(map, index);
    return count;
}

}  // namespace

extern "C" {

VOID NTAPI RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap) {
    BitMapHeader->SizeOfBitMap = SizeOfBitMap;
    BitMapHeader->Buffer = BitMapBuffer;
}

VOID NTAPI RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber) { put_run(BitMapHeader, BitNumber, 1, false); }
VOID NTAPI RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber) { put_run(BitMapHeader, BitNumber, 1, true); }
BOOLEAN NTAPI KiExportTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber) { return run_is(BitMapHeader, BitNumber, 1, true); }
VOID NTAPI RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear) {
    put_run(BitMapHeader, StartingIndex, NumberToClear, false);
}
VOID NTAPI RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet) {
    put_run(BitMapHeader, StartingIndex, NumberToSet, true);
}
VOID NTAPI RtlClearAllBits(PRTL_BITMAP BitMapHeader) {
    RtlZeroMemory(BitMapHeader->Buffer, (BitMapHeader->SizeOfBitMap + 31) / 32 * sizeof(ULONG));
}
VOID NTAPI RtlSetAllBits(PRTL_BITMAP BitMapHeader) {
    RtlFillMemory(BitMapHeader->Buffer, (BitMapHeader->SizeOfBitMap + 31) / 32 * sizeof(ULONG), 0xFF);
}
BOOLEAN NTAPI RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length) {
    return run_is(BitMapHeader, StartingIndex, Length, false);
}
BOOLEAN NTAPI RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length) {
    return run_is(BitMapHeader, StartingIndex, Length, true);
}
ULONG NTAPI RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader) { return count_set(BitMapHeader); }
ULONG NTAPI RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader) {
    return BitMapHeader->SizeOfBitMap - count_set(BitMapHeader);
}

/// 0xFFFFFFFF: no such run.
ULONG NTAPI RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex) {
    return find(BitMapHeader, NumberToFind, HintIndex, false);
}
ULONG NTAPI RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex) {
    return find(BitMapHeader, NumberToFind, HintIndex, true);
}
ULONG NTAPI RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex) {
    const ULONG found = find(BitMapHeader, NumberToFind, HintIndex, false);
    if (found != kNotFound) put_run(BitMapHeader, found, NumberToFind, true);
    return found;
}
ULONG NTAPI RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex) {
    const ULONG found = find(BitMapHeader, NumberToFind, HintIndex, true);
    if (found != kNotFound) put_run(BitMapHeader, found, NumberToFind, false);
    return found;
}
/// Length of the first clear run at or after `FromIndex`, its beginning in *StartingRunIndex; 0: none.
ULONG NTAPI RtlFindNextForwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex) {
    *StartingRunIndex = FromIndex;
    if (FromIndex >= BitMapHeader->SizeOfBitMap) return 0;
    *StartingRunIndex = FromIndex + run_length(BitMapHeader, FromIndex, true, ~0u);
    return run_length(BitMapHeader, *StartingRunIndex, false, ~0u);
}
ULONG NTAPI RtlFindFirstRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex) {
    return RtlFindNextForwardRunClear(BitMapHeader, 0, StartingIndex);
}
ULONG NTAPI RtlFindLongestRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex) {
    ULONG longest = 0, start = 0, at = 0;
    *StartingIndex = 0;
    while (const ULONG length = RtlFindNextForwardRunClear(BitMapHeader, at, &start)) {
        if (length > longest) {
            longest = length;
            *StartingIndex = start;
        }
        at = start + length;
    }
    return longest;
}
/// Position of the highest or lowest bit set; -1: none.
CCHAR NTAPI RtlFindMostSignificantBit(ULONGLONG Set) { return Set ? static_cast<CCHAR>(63 - __builtin_clzll(Set)) : -1; }
CCHAR NTAPI RtlFindLeastSignificantBit(ULONGLONG Set) { return Set ? static_cast<CCHAR>(__builtin_ctzll(Set)) : -1; }

}  // extern "C"
