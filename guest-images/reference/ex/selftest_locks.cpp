// SPDX-License-Identifier: MIT
// ex/selftest_locks.cpp
//
// Fast and guarded mutexes, resources, run-down protection, interlocked and lookaside lists.
#include "ex/selftest_thread.hpp"
#include "io/selftest.hpp"

namespace {

using selftest::Thread;
using selftest::wait_for;

/// Several threads add to a plain number under a lock; a lost update shows.
template <class Lock, class Enter, class Leave>
const char* count_under(Lock* lock, Enter enter, Leave leave) {
    struct Shared {
        Lock* lock;
        Enter enter;
        Leave leave;
        volatile ULONG number;
    } shared = {lock, enter, leave, 0};
    Thread threads[4];
    for (Thread& thread : threads)
        KI_EXPECT(thread.start(
            [](PVOID context) {
                auto* s = static_cast<Shared*>(context);
                for (int round = 0; round < 300; ++round) {
                    s->enter(s->lock);
                    const ULONG seen = s->number;
                    if (round % 16 == 0) RdStall(20);  // long enough to be preempted in
                    s->number = seen + 1;
                    s->leave(s->lock);
                }
            },
            &shared));
    for (Thread& thread : threads) KI_EXPECT(thread.join());
    KI_EXPECT(shared.number == 1200);
    return nullptr;
}

const char* test_fast_mutex() {
    FAST_MUTEX mutex;
    ExInitializeFastMutex(&mutex);
    KI_EXPECT(ExTryToAcquireFastMutex(&mutex) && KeGetCurrentIrql() == APC_LEVEL);
    ExReleaseFastMutex(&mutex);
    KI_EXPECT(KeGetCurrentIrql() == PASSIVE_LEVEL);
    return count_under(&mutex, ExAcquireFastMutex, ExReleaseFastMutex);
}

const char* test_guarded_mutex() {
    KGUARDED_MUTEX mutex;
    KeInitializeGuardedMutex(&mutex);
    KI_EXPECT(KeTryToAcquireGuardedMutex(&mutex) && KeAreApcsDisabled());
    KeReleaseGuardedMutex(&mutex);
    KI_EXPECT(!KeAreApcsDisabled());
    return count_under(&mutex, KeAcquireGuardedMutex, KeReleaseGuardedMutex);
}

const char* test_resource_exclusion() {
    ERESOURCE resource;
    KI_EXPECT(NT_SUCCESS(ExInitializeResourceLite(&resource)));
    const char* wrong = count_under(
        &resource, [](PERESOURCE r) { ExEnterCriticalRegionAndAcquireResourceExclusive(r); },
        [](PERESOURCE r) { ExReleaseResourceAndLeaveCriticalRegion(r); });
    KI_EXPECT(NT_SUCCESS(ExDeleteResourceLite(&resource)));
    return wrong;
}

/// What another thread can do with a resource while this one has it, shared or exclusively.
struct Other {
    PERESOURCE resource;
    BOOLEAN shared, exclusive;
    bool run() {
        Thread thread;
        return thread.start(
                   [](PVOID context) {
                       auto* self = static_cast<Other*>(context);
                       KeEnterCriticalRegion();
                       self->exclusive = ExAcquireResourceExclusiveLite(self->resource, FALSE);
                       if (self->exclusive) ExReleaseResourceLite(self->resource);
                       self->shared = ExAcquireResourceSharedLite(self->resource, FALSE);
                       if (self->shared) ExReleaseResourceLite(self->resource);
                       KeLeaveCriticalRegion();
                   },
                   this) &&
               thread.join();
    }
};

const char* test_resource_ownership() {
    ERESOURCE resource;
    KI_EXPECT(NT_SUCCESS(ExInitializeResourceLite(&resource)));
    Other other = {&resource, FALSE, FALSE};
    KeEnterCriticalRegion();
    KI_EXPECT(other.run() && other.exclusive && other.shared);
    KI_EXPECT(ExAcquireResourceExclusiveLite(&resource, TRUE) && ExAcquireResourceSharedLite(&resource, TRUE));
    KI_EXPECT(ExIsResourceAcquiredExclusiveLite(&resource) && ExIsResourceAcquiredSharedLite(&resource) == 2);
    KI_EXPECT(other.run() && !other.exclusive && !other.shared);
    ExConvertExclusiveToSharedLite(&resource);
    KI_EXPECT(!ExIsResourceAcquiredExclusiveLite(&resource) && ExIsResourceAcquiredSharedLite(&resource) == 2);
    KI_EXPECT(other.run() && !other.exclusive && other.shared);
    KI_EXPECT(!ExAcquireResourceExclusiveLite(&resource, FALSE));  // a reader does not become a writer
    ExReleaseResourceLite(&resource);
    PVOID pointer = reinterpret_cast<PVOID>(reinterpret_cast<ULONG_PTR>(&other) | 3);
    ExSetResourceOwnerPointer(&resource, pointer);
    KI_EXPECT(ExIsResourceAcquiredSharedLite(&resource) == 0 && other.run() && !other.exclusive);
    ExReleaseResourceForThreadLite(&resource, reinterpret_cast<ERESOURCE_THREAD>(pointer));
    KI_EXPECT(other.run() && other.exclusive);
    KeLeaveCriticalRegion();
    KI_EXPECT(NT_SUCCESS(ExReinitializeResourceLite(&resource)) && NT_SUCCESS(ExDeleteResourceLite(&resource)));
    return nullptr;
}

/// More readers at once than the resource has room for at first; then a writer, whom late readers do not overtake.
const char* test_resource_readers() {
    constexpr ULONG count = 20;
    struct Shared {
        ERESOURCE resource;
        KEVENT go;
        volatile LONG inside, order, writer_at, late_at;
    } s = {};
    KI_EXPECT(NT_SUCCESS(ExInitializeResourceLite(&s.resource)));
    KeInitializeEvent(&s.go, NotificationEvent, FALSE);
    Thread readers[count], writer, late;
    for (Thread& reader : readers)
        KI_EXPECT(reader.start(
            [](PVOID context) {
                auto* shared = static_cast<Shared*>(context);
                ExEnterCriticalRegionAndAcquireResourceShared(&shared->resource);
                InterlockedIncrement(&shared->inside);
                wait_for(&shared->go);
                ExReleaseResourceAndLeaveCriticalRegion(&shared->resource);
            },
            &s));
    LARGE_INTEGER pause = selftest::milliseconds(1);
    for (int tries = 0; s.inside != count && tries < 3000; ++tries) KeDelayExecutionThread(KernelMode, FALSE, &pause);
    KI_EXPECT(s.inside == count);
    KI_EXPECT(writer.start(
        [](PVOID context) {
            auto* shared = static_cast<Shared*>(context);
            ExEnterCriticalRegionAndAcquireResourceExclusive(&shared->resource);
            shared->writer_at = InterlockedIncrement(&shared->order);
            ExReleaseResourceAndLeaveCriticalRegion(&shared->resource);
        },
        &s));
    for (int tries = 0; !ExGetExclusiveWaiterCount(&s.resource) && tries < 3000; ++tries) KeDelayExecutionThread(KernelMode, FALSE, &pause);
    KI_EXPECT(late.start(
        [](PVOID context) {
            auto* shared = static_cast<Shared*>(context);
            ExEnterCriticalRegionAndAcquireResourceShared(&shared->resource);
            shared->late_at = InterlockedIncrement(&shared->order);
            ExReleaseResourceAndLeaveCriticalRegion(&shared->resource);
        },
        &s));
    for (int tries = 0; !ExGetSharedWaiterCount(&s.resource) && tries < 3000; ++tries) KeDelayExecutionThread(KernelMode, FALSE, &pause);
    KeEnterCriticalRegion();
    const BOOLEAN starved = ExAcquireSharedStarveExclusive(&s.resource, FALSE);
    if (starved) ExReleaseResourceLite(&s.resource);
    const BOOLEAN waited = ExAcquireSharedWaitForExclusive(&s.resource, FALSE);
    KeLeaveCriticalRegion();
    KeSetEvent(&s.go, 0, FALSE);
    for (Thread& reader : readers) KI_EXPECT(reader.join());
    KI_EXPECT(writer.join() && late.join() && starved && !waited);
    KI_EXPECT(s.writer_at == 1 && s.late_at == 2);
    KI_EXPECT(NT_SUCCESS(ExDeleteResourceLite(&s.resource)));
    return nullptr;
}

const char* test_rundown() {
    struct Shared {
        EX_RUNDOWN_REF reference;
        volatile LONG released;
        bool after;
    } s = {};
    ExInitializeRundownProtection(&s.reference);
    KI_EXPECT(ExAcquireRundownProtection(&s.reference) && ExAcquireRundownProtectionEx(&s.reference, 2));
    ExReleaseRundownProtectionEx(&s.reference, 2);
    Thread waiter;
    KI_EXPECT(waiter.start(
        [](PVOID context) {
            auto* shared = static_cast<Shared*>(context);
            ExWaitForRundownProtectionRelease(&shared->reference);
            shared->after = shared->released;
        },
        &s));
    LARGE_INTEGER pause = selftest::milliseconds(1);
    for (int tries = 0; !(s.reference.Count & EX_RUNDOWN_ACTIVE) && tries < 3000; ++tries) KeDelayExecutionThread(KernelMode, FALSE, &pause);
    KI_EXPECT(!ExAcquireRundownProtection(&s.reference));
    s.released = 1;
    ExReleaseRundownProtection(&s.reference);
    KI_EXPECT(waiter.join() && s.after && !ExAcquireRundownProtection(&s.reference));
    ExWaitForRundownProtectionRelease(&s.reference);  // again: at once
    ExReInitializeRundownProtection(&s.reference);
    KI_EXPECT(ExAcquireRundownProtection(&s.reference));
    ExReleaseRundownProtection(&s.reference);
    ExRundownCompleted(&s.reference);
    KI_EXPECT(!ExAcquireRundownProtection(&s.reference));
    return nullptr;
}

const char* test_interlocked_lists() {
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    LIST_ENTRY head, a, b;
    InitializeListHead(&head);
    KI_EXPECT(!ExInterlockedInsertTailList(&head, &a, &lock) && ExInterlockedInsertHeadList(&head, &b, &lock) == &a);
    KI_EXPECT(ExInterlockedRemoveHeadList(&head, &lock) == &b && ExInterlockedRemoveHeadList(&head, &lock) == &a);
    KI_EXPECT(!ExInterlockedRemoveHeadList(&head, &lock) && lock == 0);
    SINGLE_LIST_ENTRY single = {}, one;
    KI_EXPECT(!ExInterlockedPushEntryList(&single, &one, &lock) && ExInterlockedPopEntryList(&single, &lock) == &one);
    KI_EXPECT(!ExInterlockedPopEntryList(&single, &lock));
    LARGE_INTEGER sum = {.QuadPart = 5}, more = {.QuadPart = 7};
    KI_EXPECT(ExInterlockedAddLargeInteger(&sum, more, &lock).QuadPart == 5 && sum.QuadPart == 12);
    return nullptr;
}

LONG allocations;
PVOID NTAPI counted_allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX) {
    ++allocations;
    return ExAllocatePoolWithTag(type, bytes, tag);
}
VOID NTAPI counted_free(PVOID block, PLOOKASIDE_LIST_EX) {
    --allocations;
    ExFreePoolWithTag(block, 'tseT');
}

const char* test_lookaside() {
    NPAGED_LOOKASIDE_LIST list;
    ExInitializeNPagedLookasideList(&list, nullptr, nullptr, 0, 100, 'tseT', 0);
    PVOID blocks[10];
    for (PVOID& block : blocks) KI_EXPECT((block = ExAllocateFromNPagedLookasideList(&list)) != nullptr);
    for (PVOID block : blocks) ExFreeToNPagedLookasideList(&list, block);
    const USHORT kept = ExQueryDepthSList(&list.L.ListHead);
    KI_EXPECT(kept == list.L.Depth && list.L.TotalAllocates == 10 && list.L.FreeMisses == 10u - kept);
    KI_EXPECT(ExAllocateFromNPagedLookasideList(&list) == blocks[kept - 1]);  // the last one kept comes first
    ExFreeToNPagedLookasideList(&list, blocks[kept - 1]);
    ExDeleteNPagedLookasideList(&list);
    KI_EXPECT(ExQueryDepthSList(&list.L.ListHead) == 0);
    LOOKASIDE_LIST_EX extended;
    KI_EXPECT(ExInitializeLookasideListEx(&extended, counted_allocate, counted_free, NonPagedPool, 3, 64, 'tseT', 0) == STATUS_INVALID_PARAMETER);
    KI_EXPECT(NT_SUCCESS(ExInitializeLookasideListEx(&extended, counted_allocate, counted_free, NonPagedPool, 0, 64, 'tseT', 0)));
    PVOID block = ExAllocateFromLookasideListEx(&extended);
    KI_EXPECT(block && allocations == 1);
    ExFreeToLookasideListEx(&extended, block);
    KI_EXPECT(allocations == 1 && ExAllocateFromLookasideListEx(&extended) == block);
    ExFreeToLookasideListEx(&extended, block);
    ExDeleteLookasideListEx(&extended);
    KI_EXPECT(allocations == 0);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST ExLockTests[] = {
    {"ex.fast-mutex", test_fast_mutex}, {"ex.guarded-mutex", test_guarded_mutex},
    {"ex.resource-exclusion", test_resource_exclusion}, {"ex.resource-ownership", test_resource_ownership},
    {"ex.resource-readers", test_resource_readers}, {"ex.run-down-protection", test_rundown},
    {"ex.interlocked-lists", test_interlocked_lists}, {"ex.lookaside-lists", test_lookaside},
    {nullptr, nullptr},
};
