// SPDX-License-Identifier: MIT
// ke/mutex.cpp
//
// Mutex objects and critical regions.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

/// Any IRQL. Level is ignored, as on Windows.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializemutex
VOID NTAPI KeInitializeMutex(PRKMUTEX Mutex, ULONG Level) {
    KiInitializeHeader(&Mutex->Header, KI_MUTANT, sizeof *Mutex, 1);
    Mutex->OwnerThread = nullptr;
    Mutex->Abandoned = FALSE;
    Mutex->ApcDisable = 1;
}

/// <= DISPATCH_LEVEL; by the thread that owns it, else STATUS_MUTANT_NOT_OWNED is raised. Returns the previous state.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasemutex
LONG NTAPI KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait) {
    KiRequireIrqlAtMost(Wait ? APC_LEVEL : DISPATCH_LEVEL, "KeReleaseMutex");
    KiCheckObject(Mutex, KI_MUTANT, KI_MUTANT, "KeReleaseMutex");
    PKTHREAD self = KeGetCurrentThread();
    if (Mutex->OwnerThread != self) ExRaiseStatus(STATUS_MUTANT_NOT_OWNED);
    KiAtomic atomic;
    const LONG before = Mutex->Header.SignalState++;
    if (Mutex->Header.SignalState == 1) {
        RemoveEntryList(&Mutex->MutantListEntry);
        Mutex->OwnerThread = nullptr;
        self->CriticalRegions -= Mutex->ApcDisable;
        KiWaitTest(&Mutex->Header);
    }
    return before;
}

/// <= DISPATCH_LEVEL. 1: not owned. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereadstatemutex
LONG NTAPI KeReadStateMutex(PRKMUTEX Mutex) {
    KiCheckObject(Mutex, KI_MUTANT, KI_MUTANT, "KeReadStateMutex");
    return Mutex->Header.SignalState;
}

/// <= APC_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-keentercriticalregion
VOID NTAPI KeEnterCriticalRegion() {
    KiRequireIrqlAtMost(APC_LEVEL, "KeEnterCriticalRegion");
    ++KeGetCurrentThread()->CriticalRegions;
}

/// <= APC_LEVEL. Leaving a region the thread is not in: bug check 0xC4, 0x3E.
VOID NTAPI KeLeaveCriticalRegion() {
    KiRequireIrqlAtMost(APC_LEVEL, "KeLeaveCriticalRegion");
    PKTHREAD self = KeGetCurrentThread();
    if (self->CriticalRegions <= 0) KeBugCheckEx(0xC4, 0x3E, 0, 0, 0);
    --self->CriticalRegions;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-keareapcsdisabled
BOOLEAN NTAPI KeAreApcsDisabled() { return KeGetCurrentThread()->CriticalRegions != 0; }

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keareallapcsdisabled
BOOLEAN NTAPI KeAreAllApcsDisabled() { return cpu::irql() >= APC_LEVEL; }

/// <= APC_LEVEL. Guarded regions block special kernel APCs too; there are none, so they count as critical regions.
VOID NTAPI KeEnterGuardedRegion() { KeEnterCriticalRegion(); }
VOID NTAPI KeLeaveGuardedRegion() { KeLeaveCriticalRegion(); }
