// SPDX-License-Identifier: MIT
// io/stack_limits.cpp
//
// How much of its kernel stack a thread has left. Any IRQL.
#include "ke/ki.hpp"

namespace {

/// What IoGetRemainingStackSize computes inline in the DDK headers, as an export.
ULONG_PTR remaining() {
    volatile char here;
    return reinterpret_cast<ULONG_PTR>(&here) - reinterpret_cast<ULONG_PTR>(KeGetCurrentThread()->StackLimit);
}

}  // namespace

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetinitialstack
PVOID NTAPI IoGetInitialStack(VOID) { return KeGetCurrentThread()->StackBase; }

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetstacklimits
VOID NTAPI IoGetStackLimits(PULONG_PTR LowLimit, PULONG_PTR HighLimit) {
    const PKTHREAD self = KeGetCurrentThread();
    *LowLimit = reinterpret_cast<ULONG_PTR>(self->StackLimit);
    *HighLimit = reinterpret_cast<ULONG_PTR>(self->StackBase);
}

extern "C" ULONG_PTR NTAPI IopExportGetRemainingStackSize() { return remaining(); }

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iowithinstacklimits
ULONG NTAPI IoWithinStackLimits(ULONG_PTR RegionStart, SIZE_T RegionSize) {
    ULONG_PTR low, high;
    IoGetStackLimits(&low, &high);
    return RegionStart >= low && RegionStart < high && RegionSize <= high - RegionStart;
}
