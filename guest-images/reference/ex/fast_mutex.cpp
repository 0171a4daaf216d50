// SPDX-License-Identifier: MIT
// ex/fast_mutex.cpp
//
// Fast mutexes and guarded mutexes: owned by one thread, not recursive. A fast mutex is held at APC_LEVEL.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/fast-mutexes-and-guarded-mutexes
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

/// Count is 1 when free, and below by one for the owner and each that waits.
template <class Mutex, class Wait>
void acquire(Mutex* mutex, const char* function, Wait wait) {
    if (mutex->Owner == KeGetCurrentThread())
        RdBugCheckText(function, 0xC4, 0x1000, reinterpret_cast<ULONG_PTR>(mutex), 0, 0);
    if (InterlockedDecrement(&mutex->Count) != 0) {
        ++mutex->Contention;
        wait();
    }
    mutex->Owner = KeGetCurrentThread();
}

template <class Mutex, class Wake>
void release(Mutex* mutex, const char* function, Wake wake) {
    if (mutex->Owner != KeGetCurrentThread())
        RdBugCheckText(
            function, 0xC4, mutex->Owner ? 0x1004 : 0x1007, reinterpret_cast<ULONG_PTR>(mutex), reinterpret_cast<ULONG_PTR>(mutex->Owner),
            mutex->Owner ? reinterpret_cast<ULONG_PTR>(KeGetCurrentThread()) : 0);
    mutex->Owner = nullptr;
    if (InterlockedIncrement(&mutex->Count) <= 0) wake();
}

void wait_for(PKEVENT event) { KeWaitForSingleObject(event, Executive, KernelMode, FALSE, nullptr); }

/// A KGATE begins with a dispatcher header; here it is one of a synchronization event.
PKEVENT gate(PKGUARDED_MUTEX mutex) { return reinterpret_cast<PKEVENT>(&mutex->Gate); }

}  // namespace

extern "C" {

/// <= APC_LEVEL. On return the IRQL is APC_LEVEL. A thread that has it already stops the guest.
VOID FASTCALL ExAcquireFastMutex(PFAST_MUTEX FastMutex) {
    if (KeGetCurrentIrql() > APC_LEVEL) KeBugCheckEx(0xC4, 0x33, KeGetCurrentIrql(), reinterpret_cast<ULONG_PTR>(FastMutex), 0);
    KIRQL irql;
    KeRaiseIrql(APC_LEVEL, &irql);
    acquire(FastMutex, "ExAcquireFastMutex: the thread has it already", [&] { wait_for(&FastMutex->Event); });
    FastMutex->OldIrql = irql;
}
/// At APC_LEVEL, where the mutex is held (bug check 0xC4, 0x34), by the thread that has it.
VOID FASTCALL ExReleaseFastMutex(PFAST_MUTEX FastMutex) {
    if (KeGetCurrentIrql() != APC_LEVEL)
        RdBugCheckText("ExReleaseFastMutex: not at APC_LEVEL", 0xC4, 0x34, KeGetCurrentIrql(), reinterpret_cast<ULONG_PTR>(FastMutex), 0);
    const KIRQL irql = static_cast<KIRQL>(FastMutex->OldIrql);
    release(FastMutex, "ExReleaseFastMutex: the thread does not have it", [&] { KeSetEvent(&FastMutex->Event, IO_NO_INCREMENT, FALSE); });
    KeLowerIrql(irql);
}
BOOLEAN FASTCALL ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExTryToAcquireFastMutex");
    KIRQL irql;
    KeRaiseIrql(APC_LEVEL, &irql);
    if (InterlockedCompareExchange(&FastMutex->Count, 0, 1) != 1) {
        KeLowerIrql(irql);
        return FALSE;
    }
    FastMutex->Owner = KeGetCurrentThread();
    FastMutex->OldIrql = irql;
    return TRUE;
}
/// For callers that are at APC_LEVEL or in a critical region already; others stop the guest (bug check 0xC4, 0x39).
VOID FASTCALL ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExAcquireFastMutexUnsafe");
    if (KeGetCurrentIrql() < APC_LEVEL && !KeAreApcsDisabled())
        RdBugCheckText("ExAcquireFastMutexUnsafe: APCs are not disabled", 0xC4, 0x39, KeGetCurrentIrql(), 0, reinterpret_cast<ULONG_PTR>(FastMutex));
    acquire(FastMutex, "ExAcquireFastMutexUnsafe: the thread has it already", [&] { wait_for(&FastMutex->Event); });
}
VOID FASTCALL ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex) {
    if (KeGetCurrentIrql() < APC_LEVEL && !KeAreApcsDisabled())
        RdBugCheckText("ExReleaseFastMutexUnsafe: APCs are not disabled", 0xC4, 0x3A, KeGetCurrentIrql(), 0, reinterpret_cast<ULONG_PTR>(FastMutex));
    release(FastMutex, "ExReleaseFastMutexUnsafe: the thread does not have it", [&] { KeSetEvent(&FastMutex->Event, IO_NO_INCREMENT, FALSE); });
}

VOID NTAPI KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex) {
    RtlZeroMemory(Mutex, sizeof *Mutex);
    Mutex->Count = 1;
    KeInitializeEvent(gate(Mutex), SynchronizationEvent, FALSE);
}
/// <= APC_LEVEL; enters a guarded region.
VOID NTAPI KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex) {
    KiRequireIrqlAtMost(APC_LEVEL, "KeAcquireGuardedMutex");
    KeEnterGuardedRegion();
    acquire(Mutex, "KeAcquireGuardedMutex: the thread has it already", [&] { wait_for(gate(Mutex)); });
}
VOID NTAPI KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex) {
    release(Mutex, "KeReleaseGuardedMutex: the thread does not have it", [&] { KeSetEvent(gate(Mutex), IO_NO_INCREMENT, FALSE); });
    KeLeaveGuardedRegion();
}
BOOLEAN NTAPI KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX Mutex) {
    KiRequireIrqlAtMost(APC_LEVEL, "KeTryToAcquireGuardedMutex");
    KeEnterGuardedRegion();
    if (InterlockedCompareExchange(&Mutex->Count, 0, 1) == 1) {
        Mutex->Owner = KeGetCurrentThread();
        return TRUE;
    }
    KeLeaveGuardedRegion();
    return FALSE;
}

}  // extern "C"
