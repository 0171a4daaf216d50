// SPDX-License-Identifier: MIT
// ndis/lib/lock.cpp
//
// Spin locks, interlocked helpers over them, and the readers-writer lock.
#include "ndis/lib/ndis_lib.hpp"

using namespace ndis;

/// Any IRQL.
VOID NTAPI NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock) {
    KeInitializeSpinLock(&SpinLock->SpinLock);
    SpinLock->OldIrql = PASSIVE_LEVEL;
}

/// The lock must not be held. Any IRQL.
VOID NTAPI NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock) {
    if (!KeTestSpinLock(&SpinLock->SpinLock))
        RdBugCheckText(
            "NdisFreeSpinLock: the lock is held", 0xC4, 0x52440006, reinterpret_cast<ULONG_PTR>(SpinLock), 0,
            reinterpret_cast<ULONG_PTR>(NDIS_CALLER));
}

/// <= DISPATCH_LEVEL; DISPATCH_LEVEL on return.
VOID NTAPI NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAcquireSpinLock", NDIS_CALLER);
    const KIRQL irql = KeAcquireSpinLockRaiseToDpc(&SpinLock->SpinLock);
    SpinLock->OldIrql = irql;  // under the lock: whoever holds it owns the field
}
/// DISPATCH_LEVEL; the IRQL of the acquisition on return.
VOID NTAPI NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock) {
    require_irql_exactly(DISPATCH_LEVEL, "NdisReleaseSpinLock", NDIS_CALLER);
    KeReleaseSpinLock(&SpinLock->SpinLock, SpinLock->OldIrql);
}
/// DISPATCH_LEVEL.
VOID NTAPI NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock) {
    require_irql_exactly(DISPATCH_LEVEL, "NdisDprAcquireSpinLock", NDIS_CALLER);
    KeAcquireSpinLockAtDpcLevel(&SpinLock->SpinLock);
    SpinLock->OldIrql = DISPATCH_LEVEL;
}
VOID NTAPI NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock) {
    require_irql_exactly(DISPATCH_LEVEL, "NdisDprReleaseSpinLock", NDIS_CALLER);
    KeReleaseSpinLockFromDpcLevel(&SpinLock->SpinLock);
}

/// Any IRQL.
ULONG NTAPI NdisInterlockedIncrement(PLONG Addend) { return static_cast<ULONG>(__atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST)); }
ULONG NTAPI NdisInterlockedDecrement(PLONG Addend) { return static_cast<ULONG>(__atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST)); }

/// The value before. <= DISPATCH_LEVEL; the lock must not be held by the caller (it would wait for itself).
ULONG NTAPI NdisInterlockedAddUlong(PULONG Addend, ULONG Increment, PNDIS_SPIN_LOCK SpinLock) {
    SpinGuard guard(SpinLock->SpinLock);
    const ULONG before = *Addend;
    *Addend = before + Increment;
    return before;
}
/// The former first (last) entry, null when the list was empty. <= DISPATCH_LEVEL.
PLIST_ENTRY NTAPI NdisInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PNDIS_SPIN_LOCK SpinLock) {
    SpinGuard guard(SpinLock->SpinLock);
    PLIST_ENTRY before = IsListEmpty(ListHead) ? nullptr : ListHead->Flink;
    InsertHeadList(ListHead, ListEntry);
    return before;
}
PLIST_ENTRY NTAPI NdisInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PNDIS_SPIN_LOCK SpinLock) {
    SpinGuard guard(SpinLock->SpinLock);
    PLIST_ENTRY before = IsListEmpty(ListHead) ? nullptr : ListHead->Blink;
    InsertTailList(ListHead, ListEntry);
    return before;
}
/// The entry taken off, null when the list was empty. <= DISPATCH_LEVEL.
PLIST_ENTRY NTAPI NdisInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PNDIS_SPIN_LOCK SpinLock) {
    SpinGuard guard(SpinLock->SpinLock);
    return IsListEmpty(ListHead) ? nullptr : RemoveHeadList(ListHead);
}
