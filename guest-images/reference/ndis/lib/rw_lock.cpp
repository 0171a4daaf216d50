// SPDX-License-Identifier: MIT
// ndis/lib/rw_lock.cpp
//
// NDIS 5.1's readers-writer lock. One reader count per processor: a processor that reads already may read again while a
// writer waits, and readers on different processors do not touch each other's counts. A writer holds the spin lock all the
// while, which keeps new readers out, and waits for the counts.
#include "ndis/lib/ndis_lib.hpp"

using namespace ndis;

namespace {

enum : USHORT { kUnlocked = 0, kRead = 2, kWrite = 3, kWriteAgain = 4 };

UINT& readers_here(PNDIS_RW_LOCK lock) {
    return lock->RefCount[KeGetCurrentProcessorNumber() % NDIS_RW_LOCK_PROCESSORS].RefCount;
}

bool any_reader(PNDIS_RW_LOCK lock) {
    for (const NDIS_RW_LOCK_REFCOUNT& count : lock->RefCount)
        if (__atomic_load_n(&count.RefCount, __ATOMIC_ACQUIRE) != 0) return true;
    return false;
}

void acquire_write(PNDIS_RW_LOCK lock) {
    KeAcquireSpinLockAtDpcLevel(&lock->SpinLock);
    while (any_reader(lock)) RdStall(1);  // other processors run meanwhile
    lock->Context = KeGetCurrentThread();
}

void acquire_read(PNDIS_RW_LOCK lock) {
    UINT& here = readers_here(lock);
    if (__atomic_load_n(&here, __ATOMIC_ACQUIRE) != 0) {
        __atomic_add_fetch(&here, 1, __ATOMIC_ACQ_REL);
        return;
    }
    KeAcquireSpinLockAtDpcLevel(&lock->SpinLock);
    __atomic_add_fetch(&here, 1, __ATOMIC_ACQ_REL);
    KeReleaseSpinLockFromDpcLevel(&lock->SpinLock);
}

/// DISPATCH_LEVEL.
void acquire(PNDIS_RW_LOCK lock, BOOLEAN write, PLOCK_STATE state) {
    if (lock->Context == KeGetCurrentThread()) {
        state->LockState = kWriteAgain;
    } else if (write) {
        acquire_write(lock);
        state->LockState = kWrite;
    } else {
        acquire_read(lock);
        state->LockState = kRead;
    }
}

void release(PNDIS_RW_LOCK lock, PLOCK_STATE state, PVOID caller) {
    const USHORT held = state->LockState;
    state->LockState = kUnlocked;
    if (held == kWrite) {
        lock->Context = nullptr;
        KeReleaseSpinLockFromDpcLevel(&lock->SpinLock);
    } else if (held == kRead) {
        __atomic_sub_fetch(&readers_here(lock), 1, __ATOMIC_ACQ_REL);
    } else if (held != kWriteAgain) {
        RdBugCheckText(
            "NdisReleaseReadWriteLock: not held by this lock state", 0xC4, 0x52440007, reinterpret_cast<ULONG_PTR>(lock), held,
            reinterpret_cast<ULONG_PTR>(caller));
    }
}

}  // namespace

/// Any IRQL.
VOID NTAPI NdisInitializeReadWriteLock(PNDIS_RW_LOCK Lock) { RtlZeroMemory(Lock, sizeof *Lock); }

/// <= DISPATCH_LEVEL; DISPATCH_LEVEL on return. A thread that writes may acquire again, for either.
VOID NTAPI NdisAcquireReadWriteLock(PNDIS_RW_LOCK Lock, BOOLEAN Write, PLOCK_STATE LockState) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAcquireReadWriteLock", NDIS_CALLER);
    KeRaiseIrql(DISPATCH_LEVEL, &LockState->OldIrql);
    acquire(Lock, Write, LockState);
}
/// DISPATCH_LEVEL, with the state of the acquisition; its IRQL on return.
VOID NTAPI NdisReleaseReadWriteLock(PNDIS_RW_LOCK Lock, PLOCK_STATE LockState) {
    require_irql_exactly(DISPATCH_LEVEL, "NdisReleaseReadWriteLock", NDIS_CALLER);
    release(Lock, LockState, NDIS_CALLER);
    KeLowerIrql(LockState->OldIrql);
}
/// DISPATCH_LEVEL.
VOID NTAPI NdisDprAcquireReadWriteLock(PNDIS_RW_LOCK Lock, BOOLEAN Write, PLOCK_STATE LockState) {
    require_irql_exactly(DISPATCH_LEVEL, "NdisDprAcquireReadWriteLock", NDIS_CALLER);
    LockState->OldIrql = DISPATCH_LEVEL;
    acquire(Lock, Write, LockState);
}
VOID NTAPI NdisDprReleaseReadWriteLock(PNDIS_RW_LOCK Lock, PLOCK_STATE LockState) {
    require_irql_exactly(DISPATCH_LEVEL, "NdisDprReleaseReadWriteLock", NDIS_CALLER);
    release(Lock, LockState, NDIS_CALLER);
}
