// SPDX-License-Identifier: MIT
// io/remove_lock.cpp
//
// Remove locks: how drivers wait until no request uses a device that goes.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/using-remove-locks
//
// IoCount starts at 1, the owner's own, which IoReleaseRemoveLockAndWait gives back together with the caller's.
#include "io/iop.hpp"

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioinitializeremovelock
VOID NTAPI IoInitializeRemoveLockEx(
    PIO_REMOVE_LOCK Lock, ULONG AllocateTag, ULONG MaxLockedMinutes, ULONG HighWatermark, ULONG RemlockSize) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoInitializeRemoveLock");
    RtlZeroMemory(Lock, RemlockSize);
    Lock->Common.IoCount = 1;
    KeInitializeEvent(&Lock->Common.RemoveEvent, SynchronizationEvent, FALSE);
}

/// <= DISPATCH_LEVEL. STATUS_DELETE_PENDING: the device goes, and nothing was acquired.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioacquireremovelock
NTSTATUS NTAPI IoAcquireRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, PCSTR File, ULONG Line, ULONG RemlockSize) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoAcquireRemoveLock");
    InterlockedIncrement(&RemoveLock->Common.IoCount);
    if (!RemoveLock->Common.Removed) return STATUS_SUCCESS;
    if (InterlockedDecrement(&RemoveLock->Common.IoCount) == 0)
        KeSetEvent(&RemoveLock->Common.RemoveEvent, IO_NO_INCREMENT, FALSE);
    return STATUS_DELETE_PENDING;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioreleaseremovelock
VOID NTAPI IoReleaseRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoReleaseRemoveLock");
    const LONG left = InterlockedDecrement(&RemoveLock->Common.IoCount);
    if (left < 0 || (left == 0 && !RemoveLock->Common.Removed))
        IopViolation(
            IOP_REMOVE_LOCK_MISUSED, "IoReleaseRemoveLock: released more often than acquired", RemoveLock,
            reinterpret_cast<ULONG_PTR>(Tag), IOP_CALLER);
    if (left == 0) KeSetEvent(&RemoveLock->Common.RemoveEvent, IO_NO_INCREMENT, FALSE);
}

/// PASSIVE_LEVEL, by someone who has acquired it. Returns when everyone else has released it; nobody acquires it again.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioreleaseremovelockandwait
VOID NTAPI IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoReleaseRemoveLockAndWait");
    RemoveLock->Common.Removed = TRUE;
    const LONG left = InterlockedDecrement(&RemoveLock->Common.IoCount);  // the caller's
    if (left < 1)
        IopViolation(
            IOP_REMOVE_LOCK_MISUSED, "IoReleaseRemoveLockAndWait: the caller has not acquired it", RemoveLock,
            reinterpret_cast<ULONG_PTR>(Tag), IOP_CALLER);
    if (InterlockedDecrement(&RemoveLock->Common.IoCount) > 0)  // the owner's
        KeWaitForSingleObject(&RemoveLock->Common.RemoveEvent, Executive, KernelMode, FALSE, nullptr);
}
