// SPDX-License-Identifier: MIT
// selftest/provoke_locks.cpp
//
// Crimes with spin locks, fast mutexes, resources and critical regions.
#include "selftest/crt.hpp"
#include "selftest/provoke.hpp"

RD_IMPORT(KIRQL, KfRaiseIrql, KIRQL)
RD_IMPORT(void, KeLowerIrql, KIRQL)
RD_IMPORT(void, KeLeaveCriticalRegion)
RD_IMPORT(void, ExReleaseFastMutexUnsafe, PFAST_MUTEX)
RD_IMPORT(void, ExInitializeRundownProtection, PEX_RUNDOWN_REF)
RD_IMPORT(void, ExReleaseRundownProtection, PEX_RUNDOWN_REF)
RD_IMPORT(void, ExReInitializeRundownProtection, PEX_RUNDOWN_REF)

// Not in the DDK headers of mingw-w64.
extern "C" __declspec(dllimport) VOID ExReleaseSpinLockSharedFromDpcLevel(volatile LONG*);

namespace {

KSPIN_LOCK lock;
FAST_MUTEX mutex;
ERESOURCE resource;

KIRQL take() {
    KIRQL irql;
    KeInitializeSpinLock(&lock);
    provoke::value(1, &lock);
    KeAcquireSpinLock(&lock, &irql);
    return irql;
}

void raise(KIRQL irql) {
    KIRQL before;
    KeRaiseIrql(irql, &before);
}

/// Runs on processor 0 at DISPATCH_LEVEL while the lock's owner has another one.
VOID NTAPI release_others(PKDPC, PVOID, PVOID, PVOID) { KeReleaseSpinLockFromDpcLevel(&lock); }

/// Leaves a resource behind on a stack that others use afterwards.
__attribute__((noinline)) void forget_a_resource() {
    ERESOURCE local;
    ExInitializeResourceLite(&local);
}
__attribute__((noinline)) void use_the_stack() {
    volatile UCHAR room[1024];
    for (volatile UCHAR& byte : room) byte = 0x11;
}

VOID NTAPI release_mutex_of_another(PVOID) {
    KIRQL before;
    KeRaiseIrql(APC_LEVEL, &before);
    ExReleaseFastMutex(&mutex);
}

}  // namespace

extern "C" VOID provoke_spin_lock_twice() {
    KIRQL irql;
    take();
    KeAcquireSpinLock(&lock, &irql);
}

extern "C" VOID provoke_spin_lock_not_owned() {
    KeInitializeSpinLock(&lock);
    provoke::value(1, &lock);
    raise(DISPATCH_LEVEL);
    KeReleaseSpinLockFromDpcLevel(&lock);
}

extern "C" VOID provoke_spin_lock_of_another() {
    static KDPC dpc;
    provoke::guilty(release_others);
    KeInitializeDpc(&dpc, release_others, nullptr);
    KeSetTargetProcessorDpc(&dpc, 0);
    KeSetSystemAffinityThread(2);  // processor 1
    take();
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    while (*const_cast<volatile KSPIN_LOCK*>(&lock)) YieldProcessor();
}

extern "C" VOID provoke_spin_lock_in_freed_pool() {
    auto* inside = static_cast<PKSPIN_LOCK>(ExAllocatePoolWithTag(NonPagedPool, 256, provoke::kTag));
    provoke::value(1, inside);
    ExFreePoolWithTag(inside, provoke::kTag);
    KIRQL irql;
    KeAcquireSpinLock(provoke::hide(inside), &irql);
}

extern "C" VOID provoke_spin_lock_above_dispatch() {
    KIRQL irql;
    KeInitializeSpinLock(&lock);
    provoke::value(1, &lock);
    raise(5);
    KeAcquireSpinLock(&lock, &irql);
}

extern "C" VOID provoke_spin_lock_released_below_dispatch() {
    const KIRQL irql = take();
    KeLowerIrql(APC_LEVEL);
    KeReleaseSpinLock(&lock, irql);
}

extern "C" VOID provoke_spin_lock_released_to_higher_irql() {
    take();
    KeReleaseSpinLock(&lock, 9);
}

extern "C" VOID provoke_spin_lock_at_dpc_level_below_it() {
    KeInitializeSpinLock(&lock);
    provoke::value(1, &lock);
    KeAcquireSpinLockAtDpcLevel(&lock);
}

extern "C" VOID provoke_spin_lock_from_dpc_level_below_it() {
    take();
    KeLowerIrql(PASSIVE_LEVEL);
    KeReleaseSpinLockFromDpcLevel(&lock);
}

extern "C" VOID provoke_queued_spin_lock_above_dispatch() {
    KLOCK_QUEUE_HANDLE handle;
    KeInitializeSpinLock(&lock);
    provoke::value(1, &lock);
    raise(5);
    KeAcquireInStackQueuedSpinLock(&lock, &handle);
}

extern "C" VOID provoke_fast_mutex_at_dispatch() {
    ExInitializeFastMutex(&mutex);
    provoke::value(1, &mutex);
    raise(DISPATCH_LEVEL);
    ExAcquireFastMutex(&mutex);
}

extern "C" VOID provoke_fast_mutex_twice() {
    ExInitializeFastMutex(&mutex);
    provoke::value(1, &mutex);
    ExAcquireFastMutex(&mutex);
    ExAcquireFastMutex(&mutex);
}

extern "C" VOID provoke_fast_mutex_released_at_passive() {
    ExInitializeFastMutex(&mutex);
    provoke::value(1, &mutex);
    ExAcquireFastMutex(&mutex);
    KeLowerIrql(PASSIVE_LEVEL);
    ExReleaseFastMutex(&mutex);
}

extern "C" VOID provoke_fast_mutex_not_owned() {
    ExInitializeFastMutex(&mutex);
    provoke::value(1, &mutex);
    raise(APC_LEVEL);
    ExReleaseFastMutex(&mutex);
}

extern "C" VOID provoke_fast_mutex_of_another() {
    ExInitializeFastMutex(&mutex);
    provoke::value(1, &mutex);
    provoke::value(2, KeGetCurrentThread());
    provoke::guilty(release_mutex_of_another);
    ExAcquireFastMutex(&mutex);
    KeLowerIrql(PASSIVE_LEVEL);
    provoke::on_thread(release_mutex_of_another, nullptr);
}

extern "C" VOID provoke_fast_mutex_unsafe_with_apcs() {
    ExInitializeFastMutex(&mutex);
    provoke::value(1, &mutex);
    ExAcquireFastMutexUnsafe(&mutex);
}

extern "C" VOID provoke_resource_with_apcs() {
    ExInitializeResourceLite(&resource);
    provoke::value(1, &resource);
    ExAcquireResourceExclusiveLite(&resource, TRUE);
}

extern "C" VOID provoke_resource_released_with_apcs() {
    ExInitializeResourceLite(&resource);
    provoke::value(1, &resource);
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&resource, TRUE);
    KeLeaveCriticalRegion();
    ExReleaseResourceLite(&resource);
}

extern "C" VOID provoke_resource_not_owned() {
    ExInitializeResourceLite(&resource);
    provoke::value(1, &resource);
    provoke::value(2, KeGetCurrentThread());
    KeEnterCriticalRegion();
    ExReleaseResourceLite(&resource);
}

extern "C" VOID provoke_resource_never_initialised() {
    provoke::value(1, &resource);
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&resource, TRUE);
}

extern "C" VOID provoke_resource_misaligned() {
    auto* crooked = reinterpret_cast<PERESOURCE>(reinterpret_cast<UCHAR*>(&resource) + 4);
    provoke::value(1, crooked);
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(provoke::hide(crooked), TRUE);
}

extern "C" VOID provoke_resource_initialised_twice() {
    provoke::value(1, &resource);
    ExInitializeResourceLite(&resource);
    ExInitializeResourceLite(&resource);
}

extern "C" VOID provoke_resource_deleted_twice() {
    provoke::value(1, &resource);
    ExInitializeResourceLite(&resource);
    ExDeleteResourceLite(&resource);
    ExDeleteResourceLite(&resource);
}

extern "C" VOID provoke_resource_deleted_while_owned() {
    provoke::value(1, &resource);
    provoke::value(2, KeGetCurrentThread());
    ExInitializeResourceLite(&resource);
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&resource, TRUE);
    ExDeleteResourceLite(&resource);
}

extern "C" VOID provoke_critical_region_left_twice() {
    KeEnterCriticalRegion();
    KeLeaveCriticalRegion();
    KeLeaveCriticalRegion();
}

extern "C" VOID provoke_critical_region_at_dispatch() {
    raise(DISPATCH_LEVEL);
    KeEnterCriticalRegion();
}

extern "C" VOID provoke_shared_spin_lock_not_owned() {
    static volatile LONG shared;
    provoke::value(1, &shared);
    raise(DISPATCH_LEVEL);
    ExReleaseSpinLockSharedFromDpcLevel(&shared);
}

extern "C" VOID provoke_irql_raised_downwards() {
    raise(DISPATCH_LEVEL);
    crt::KfRaiseIrql(APC_LEVEL);
}

extern "C" VOID provoke_irql_lowered_upwards() { crt::KeLowerIrql(DISPATCH_LEVEL); }

extern "C" VOID provoke_critical_region_left_at_dispatch() {
    KeEnterCriticalRegion();
    raise(DISPATCH_LEVEL);
    crt::KeLeaveCriticalRegion();
}

extern "C" VOID provoke_fast_mutex_unsafe_released_with_apcs() {
    ExInitializeFastMutex(&mutex);
    provoke::value(1, &mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
    crt::ExReleaseFastMutexUnsafe(&mutex);
}

extern "C" VOID provoke_resource_converted_by_another() {
    ExInitializeResourceLite(&resource);
    provoke::value(1, &resource);
    ExConvertExclusiveToSharedLite(&resource);
}

extern "C" VOID provoke_rundown_released_too_often() {
    static EX_RUNDOWN_REF rundown;
    crt::ExInitializeRundownProtection(&rundown);
    provoke::value(1, &rundown);
    crt::ExReleaseRundownProtection(&rundown);
}

extern "C" VOID provoke_rundown_initialised_while_in_use() {
    static EX_RUNDOWN_REF rundown;
    crt::ExInitializeRundownProtection(&rundown);
    provoke::value(1, &rundown);
    crt::ExReInitializeRundownProtection(&rundown);
}

extern "C" VOID provoke_resource_left_on_a_stack() {
    forget_a_resource();
    use_the_stack();
    ExInitializeResourceLite(&resource);
}
