// SPDX-License-Identifier: MIT
// ex/resource.cpp
//
// ERESOURCE: one writer or many readers, recursive, fair to writers. Owners are told apart by their resource thread, so that a
// release by another is seen. https://learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-eresource-routines
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

constexpr ULONG kTag = 'seRE';
constexpr ULONG kFirstReaders = 8;
// Driver Verifier's rules (bug check 0xC4) and two of our own.
constexpr ULONG kAcquiredWithApcs = 0x37, kReleasedWithApcs = 0x38, kBadResource = 0x3D, kUninitialised = 0x1002, kInitialisedTwice = 0xD0, kDeletedUninitialised = 0xD1, kDeletedWhileOwned = 0x100B;
constexpr ULONG kNotOwnedExclusively = 0x52440305;

struct Reader {
    ERESOURCE_THREAD thread;
    ULONG count;  // 0: free
};

/// What stands behind OwnerTable: readers, and whoever waits.
struct Owners {
    KEVENT changed;  // notification: somebody has released, or given way
    Reader* readers;
    ULONG capacity;
    Reader first[kFirstReaders];
};

enum class Attempt { got, busy, no_room };

LIST_ENTRY all = {&all, &all};  // by SystemResourcesList; under KiAtomic
PLIST_ENTRY next(PLIST_ENTRY at) {
    return ex::next_checked(at, "a resource was never deleted, and its memory is something else by now");
}

bool is_live(const ERESOURCE* resource) {
    KiAtomic atomic;
    for (PLIST_ENTRY at = next(&all); at != &all; at = next(at))
        if (CONTAINING_RECORD(at, ERESOURCE, SystemResourcesList) == resource) return true;
    return false;
}

Owners* owners_of(PERESOURCE resource) { return reinterpret_cast<Owners*>(resource->OwnerTable); }
ERESOURCE_THREAD current() { return reinterpret_cast<ERESOURCE_THREAD>(KeGetCurrentThread()); }
bool is_exclusive(const ERESOURCE* resource) { return resource->Flag & ResourceOwnedExclusive; }

/// Alignment, initialisation, IRQL, and that no APC can stop the thread while it has the resource.
void check(PERESOURCE resource, ULONG rule, const char* function, ULONG64 caller) {
    KiRequireIrqlAtMost(APC_LEVEL, function);
    if (reinterpret_cast<ULONG64>(resource) & 7)
        RdBugCheckText(
            "an ERESOURCE that is misaligned", 0xC4, kBadResource, 0, 0, reinterpret_cast<ULONG_PTR>(resource));
    if (!is_live(resource))
        RdBugCheckText(
            "an ERESOURCE that was never initialised, or is deleted", 0xC4, kUninitialised, reinterpret_cast<ULONG_PTR>(resource), 0, 0);
    if (KeGetCurrentIrql() < APC_LEVEL && !KeAreApcsDisabled())
        RdBugCheckText(
            "an ERESOURCE outside of a critical region", 0xC4, rule, KeGetCurrentIrql(), 0, reinterpret_cast<ULONG_PTR>(resource));
}

/// The reader's slot; with `free` a free one if it has none; null. Atomic.
Reader* slot(Owners* owners, ERESOURCE_THREAD thread, bool free) {
    Reader* unused = nullptr;
    for (ULONG index = 0; index < owners->capacity; ++index) {
        Reader& reader = owners->readers[index];
        if (reader.count && reader.thread == thread) return &reader;
        if (!reader.count && !unused) unused = &reader;
    }
    return free ? unused : nullptr;
}

/// Doubles the room for readers. False: no memory.
bool grow(Owners* owners) {
    const ULONG before = owners->capacity;
    auto* bigger = static_cast<Reader*>(ExAllocatePoolWithTag(NonPagedPool, 2 * before * sizeof(Reader), kTag));
    if (!bigger) return false;
    RtlZeroMemory(bigger, 2 * before * sizeof(Reader));
    Reader* unused = bigger;
    {
        KiAtomic atomic;
        if (owners->capacity == before) {  // else another thread was faster
            RtlCopyMemory(bigger, owners->readers, before * sizeof(Reader));
            unused = owners->readers == owners->first ? nullptr : owners->readers;
            owners->readers = bigger;
            owners->capacity = 2 * before;
        }
    }
    if (unused) ExFreePoolWithTag(unused, kTag);
    return true;
}

Attempt try_exclusive(PERESOURCE resource) {
    KiAtomic atomic;
    if (is_exclusive(resource) && resource->OwnerEntry.OwnerThread == current()) {
        ++resource->OwnerEntry.OwnerCount;
        return Attempt::got;
    }
    if (resource->ActiveEntries) return Attempt::busy;
    resource->Flag |= ResourceOwnedExclusive;
    resource->ActiveEntries = 1;
    resource->ActiveCount = 1;
    resource->OwnerEntry.OwnerThread = current();
    resource->OwnerEntry.OwnerCount = 1;
    return Attempt::got;
}

/// Who goes in front of writers that wait: a reader again, everybody, nobody.
enum class Courtesy { again, starve, wait };

Attempt try_shared(PERESOURCE resource, Courtesy courtesy) {
    KiAtomic atomic;
    if (is_exclusive(resource)) {
        if (resource->OwnerEntry.OwnerThread != current()) return Attempt::busy;
        ++resource->OwnerEntry.OwnerCount;
        return Attempt::got;
    }
    Reader* own = slot(owners_of(resource), current(), false);
    const bool ahead = courtesy == Courtesy::starve || (courtesy == Courtesy::again && own);
    if (!ahead && resource->NumberOfExclusiveWaiters) return Attempt::busy;
    if (!own) own = slot(owners_of(resource), current(), true);
    if (!own) return Attempt::no_room;
    if (!own->count++) {
        own->thread = current();
        ++resource->ActiveEntries;
        ++resource->ActiveCount;
    }
    return Attempt::got;
}

/// One attempt, with more room for readers if it fails for that alone.
template <class Try>
Attempt attempt_with_room(Owners* owners, Try attempt) {
    Attempt result = attempt();
    while (result == Attempt::no_room && grow(owners)) result = attempt();
    return result;
}

/// Attempts until it succeeds, or once. A lack of memory is waited out like an owner. Who waits is counted before the event is
/// cleared, and who succeeds after clearing sets it again for the others, so no wake-up is lost.
template <class Try>
BOOLEAN acquire(PERESOURCE resource, BOOLEAN wait, ULONG* waiters, Try attempt) {
    Owners* owners = owners_of(resource);
    if (attempt_with_room(owners, attempt) == Attempt::got) return TRUE;
    if (!wait) return FALSE;
    {
        KiAtomic atomic;
        ++resource->ContentionCount;
        ++*waiters;
    }
    for (;;) {
        KeClearEvent(&owners->changed);
        const Attempt result = attempt_with_room(owners, attempt);
        if (result == Attempt::got) break;
        LARGE_INTEGER pause = {.QuadPart = -100000};
        KeWaitForSingleObject(
            &owners->changed, WrResource, KernelMode, FALSE, result == Attempt::no_room ? &pause : nullptr);
    }
    KiAtomic atomic;
    --*waiters;
    if (resource->NumberOfExclusiveWaiters || resource->NumberOfSharedWaiters)
        KeSetEvent(&owners->changed, IO_NO_INCREMENT, FALSE);
    return TRUE;
}

bool release(PERESOURCE resource, ERESOURCE_THREAD thread) {
    KiAtomic atomic;
    if (is_exclusive(resource)) {
        if (resource->OwnerEntry.OwnerThread != thread) return false;
        if (--resource->OwnerEntry.OwnerCount) return true;
        resource->Flag &= static_cast<USHORT>(~ResourceOwnedExclusive);
        resource->OwnerEntry.OwnerThread = 0;
    } else {
        Reader* own = slot(owners_of(resource), thread, false);
        if (!own) return false;
        if (--own->count) return true;
    }
    --resource->ActiveEntries;
    --resource->ActiveCount;
    KeSetEvent(&owners_of(resource)->changed, IO_NO_INCREMENT, FALSE);
    return true;
}

/// RESOURCE_NOT_OWNED.
void not_owned(PERESOURCE resource, ERESOURCE_THREAD thread, ULONG64 caller) {
    KeBugCheckEx(
        0xE3, reinterpret_cast<ULONG_PTR>(resource), thread, reinterpret_cast<ULONG_PTR>(resource->OwnerTable), caller);
}

void release_or_stop(PERESOURCE resource, ERESOURCE_THREAD thread, ULONG64 caller) {
    if (!release(resource, thread)) not_owned(resource, thread, caller);
}

void prepare(PERESOURCE resource, Owners* owners) {
    RtlZeroMemory(owners, sizeof *owners);
    KeInitializeEvent(&owners->changed, NotificationEvent, FALSE);
    owners->readers = owners->first;
    owners->capacity = kFirstReaders;
    RtlZeroMemory(resource, sizeof *resource);
    resource->OwnerTable = reinterpret_cast<POWNER_ENTRY>(owners);
    KiAtomic atomic;
    InsertTailList(&all, &resource->SystemResourcesList);
}

void forget(PERESOURCE resource) {
    KiAtomic atomic;
    RemoveEntryList(&resource->SystemResourcesList);
}

void require_live(PERESOURCE resource, ULONG rule, const char* text) {
    if (!is_live(resource)) RdBugCheckText(text, 0xC4, rule, reinterpret_cast<ULONG_PTR>(resource), 0, 0);
}

void require_unowned(PERESOURCE resource, const char* text, ULONG64 caller) {
    if (resource->ActiveEntries || resource->NumberOfExclusiveWaiters || resource->NumberOfSharedWaiters)
        RdBugCheckText(text, 0xC4, kDeletedWhileOwned, reinterpret_cast<ULONG_PTR>(resource), resource->OwnerEntry.OwnerThread, caller);
}

}  // namespace

extern "C" PVOID ExFindResourceIn(ULONG64 begin, ULONG64 end) {
    for (PLIST_ENTRY at = next(&all); at != &all; at = next(at)) {
        PERESOURCE resource = CONTAINING_RECORD(at, ERESOURCE, SystemResourcesList);
        if (reinterpret_cast<ULONG64>(resource) - begin < end - begin) return resource;
    }
    return nullptr;
}

extern "C" {

/// <= DISPATCH_LEVEL. STATUS_INSUFFICIENT_RESOURCES. Undo with ExDeleteResourceLite.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exinitializeresourcelite
NTSTATUS NTAPI ExInitializeResourceLite(PERESOURCE Resource) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExInitializeResourceLite");
    if (is_live(Resource))
        RdBugCheckText("ExInitializeResourceLite: initialised already", 0xC4, kInitialisedTwice, reinterpret_cast<ULONG_PTR>(Resource), 0, 0);
    auto* owners = static_cast<Owners*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Owners), kTag));
    if (!owners) return STATUS_INSUFFICIENT_RESOURCES;
    prepare(Resource, owners);
    return STATUS_SUCCESS;
}

/// A resource that is owned or waited for stops the guest. <= DISPATCH_LEVEL.
NTSTATUS NTAPI ExReinitializeResourceLite(PERESOURCE Resource) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExReinitializeResourceLite");
    require_live(Resource, kUninitialised, "ExReinitializeResourceLite: not an initialised resource");
    require_unowned(Resource, "ExReinitializeResourceLite: the resource is owned", KI_CALLER);
    forget(Resource);
    Owners* owners = owners_of(Resource);
    if (owners->readers != owners->first) ExFreePoolWithTag(owners->readers, kTag);
    prepare(Resource, owners);
    return STATUS_SUCCESS;
}

/// A resource that is owned or waited for stops the guest. <= DISPATCH_LEVEL.
NTSTATUS NTAPI ExDeleteResourceLite(PERESOURCE Resource) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExDeleteResourceLite");
    require_live(Resource, kDeletedUninitialised, "ExDeleteResourceLite: not an initialised resource");
    require_unowned(Resource, "ExDeleteResourceLite: the resource is owned", KI_CALLER);
    forget(Resource);
    Owners* owners = owners_of(Resource);
    if (owners->readers != owners->first) ExFreePoolWithTag(owners->readers, kTag);
    ExFreePoolWithTag(owners, kTag);
    Resource->OwnerTable = nullptr;
    return STATUS_SUCCESS;
}

/// <= APC_LEVEL, in a critical region (bug check 0xC4, 0x37). With Wait false: FALSE when it cannot be had at once.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exacquireresourceexclusivelite
BOOLEAN NTAPI ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait) {
    check(Resource, kAcquiredWithApcs, "ExAcquireResourceExclusiveLite", KI_CALLER);
    return acquire(Resource, Wait, &Resource->NumberOfExclusiveWaiters, [=] { return try_exclusive(Resource); });
}
BOOLEAN NTAPI ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait) {
    check(Resource, kAcquiredWithApcs, "ExAcquireResourceSharedLite", KI_CALLER);
    return acquire(
        Resource, Wait, &Resource->NumberOfSharedWaiters, [=] { return try_shared(Resource, Courtesy::again); });
}
BOOLEAN NTAPI ExAcquireSharedStarveExclusive(PERESOURCE Resource, BOOLEAN Wait) {
    check(Resource, kAcquiredWithApcs, "ExAcquireSharedStarveExclusive", KI_CALLER);
    return acquire(
        Resource, Wait, &Resource->NumberOfSharedWaiters, [=] { return try_shared(Resource, Courtesy::starve); });
}
BOOLEAN NTAPI ExAcquireSharedWaitForExclusive(PERESOURCE Resource, BOOLEAN Wait) {
    check(Resource, kAcquiredWithApcs, "ExAcquireSharedWaitForExclusive", KI_CALLER);
    return acquire(
        Resource, Wait, &Resource->NumberOfSharedWaiters, [=] { return try_shared(Resource, Courtesy::wait); });
}

/// <= DISPATCH_LEVEL. By a thread that does not own it: bug check 0xE3 (RESOURCE_NOT_OWNED).
VOID NTAPI ExReleaseResourceForThreadLite(PERESOURCE Resource, ERESOURCE_THREAD ResourceThreadId) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExReleaseResourceForThreadLite");
    release_or_stop(Resource, ResourceThreadId, KI_CALLER);
}
/// <= APC_LEVEL, still in the critical region (bug check 0xC4, 0x38).
VOID FASTCALL ExReleaseResourceLite(PERESOURCE Resource) {
    check(Resource, kReleasedWithApcs, "ExReleaseResourceLite", KI_CALLER);
    release_or_stop(Resource, current(), KI_CALLER);
}

/// <= APC_LEVEL. The thread's ownership becomes the pointer's (its two lowest bits set), to be released by
/// ExReleaseResourceForThreadLite with it.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exsetresourceownerpointer
VOID NTAPI ExSetResourceOwnerPointer(PERESOURCE Resource, PVOID OwnerPointer) {
    check(Resource, kAcquiredWithApcs, "ExSetResourceOwnerPointer", KI_CALLER);
    const auto owner = reinterpret_cast<ERESOURCE_THREAD>(OwnerPointer);
    KiAtomic atomic;
    if (is_exclusive(Resource)) {
        if ((owner & 3) != 3 || Resource->OwnerEntry.OwnerThread != current()) not_owned(Resource, owner, KI_CALLER);
        Resource->OwnerEntry.OwnerThread = owner;
        return;
    }
    Reader* own = slot(owners_of(Resource), current(), false);
    if (!own || (owner & 3) != 3) not_owned(Resource, owner, KI_CALLER);
    Reader* other = slot(owners_of(Resource), owner, false);
    if (!other) {
        own->thread = owner;
        return;
    }
    other->count += own->count;  // the pointer is a reader already
    own->count = 0;
    --Resource->ActiveEntries;
    --Resource->ActiveCount;
}

/// <= APC_LEVEL. Critical region and resource in one call; returns the thread's Win32Thread, of which there is none.
PVOID NTAPI ExEnterCriticalRegionAndAcquireResourceExclusive(PERESOURCE Resource) {
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(Resource, TRUE);
    return nullptr;
}
PVOID NTAPI ExEnterCriticalRegionAndAcquireResourceShared(PERESOURCE Resource) {
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(Resource, TRUE);
    return nullptr;
}
PVOID NTAPI ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(PERESOURCE Resource) {
    KeEnterCriticalRegion();
    ExAcquireSharedWaitForExclusive(Resource, TRUE);
    return nullptr;
}
VOID FASTCALL ExReleaseResourceAndLeaveCriticalRegion(PERESOURCE Resource) {
    check(Resource, kReleasedWithApcs, "ExReleaseResourceAndLeaveCriticalRegion", KI_CALLER);
    release_or_stop(Resource, current(), KI_CALLER);
    KeLeaveCriticalRegion();
}

/// <= DISPATCH_LEVEL.
BOOLEAN NTAPI ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource) {
    KiAtomic atomic;
    return is_exclusive(Resource) && Resource->OwnerEntry.OwnerThread == current();
}
/// How often the calling thread has it, shared or exclusively. <= DISPATCH_LEVEL.
ULONG NTAPI ExIsResourceAcquiredSharedLite(PERESOURCE Resource) {
    KiAtomic atomic;
    if (is_exclusive(Resource)) return Resource->OwnerEntry.OwnerThread == current() ? Resource->OwnerEntry.OwnerCount : 0;
    const Reader* own = slot(owners_of(Resource), current(), false);
    return own ? own->count : 0;
}

/// <= DISPATCH_LEVEL. The exclusive owner becomes a reader; called by another, the guest stops.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exconvertexclusivetosharedlite
VOID NTAPI ExConvertExclusiveToSharedLite(PERESOURCE Resource) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExConvertExclusiveToSharedLite");
    KiAtomic atomic;
    if (!is_exclusive(Resource) || Resource->OwnerEntry.OwnerThread != current())
        RdBugCheckText(
            "ExConvertExclusiveToSharedLite: the thread does not own the resource exclusively", 0xC4, kNotOwnedExclusively,
            reinterpret_cast<ULONG_PTR>(Resource), Resource->OwnerEntry.OwnerThread, KI_CALLER);
    // Nobody reads while somebody writes, so there is a free slot.
    Reader* own = slot(owners_of(Resource), current(), true);
    *own = {current(), Resource->OwnerEntry.OwnerCount};
    Resource->Flag &= static_cast<USHORT>(~ResourceOwnedExclusive);
    Resource->OwnerEntry.OwnerThread = 0;
    KeSetEvent(&owners_of(Resource)->changed, IO_NO_INCREMENT, FALSE);
}

/// Any IRQL.
ULONG NTAPI ExGetExclusiveWaiterCount(PERESOURCE Resource) { return Resource->NumberOfExclusiveWaiters; }
ULONG NTAPI ExGetSharedWaiterCount(PERESOURCE Resource) { return Resource->NumberOfSharedWaiters; }

}  // extern "C"
