// SPDX-License-Identifier: MIT
// ex/resource.cpp
//
// ERESOURCE: one writer or many readers, recursive, fair to writers. Owners are told apart by their resource thread, so that a
// release by another is seen. https://learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-eresource-routines
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

constexpr ULONG kOwnersMax = 32;  // readers at one time
constexpr ULONG kTag = 'seRE';

/// What stands behind OwnerTable: readers, and whoever waits.
struct Owners {
    KEVENT changed;  // notification: somebody has released, or given way
    struct {
        ERESOURCE_THREAD thread;
        ULONG count;
    } reader[kOwnersMax];
};

Owners* owners_of(PERESOURCE resource) { return reinterpret_cast<Owners*>(resource->OwnerTable); }

/// The reader's slot, or with `free` a free one; null. Atomic.
auto* slot(Owners* owners, ERESOURCE_THREAD thread, bool free) {
    auto* found = static_cast<decltype(&owners->reader[0])>(nullptr);
    for (auto& reader : owners->reader) {
        if (reader.count && reader.thread == thread) return &reader;
        if (!reader.count && free && !found) found = &reader;
    }
    return found;
}

bool is_exclusive(const ERESOURCE* resource) { return resource->Flag & ResourceOwnedExclusive; }

bool try_exclusive(PERESOURCE resource, ERESOURCE_THREAD thread) {
    KiAtomic atomic;
    if (is_exclusive(resource) && resource->OwnerEntry.OwnerThread == thread) {
        ++resource->OwnerEntry.OwnerCount;
        return true;
    }
    if (resource->ActiveEntries) return false;
    resource->Flag |= ResourceOwnedExclusive;
    resource->ActiveEntries = 1;
    resource->ActiveCount = 1;
    resource->OwnerEntry.OwnerThread = thread;
    resource->OwnerEntry.OwnerCount = 1;
    return true;
}

/// `starve`: goes in front of writers that wait.
bool try_shared(PERESOURCE resource, ERESOURCE_THREAD thread, bool starve) {
    KiAtomic atomic;
    if (is_exclusive(resource)) {
        if (resource->OwnerEntry.OwnerThread != thread) return false;
        ++resource->OwnerEntry.OwnerCount;
        return true;
    }
    auto* own = slot(owners_of(resource), thread, false);
    if (!own && !starve && resource->NumberOfExclusiveWaiters) return false;
    if (!own) own = slot(owners_of(resource), thread, true);
    if (!own) return false;
    if (!own->count++) {
        own->thread = thread;
        ++resource->ActiveEntries;
        ++resource->ActiveCount;
    }
    return true;
}

template <class Try>
BOOLEAN acquire(PERESOURCE resource, BOOLEAN wait, ULONG& waiters, Try attempt) {
    if (attempt()) return TRUE;
    if (!wait) return FALSE;
    {
        KiAtomic atomic;
        ++resource->ContentionCount;
        ++waiters;
    }
    for (;;) {
        KeClearEvent(&owners_of(resource)->changed);
        if (attempt()) break;
        KeWaitForSingleObject(&owners_of(resource)->changed, WrResource, KernelMode, FALSE, nullptr);
    }
    KiAtomic atomic;
    --waiters;
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
        auto* own = slot(owners_of(resource), thread, false);
        if (!own) return false;
        if (--own->count) return true;
    }
    --resource->ActiveEntries;
    --resource->ActiveCount;
    KeSetEvent(&owners_of(resource)->changed, IO_NO_INCREMENT, FALSE);
    return true;
}

ERESOURCE_THREAD current() { return reinterpret_cast<ERESOURCE_THREAD>(KeGetCurrentThread()); }

}  // namespace

extern "C" {

/// <= DISPATCH_LEVEL. STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS NTAPI ExInitializeResourceLite(PERESOURCE Resource) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExInitializeResourceLite");
    auto* owners = static_cast<Owners*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Owners), kTag));
    if (!owners) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(owners, sizeof *owners);
    KeInitializeEvent(&owners->changed, NotificationEvent, FALSE);
    RtlZeroMemory(Resource, sizeof *Resource);
    Resource->OwnerTable = reinterpret_cast<POWNER_ENTRY>(owners);
    return STATUS_SUCCESS;
}
/// A resource that is owned stops the guest with 0xC4/0x39-style text. <= DISPATCH_LEVEL.
NTSTATUS NTAPI ExDeleteResourceLite(PERESOURCE Resource) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExDeleteResourceLite");
    if (Resource->ActiveEntries)
        RdBugCheckText("ExDeleteResourceLite: the resource is owned", 0xC4, 0x52440302, reinterpret_cast<ULONG_PTR>(Resource), 0, KI_CALLER);
    ExFreePoolWithTag(Resource->OwnerTable, kTag);
    Resource->OwnerTable = nullptr;
    return STATUS_SUCCESS;
}

/// <= APC_LEVEL, in a critical region. With Wait false: FALSE when it cannot be had at once.
BOOLEAN NTAPI ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExAcquireResourceExclusiveLite");
    return acquire(Resource, Wait, Resource->NumberOfExclusiveWaiters, [&] { return try_exclusive(Resource, current()); });
}
BOOLEAN NTAPI ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExAcquireResourceSharedLite");
    return acquire(Resource, Wait, Resource->NumberOfSharedWaiters, [&] { return try_shared(Resource, current(), false); });
}
BOOLEAN NTAPI ExAcquireSharedStarveExclusive(PERESOURCE Resource, BOOLEAN Wait) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExAcquireSharedStarveExclusive");
    return acquire(Resource, Wait, Resource->NumberOfSharedWaiters, [&] { return try_shared(Resource, current(), true); });
}
VOID NTAPI ExReleaseResourceForThreadLite(PERESOURCE Resource, ERESOURCE_THREAD ResourceThreadId) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExReleaseResourceForThreadLite");
    // RESOURCE_NOT_OWNED
    if (!release(Resource, ResourceThreadId))
        KeBugCheckEx(0xE3, reinterpret_cast<ULONG_PTR>(Resource), ResourceThreadId, reinterpret_cast<ULONG_PTR>(Resource->OwnerTable), KI_CALLER);
}
VOID FASTCALL ExReleaseResourceLite(PERESOURCE Resource) { ExReleaseResourceForThreadLite(Resource, current()); }

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
VOID FASTCALL ExReleaseResourceAndLeaveCriticalRegion(PERESOURCE Resource) {
    ExReleaseResourceForThreadLite(Resource, current());
    KeLeaveCriticalRegion();
}
BOOLEAN NTAPI ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource) {
    return is_exclusive(Resource) && Resource->OwnerEntry.OwnerThread == current();
}
/// How often the calling thread has it.
ULONG NTAPI ExIsResourceAcquiredSharedLite(PERESOURCE Resource) {
    KiAtomic atomic;
    if (is_exclusive(Resource)) return Resource->OwnerEntry.OwnerThread == current() ? Resource->OwnerEntry.OwnerCount : 0;
    const auto* own = slot(owners_of(Resource), current(), false);
    return own ? own->count : 0;
}
/// The exclusive owner becomes a reader.
VOID NTAPI ExConvertExclusiveToSharedLite(PERESOURCE Resource) {
    KiAtomic atomic;
    const ULONG count = Resource->OwnerEntry.OwnerCount;
    Resource->Flag &= static_cast<USHORT>(~ResourceOwnedExclusive);
    auto* own = slot(owners_of(Resource), Resource->OwnerEntry.OwnerThread, true);
    own->thread = Resource->OwnerEntry.OwnerThread;
    own->count = count;
    Resource->OwnerEntry.OwnerThread = 0;
    KeSetEvent(&owners_of(Resource)->changed, IO_NO_INCREMENT, FALSE);
}
ULONG NTAPI ExGetExclusiveWaiterCount(PERESOURCE Resource) { return Resource->NumberOfExclusiveWaiters; }
ULONG NTAPI ExGetSharedWaiterCount(PERESOURCE Resource) { return Resource->NumberOfSharedWaiters; }

}  // extern "C"
