// SPDX-License-Identifier: MIT
// mm/probe.cpp
//
// Checks of user buffers. Both raise: STATUS_ACCESS_VIOLATION outside the user's range (ProbeForWrite also where nothing is
// mapped or writable), STATUS_DATATYPE_MISALIGNMENT on a bad alignment.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-probeforread
#include "ke/ki.hpp"
#include "mm/mi.hpp"

extern "C" VOID KiRaiseAccessViolation(ULONG64 address, BOOLEAN write);
extern "C" VOID NTAPI ExRaiseDatatypeMisalignment(VOID);
extern "C" {
PVOID MmHighestUserAddress = reinterpret_cast<PVOID>(MI_USER_LIMIT);
PVOID MmSystemRangeStart = reinterpret_cast<PVOID>(0xFFFF080000000000);
ULONG64 MmUserProbeAddress = 0x00007FFFFFFF0000;
}

namespace {

bool in_range(ULONG64 address, SIZE_T length, ULONG alignment, BOOLEAN write) {
    if (!length) return false;
    if (address & (alignment - 1ull)) ExRaiseDatatypeMisalignment();
    if (address + length < address || address + length > MmUserProbeAddress) KiRaiseAccessViolation(address, write);
    return true;
}

}  // namespace

/// <= APC_LEVEL.
VOID NTAPI ProbeForRead(const VOID* Address, SIZE_T Length, ULONG Alignment) {
    KiRequireIrqlAtMost(APC_LEVEL, "ProbeForRead");
    in_range(reinterpret_cast<ULONG64>(Address), Length, Alignment, FALSE);
}

/// <= APC_LEVEL. Touches each page, as Windows does.
VOID NTAPI ProbeForWrite(PVOID Address, SIZE_T Length, ULONG Alignment) {
    KiRequireIrqlAtMost(APC_LEVEL, "ProbeForWrite");
    const ULONG64 begin = reinterpret_cast<ULONG64>(Address);
    if (!in_range(begin, Length, Alignment, TRUE)) return;
    for (ULONG64 at = begin & ~0xFFFull; at < begin + Length; at += PAGE_SIZE) {
        ULONG64 physical, flags;
        if (!MiTranslate(at, &physical, &flags) || !(flags & MI_WRITE)) KiRaiseAccessViolation(at < begin ? begin : at, TRUE);
    }
}
