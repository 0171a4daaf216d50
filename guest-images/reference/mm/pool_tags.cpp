// SPDX-License-Identifier: MIT
// mm/pool_tags.cpp
//
// Accounting of pool by tag, and by the module whose code called the allocation.
#include "ke/ki.hpp"
#include "mm/pool.hpp"

extern "C" VOID KiVisitTimers(VOID (*visit)(PKTIMER, PVOID), PVOID context);
extern "C" VOID KiVisitDpcs(VOID (*visit)(PKDPC, PVOID), PVOID context);
extern "C" VOID KiVisitInterrupts(VOID (*visit)(PKSERVICE_ROUTINE, PVOID), PVOID context);
extern "C" ULONG64 KiContextSwitches, KiProcessorSwitches;

namespace {

constexpr ULONG kTagsMax = 1024;  // a power of two
RD_POOL_TAG tags[kTagsMax];
ULONG tag_count;
ULONG64 blocks, bytes_in_use;

RD_POOL_TAG* entry_of(ULONG tag) {
    ULONG slot = (tag * 2654435761u) >> 22;
    for (ULONG tried = 0; tried < kTagsMax; ++tried, slot = (slot + 1) % kTagsMax) {
        if (tags[slot].Tag == tag) return &tags[slot];
        if (tags[slot].Tag) continue;
        if (tag_count >= kTagsMax - 1) break;
        tags[slot].Tag = tag;
        ++tag_count;
        return &tags[slot];
    }
    return entry_of('rfvO');  // "Ovfr": the table is full
}

struct ModuleSum {
    ULONG64 base, bytes;
    ULONG count;
    ULONG64 total;
    bool holds(ULONG64 address) const { return address - base < bytes; }
    bool holds(const volatile void* address) const { return holds(reinterpret_cast<ULONG64>(address)); }
};

struct Owner {
    ULONG64 address;
    const ModuleSum* module;
    bool owned;
};

/// Whether memory lies in a module or in pool that the module allocated.
bool belongs(const ModuleSum& module, const volatile void* object) {
    if (module.holds(object)) return true;
    Owner owner{reinterpret_cast<ULONG64>(object), &module, false};
    MiVisitPool(
        [](const POOL_BLOCK* block, PVOID address, PVOID context) {
            auto* wanted = static_cast<Owner*>(context);
            if (wanted->address - reinterpret_cast<ULONG64>(address) < block->Bytes)
                wanted->owned = wanted->module->holds(block->Caller);
        },
        &owner);
    return owner.owned;
}

struct ObjectSum {
    ModuleSum module;
    RD_MODULE_OBJECTS* objects;
};

}  // namespace

extern "C" VOID MiCountPool(ULONG tag, BOOLEAN paged, LONG count, ULONG64 bytes) {
    RD_POOL_TAG* entry = entry_of(tag);
    blocks += static_cast<ULONG64>(static_cast<LONG64>(count));
    if (count > 0) {
        bytes_in_use += bytes;
        ++(paged ? entry->PagedAllocations : entry->NonPagedAllocations);
        (paged ? entry->PagedBytes : entry->NonPagedBytes) += bytes;
    } else {
        bytes_in_use -= bytes;
        ++(paged ? entry->PagedFrees : entry->NonPagedFrees);
        (paged ? entry->PagedBytes : entry->NonPagedBytes) -= bytes;
    }
}

extern "C" ULONG NTAPI RdQueryPoolTags(RD_POOL_TAG* entries, ULONG capacity) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "RdQueryPoolTags");
    KiAtomic atomic;
    ULONG found = 0;
    for (const RD_POOL_TAG& tag : tags) {
        if (!tag.Tag) continue;
        if (found < capacity) entries[found] = tag;
        ++found;
    }
    return found;
}

extern "C" ULONG NTAPI RdQueryPoolOfModule(PVOID base, SIZE_T bytes, ULONG64* total) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "RdQueryPoolOfModule");
    ModuleSum sum{reinterpret_cast<ULONG64>(base), bytes, 0, 0};
    KiAtomic atomic;
    MiVisitPool(
        [](const POOL_BLOCK* block, PVOID, PVOID context) {
            auto* sum = static_cast<ModuleSum*>(context);
            if (!sum->holds(block->Caller)) return;
            ++sum->count;
            sum->total += block->Bytes;
        },
        &sum);
    if (total) *total = sum.total;
    return sum.count;
}

extern "C" VOID NTAPI RdQueryObjectsOfModule(PVOID base, SIZE_T bytes, RD_MODULE_OBJECTS* objects) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "RdQueryObjectsOfModule");
    *objects = {};
    ObjectSum sum{{reinterpret_cast<ULONG64>(base), bytes, 0, 0}, objects};
    KiAtomic atomic;
    KiVisitTimers(
        [](PKTIMER timer, PVOID context) {
            auto* sum = static_cast<ObjectSum*>(context);
            const bool routine = timer->Dpc && sum->module.holds(reinterpret_cast<PVOID>(timer->Dpc->DeferredRoutine));
            if (routine || belongs(sum->module, timer)) ++sum->objects->Timers;
        },
        &sum);
    KiVisitDpcs(
        [](PKDPC dpc, PVOID context) {
            auto* sum = static_cast<ObjectSum*>(context);
            if (sum->module.holds(reinterpret_cast<PVOID>(dpc->DeferredRoutine))) ++sum->objects->Dpcs;
        },
        &sum);
    KiVisitInterrupts(
        [](PKSERVICE_ROUTINE routine, PVOID context) {
            auto* sum = static_cast<ObjectSum*>(context);
            if (sum->module.holds(reinterpret_cast<PVOID>(routine))) ++sum->objects->Interrupts;
        },
        &sum);
    for (PLIST_ENTRY at = KiAllThreads.Flink; at != &KiAllThreads; at = at->Flink)
        if (sum.module.holds(reinterpret_cast<PVOID>(CONTAINING_RECORD(at, KTHREAD, AllEntry)->StartRoutine)))
            ++objects->Threads;
}

extern "C" VOID NTAPI RdQueryKernelCounts(RD_KERNEL_COUNTS* counts) {
    KiAtomic atomic;
    *counts = {};
    counts->Threads = KiThreadCount;
    counts->Timers = KiCountTimers();
    for (ULONG number = 0; number < KiProcessorCount; ++number) counts->QueuedDpcs += KiPcr[number].DpcCount;
    counts->Interrupts = KiCountInterrupts();
    MiCountPages(&counts->PhysicalPages, &counts->FreePages);
    counts->IoMappings = MiIoMappings;
    counts->LockedMdlPages = MiLockedPages;
    counts->PoolBlocks = blocks;
    counts->PoolBytes = bytes_in_use;
    counts->ContextSwitches = KiContextSwitches;
    counts->ProcessorSwitches = KiProcessorSwitches;
}
