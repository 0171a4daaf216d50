// SPDX-License-Identifier: MIT
// selftest/tests_locks.cpp
//
// Spin locks in all their forms, and interrupts: what is held, at which IRQL, and who gets it next.
#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

RD_IMPORT(KIRQL, KeAcquireSpinLockForDpc, PKSPIN_LOCK)
RD_IMPORT(void, KeReleaseSpinLockForDpc, PKSPIN_LOCK, KIRQL)
RD_IMPORT(BOOLEAN, KeTryToAcquireSpinLockAtDpcLevel, PKSPIN_LOCK)
RD_IMPORT(BOOLEAN, KeTestSpinLock, PKSPIN_LOCK)
RD_IMPORT(void, KeAcquireInStackQueuedSpinLock, PKSPIN_LOCK, PKLOCK_QUEUE_HANDLE)
RD_IMPORT(void, KeReleaseInStackQueuedSpinLock, PKLOCK_QUEUE_HANDLE)
RD_IMPORT(void, KeAcquireInStackQueuedSpinLockAtDpcLevel, PKSPIN_LOCK, PKLOCK_QUEUE_HANDLE)
RD_IMPORT(void, KeReleaseInStackQueuedSpinLockFromDpcLevel, PKLOCK_QUEUE_HANDLE)
RD_IMPORT(void, KeAcquireInStackQueuedSpinLockForDpc, PKSPIN_LOCK, PKLOCK_QUEUE_HANDLE)
RD_IMPORT(void, KeReleaseInStackQueuedSpinLockForDpc, PKLOCK_QUEUE_HANDLE)
RD_IMPORT(KIRQL, ExAcquireSpinLockShared, volatile LONG*)
RD_IMPORT(void, ExAcquireSpinLockSharedAtDpcLevel, volatile LONG*)
RD_IMPORT(void, ExReleaseSpinLockShared, volatile LONG*, KIRQL)
RD_IMPORT(void, ExReleaseSpinLockSharedFromDpcLevel, volatile LONG*)
RD_IMPORT(KIRQL, ExAcquireSpinLockExclusive, volatile LONG*)
RD_IMPORT(void, ExAcquireSpinLockExclusiveAtDpcLevel, volatile LONG*)
RD_IMPORT(void, ExReleaseSpinLockExclusive, volatile LONG*, KIRQL)
RD_IMPORT(void, ExReleaseSpinLockExclusiveFromDpcLevel, volatile LONG*)
RD_IMPORT(LONG, ExTryConvertSharedSpinLockExclusive, volatile LONG*)

namespace {

const char* test_spin_lock_forms() {
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    KIRQL old = crt::KeAcquireSpinLockForDpc(&lock);
    const KIRQL inside = KeGetCurrentIrql();
    const bool held = !crt::KeTestSpinLock(&lock), second = crt::KeTryToAcquireSpinLockAtDpcLevel(&lock);
    crt::KeReleaseSpinLockForDpc(&lock, old);
    RD_EXPECT(inside == DISPATCH_LEVEL && held && !second && crt::KeTestSpinLock(&lock) && KeGetCurrentIrql() == PASSIVE_LEVEL);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    const bool taken = crt::KeTryToAcquireSpinLockAtDpcLevel(&lock);
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeLowerIrql(old);
    RD_EXPECT(taken && crt::KeTestSpinLock(&lock));
    return nullptr;
}

const char* test_queued_spin_locks() {
    KSPIN_LOCK lock;
    KLOCK_QUEUE_HANDLE handle;
    KeInitializeSpinLock(&lock);
    crt::KeAcquireInStackQueuedSpinLock(&lock, &handle);
    const KIRQL inside = KeGetCurrentIrql();
    const bool held = !crt::KeTestSpinLock(&lock);
    crt::KeReleaseInStackQueuedSpinLock(&handle);
    RD_EXPECT(inside == DISPATCH_LEVEL && held && KeGetCurrentIrql() == PASSIVE_LEVEL);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    crt::KeAcquireInStackQueuedSpinLockAtDpcLevel(&lock, &handle);
    const bool again = crt::KeTryToAcquireSpinLockAtDpcLevel(&lock);
    crt::KeReleaseInStackQueuedSpinLockFromDpcLevel(&handle);
    KeLowerIrql(old);
    crt::KeAcquireInStackQueuedSpinLockForDpc(&lock, &handle);
    crt::KeReleaseInStackQueuedSpinLockForDpc(&handle);
    RD_EXPECT(!again && crt::KeTestSpinLock(&lock) && KeGetCurrentIrql() == PASSIVE_LEVEL);
    return nullptr;
}

const char* test_shared_spin_locks() {
    volatile LONG lock = 0;
    KIRQL old = crt::ExAcquireSpinLockShared(&lock);
    crt::ExAcquireSpinLockSharedAtDpcLevel(&lock);  // readers do not keep each other out
    const bool two = crt::ExTryConvertSharedSpinLockExclusive(&lock);
    crt::ExReleaseSpinLockSharedFromDpcLevel(&lock);
    const bool one = crt::ExTryConvertSharedSpinLockExclusive(&lock);
    crt::ExReleaseSpinLockExclusive(&lock, old);
    RD_EXPECT(!two && one && lock == 0 && KeGetCurrentIrql() == PASSIVE_LEVEL);
    old = crt::ExAcquireSpinLockExclusive(&lock);
    const bool held = lock != 0;
    crt::ExReleaseSpinLockExclusive(&lock, old);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    crt::ExAcquireSpinLockExclusiveAtDpcLevel(&lock);
    crt::ExReleaseSpinLockExclusiveFromDpcLevel(&lock);
    KeLowerIrql(old);
    old = crt::ExAcquireSpinLockShared(&lock);
    crt::ExReleaseSpinLockShared(&lock, old);
    RD_EXPECT(held && lock == 0);
    return nullptr;
}

BOOLEAN NTAPI on_interrupt(PKINTERRUPT, PVOID) { return FALSE; }
BOOLEAN NTAPI synchronized(PVOID context) {
    *static_cast<KIRQL*>(context) = KeGetCurrentIrql();
    return TRUE;
}

const char* test_interrupt_objects() {
    ULONG vector;
    KIRQL irql, seen = 0;
    PKINTERRUPT interrupt = nullptr;
    RD_EXPECT(RdTranslateInterrupt(9, &vector, &irql) == STATUS_SUCCESS && irql > DISPATCH_LEVEL);
    RD_EXPECT(RdTranslateInterrupt(4000, &vector, &irql) == STATUS_INVALID_PARAMETER);
    RdTranslateInterrupt(9, &vector, &irql);
    RD_EXPECT(IoConnectInterrupt(&interrupt, on_interrupt, nullptr, nullptr, vector, irql, irql, LevelSensitive, TRUE, 1, FALSE) == STATUS_SUCCESS);
    const bool result = KeSynchronizeExecution(interrupt, synchronized, &seen);
    const KIRQL before = KeAcquireInterruptSpinLock(interrupt), inside = KeGetCurrentIrql();
    KeReleaseInterruptSpinLock(interrupt, before);
    IoDisconnectInterrupt(interrupt);
    RD_EXPECT(result && seen == irql && inside == irql && before == PASSIVE_LEVEL);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST lock_tests[] = {
    {"ke.spin-lock-forms", test_spin_lock_forms},
    {"ke.queued-spin-locks", test_queued_spin_locks},
    {"ke.shared-spin-locks", test_shared_spin_locks},
    {"ke.interrupt-objects", test_interrupt_objects},
    {nullptr, nullptr},
};

}  // namespace selftest
