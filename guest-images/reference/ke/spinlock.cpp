// SPDX-License-Identifier: MIT
// ke/spinlock.cpp
//
// Spin locks. A held lock contains 1 | logical processor << 1 | caller's address << 8, so that taking it twice on one logical
// processor (bug check 0xF) and releasing somebody else's (0x10) are seen at once, and a text can say who holds it.
// Whoever spins gives the vCPU to another logical processor. In-stack queued locks are the same lock with a place to keep
// the old IRQL; first come first served is not promised, which the documentation does not do for the mixed use either.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

constexpr KSPIN_LOCK kHeld = 1;

ULONG owner_of(KSPIN_LOCK value) { return value >> 1 & 0x7F; }

KSPIN_LOCK held_by(ULONG processor, ULONG64 caller) { return kHeld | KSPIN_LOCK{processor} << 1 | caller << 8; }

void describe(const char* what, PKSPIN_LOCK lock, KSPIN_LOCK value) {
    char where[96];
    KiDescribeAddress(static_cast<ULONG64>(static_cast<LONGLONG>(value) >> 8), where, sizeof where);
    KiPrint("%s: spin lock %p is held by processor %u, which took it at %s\n", what, lock, owner_of(value), where);
}

void lock_at_raised(PKSPIN_LOCK lock, ULONG64 caller) {
    for (;;) {
        const ULONG self = KiCurrentPcr()->Number;
        KSPIN_LOCK seen = 0;
        if (__atomic_compare_exchange_n(lock, &seen, held_by(self, caller), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return;
        if (!(seen & kHeld) || owner_of(seen) >= KiProcessorCount) {
            KiPrint("spin lock %p has the value %llx: not a spin lock, or freed memory\n", lock, seen);
            KeBugCheckEx(0x81, reinterpret_cast<ULONG_PTR>(lock), seen, 0, caller);  // SPIN_LOCK_INIT_FAILURE
        }
        if (owner_of(seen) == self) {
            describe("taken again", lock, seen);
            KeBugCheckEx(0xF, reinterpret_cast<ULONG_PTR>(lock), seen, caller, 0);
        }
        KiYieldProcessor();
        cpu::pause();
    }
}

void unlock(PKSPIN_LOCK lock, ULONG64 caller) {
    const KSPIN_LOCK value = *lock;
    if (!(value & kHeld) || owner_of(value) != KiCurrentPcr()->Number) {
        if (value & kHeld) describe("released by another", lock, value);
        KeBugCheckEx(0x10, reinterpret_cast<ULONG_PTR>(lock), value, caller, 0);
    }
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

void require_dispatch(ULONG subcode, PKSPIN_LOCK lock, bool or_above) {
    const ULONG64 irql = cpu::irql();
    if (irql == DISPATCH_LEVEL || (or_above && irql > DISPATCH_LEVEL)) return;
    KeBugCheckEx(0xC4, subcode, irql, reinterpret_cast<ULONG_PTR>(lock), 0);
}

KIRQL raise_and_lock(PKSPIN_LOCK lock, ULONG64 caller) {
    const ULONG64 irql = cpu::irql();
    if (irql > DISPATCH_LEVEL) KeBugCheckEx(0xC4, 0x42, irql, reinterpret_cast<ULONG_PTR>(lock), 0);
    KiMaybeYield();
    cpu::set_irql(DISPATCH_LEVEL);
    lock_at_raised(lock, caller);
    return static_cast<KIRQL>(irql);
}

void unlock_and_lower(PKSPIN_LOCK lock, KIRQL irql, ULONG64 caller) {
    require_dispatch(0x32, lock, false);
    if (irql > DISPATCH_LEVEL) KeBugCheckEx(0xC4, 0x31, DISPATCH_LEVEL, irql, 0);
    unlock(lock, caller);
    cpu::set_irql(irql);
    KiMaybeYield();
}

}  // namespace

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializespinlock
extern "C" VOID NTAPI KiExportInitializeSpinLock(PKSPIN_LOCK SpinLock) { *SpinLock = 0; }

/// <= DISPATCH_LEVEL; returns the old IRQL for KeReleaseSpinLock. What KeAcquireSpinLock is on x64.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquirespinlock
KIRQL FASTCALL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock) { return raise_and_lock(SpinLock, KI_CALLER); }

/// At DISPATCH_LEVEL, on the logical processor that took it.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasespinlock
VOID NTAPI KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql) { unlock_and_lower(SpinLock, NewIrql, KI_CALLER); }

/// >= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquirespinlockatdpclevel
VOID NTAPI KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) {
    require_dispatch(0x40, SpinLock, true);
    KiMaybeYield();
    lock_at_raised(SpinLock, KI_CALLER);
}

/// >= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasespinlockfromdpclevel
VOID NTAPI KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock) {
    require_dispatch(0x41, SpinLock, true);
    unlock(SpinLock, KI_CALLER);
    KiMaybeYield();
}

/// >= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ketrytoacquirespinlockatdpclevel
BOOLEAN FASTCALL KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) {
    require_dispatch(0x40, SpinLock, true);
    KSPIN_LOCK seen = 0;
    return __atomic_compare_exchange_n(
        SpinLock, &seen, held_by(KiCurrentPcr()->Number, KI_CALLER), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/// Any IRQL. True: nobody holds it. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ketestspinlock
BOOLEAN FASTCALL KeTestSpinLock(PKSPIN_LOCK SpinLock) { return *SpinLock == 0; }

/// Any IRQL: DISPATCH_LEVEL or above keeps its IRQL, below raises to DISPATCH_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquirespinlockfordpc
KIRQL FASTCALL KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock) { return raise_and_lock(SpinLock, KI_CALLER); }
VOID FASTCALL KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql) {
    unlock_and_lower(SpinLock, OldIrql, KI_CALLER);
}

/// <= DISPATCH_LEVEL. The handle lives on the caller's stack until the release.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquireinstackqueuedspinlock
VOID FASTCALL KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
    LockHandle->OldIrql = raise_and_lock(SpinLock, KI_CALLER);
    LockHandle->LockQueue.Lock = SpinLock;
}

/// DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleaseinstackqueuedspinlock
VOID FASTCALL KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle) {
    unlock_and_lower(LockHandle->LockQueue.Lock, LockHandle->OldIrql, KI_CALLER);
}

/// >= DISPATCH_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquireinstackqueuedspinlockatdpclevel
VOID FASTCALL KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
    require_dispatch(0x40, SpinLock, true);
    lock_at_raised(SpinLock, KI_CALLER);
    LockHandle->LockQueue.Lock = SpinLock;
}
VOID FASTCALL KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle) {
    require_dispatch(0x41, LockHandle->LockQueue.Lock, true);
    unlock(LockHandle->LockQueue.Lock, KI_CALLER);
    KiMaybeYield();
}
VOID FASTCALL KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
    KeAcquireInStackQueuedSpinLock(SpinLock, LockHandle);
}
VOID FASTCALL KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE LockHandle) {
    KeReleaseInStackQueuedSpinLock(LockHandle);
}

/// The lock of an interrupt object, at whatever IRQL the caller has raised to. For interrupt.cpp.
extern "C" VOID KiLockAtRaisedIrql(PKSPIN_LOCK lock) { lock_at_raised(lock, KI_CALLER); }
extern "C" VOID KiUnlockAtRaisedIrql(PKSPIN_LOCK lock) { unlock(lock, KI_CALLER); }
