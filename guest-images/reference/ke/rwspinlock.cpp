// SPDX-License-Identifier: MIT
// ke/rwspinlock.cpp
//
// Reader-writer spin locks (EX_SPIN_LOCK): bit 31 is the writer, the rest counts readers.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/reader-writer-spin-locks
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

constexpr ULONG kWriter = 0x80000000;

volatile ULONG* word(volatile LONG* lock) { return reinterpret_cast<volatile ULONG*>(lock); }

void lock_shared(volatile LONG* lock) {
    for (;;) {
        ULONG seen = *word(lock);
        if (!(seen & kWriter) &&
            __atomic_compare_exchange_n(word(lock), &seen, seen + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        KiYieldProcessor();
    }
}

void lock_exclusive(volatile LONG* lock) {
    for (;;) {
        ULONG seen = 0;
        if (__atomic_compare_exchange_n(word(lock), &seen, kWriter, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
        KiYieldProcessor();
    }
}

void unlock_shared(volatile LONG* lock, ULONG64 caller) {
    if (*word(lock) == 0 || *word(lock) & kWriter) KeBugCheckEx(0x10, reinterpret_cast<ULONG_PTR>(lock), *lock, caller, 0);
    __atomic_fetch_sub(word(lock), 1, __ATOMIC_RELEASE);
}

void unlock_exclusive(volatile LONG* lock, ULONG64 caller) {
    if (*word(lock) != kWriter) KeBugCheckEx(0x10, reinterpret_cast<ULONG_PTR>(lock), *lock, caller, 0);
    __atomic_store_n(word(lock), 0, __ATOMIC_RELEASE);
}

KIRQL raise(volatile LONG* lock, ULONG64 caller) {
    const ULONG64 irql = cpu::irql();
    if (irql > DISPATCH_LEVEL) KeBugCheckEx(0xC4, 0x42, irql, reinterpret_cast<ULONG_PTR>(lock), 0);
    KiMaybeYield();
    cpu::set_irql(DISPATCH_LEVEL);
    return static_cast<KIRQL>(irql);
}

void lower(volatile LONG* lock, KIRQL irql, ULONG64 caller) {
    if (irql > DISPATCH_LEVEL) KeBugCheckEx(0xC4, 0x31, DISPATCH_LEVEL, irql, 0);
    cpu::set_irql(irql);
    KiMaybeYield();
}

void require(volatile LONG* lock, ULONG subcode, ULONG64 caller) {
    if (cpu::irql() != DISPATCH_LEVEL)
        KeBugCheckEx(0xC4, subcode, cpu::irql(), reinterpret_cast<ULONG_PTR>(lock), 0);
}

}  // namespace

extern "C" {

/// <= DISPATCH_LEVEL; returns the old IRQL.
KIRQL ExAcquireSpinLockShared(volatile LONG* SpinLock) {
    const KIRQL irql = raise(SpinLock, KI_CALLER);
    lock_shared(SpinLock);
    return irql;
}
KIRQL ExAcquireSpinLockExclusive(volatile LONG* SpinLock) {
    const KIRQL irql = raise(SpinLock, KI_CALLER);
    lock_exclusive(SpinLock);
    return irql;
}
/// DISPATCH_LEVEL.
VOID ExReleaseSpinLockShared(volatile LONG* SpinLock, KIRQL OldIrql) {
    require(SpinLock, 0x32, KI_CALLER);
    unlock_shared(SpinLock, KI_CALLER);
    lower(SpinLock, OldIrql, KI_CALLER);
}
VOID ExReleaseSpinLockExclusive(volatile LONG* SpinLock, KIRQL OldIrql) {
    require(SpinLock, 0x32, KI_CALLER);
    unlock_exclusive(SpinLock, KI_CALLER);
    lower(SpinLock, OldIrql, KI_CALLER);
}
VOID ExAcquireSpinLockSharedAtDpcLevel(volatile LONG* SpinLock) {
    require(SpinLock, 0x40, KI_CALLER);
    lock_shared(SpinLock);
}
VOID ExAcquireSpinLockExclusiveAtDpcLevel(volatile LONG* SpinLock) {
    require(SpinLock, 0x40, KI_CALLER);
    lock_exclusive(SpinLock);
}
VOID ExReleaseSpinLockSharedFromDpcLevel(volatile LONG* SpinLock) {
    require(SpinLock, 0x41, KI_CALLER);
    unlock_shared(SpinLock, KI_CALLER);
}
VOID ExReleaseSpinLockExclusiveFromDpcLevel(volatile LONG* SpinLock) {
    require(SpinLock, 0x41, KI_CALLER);
    unlock_exclusive(SpinLock, KI_CALLER);
}
/// DISPATCH_LEVEL, by a reader. False: there are other readers.
LOGICAL ExTryConvertSharedSpinLockExclusive(volatile LONG* SpinLock) {
    require(SpinLock, 0x40, KI_CALLER);
    ULONG seen = 1;
    return __atomic_compare_exchange_n(word(SpinLock), &seen, kWriter, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

}  // extern "C"
