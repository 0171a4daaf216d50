// SPDX-License-Identifier: MIT
// ex/rundown.cpp
//
// Run-down protection: users come and go, until somebody waits for the last to go; after that none comes in.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/run-down-protection
// The count moves in twos; bit 0 says that the run-down has begun, and then the rest is the waiter's block.
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

struct WaitBlock {
    ULONG_PTR users;
    KEVENT gone;
};

WaitBlock* block_of(PEX_RUNDOWN_REF reference) {
    const ULONG_PTR value = reference->Count & ~EX_RUNDOWN_ACTIVE;
    return reinterpret_cast<WaitBlock*>(value);
}

}  // namespace

extern "C" {

VOID FASTCALL ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef) { RunRef->Count = 0; }
VOID FASTCALL ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef) {
    if (RunRef->Count != EX_RUNDOWN_ACTIVE)
        RdBugCheckText("ExReInitializeRundownProtection: not run down", 0xC4, 0x52440303, reinterpret_cast<ULONG_PTR>(RunRef), RunRef->Count, KI_CALLER);
    RunRef->Count = 0;
}
VOID FASTCALL ExRundownCompleted(PEX_RUNDOWN_REF RunRef) { RunRef->Count = EX_RUNDOWN_ACTIVE; }

/// <= DISPATCH_LEVEL. FALSE: the run-down has begun.
BOOLEAN FASTCALL ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count) {
    KiAtomic atomic;
    if (RunRef->Count & EX_RUNDOWN_ACTIVE) return FALSE;
    RunRef->Count = RunRef->Count + Count * EX_RUNDOWN_COUNT_INC;
    return TRUE;
}
BOOLEAN FASTCALL ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef) { return ExAcquireRundownProtectionEx(RunRef, 1); }

/// <= DISPATCH_LEVEL. More releases than acquisitions stop the guest.
VOID FASTCALL ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count) {
    KiAtomic atomic;
    if (RunRef->Count & EX_RUNDOWN_ACTIVE) {
        WaitBlock* block = block_of(RunRef);
        if (!block || block->users < Count)
            RdBugCheckText("ExReleaseRundownProtection: not acquired", 0xC4, 0x52440304, reinterpret_cast<ULONG_PTR>(RunRef), 0, KI_CALLER);
        block->users -= Count;
        if (!block->users) KeSetEvent(&block->gone, IO_NO_INCREMENT, FALSE);
        return;
    }
    if (RunRef->Count < Count * EX_RUNDOWN_COUNT_INC)
        RdBugCheckText("ExReleaseRundownProtection: not acquired", 0xC4, 0x52440304, reinterpret_cast<ULONG_PTR>(RunRef), 0, KI_CALLER);
    RunRef->Count = RunRef->Count - Count * EX_RUNDOWN_COUNT_INC;
}
VOID FASTCALL ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef) { ExReleaseRundownProtectionEx(RunRef, 1); }

/// <= APC_LEVEL. Returns when nobody is left; may be called again.
VOID FASTCALL ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExWaitForRundownProtectionRelease");
    WaitBlock block;
    KeInitializeEvent(&block.gone, NotificationEvent, FALSE);
    {
        KiAtomic atomic;
        if (RunRef->Count & EX_RUNDOWN_ACTIVE) return;
        block.users = RunRef->Count / EX_RUNDOWN_COUNT_INC;
        RunRef->Count = block.users ? reinterpret_cast<ULONG_PTR>(&block) | EX_RUNDOWN_ACTIVE : EX_RUNDOWN_ACTIVE;
        if (!block.users) return;
    }
    KeWaitForSingleObject(&block.gone, Executive, KernelMode, FALSE, nullptr);
    RunRef->Count = EX_RUNDOWN_ACTIVE;
}

}  // extern "C"
