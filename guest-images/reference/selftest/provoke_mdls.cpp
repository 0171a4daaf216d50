// SPDX-License-Identifier: MIT
// selftest/provoke_mdls.cpp
//
// Crimes with memory descriptor lists and mappings.
#include "selftest/provoke.hpp"

namespace {

PVOID memory;

/// Of a page of pool, neither built nor locked.
PMDL fresh(POOL_TYPE type = NonPagedPool) {
    memory = ExAllocatePoolWithTag(type, 256, provoke::kTag);
    PMDL mdl = IoAllocateMdl(memory, 256, FALSE, FALSE, nullptr);
    provoke::value(1, mdl);
    return mdl;
}

PMDL locked() {
    PMDL mdl = fresh();
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    return mdl;
}

void raise(KIRQL irql) {
    KIRQL before;
    KeRaiseIrql(irql, &before);
}

}  // namespace

extern "C" VOID provoke_unlock_of_unlocked_pages() { MmUnlockPages(fresh()); }

extern "C" VOID provoke_unlock_of_nonpaged_pool() {
    PMDL mdl = fresh();
    MmBuildMdlForNonPagedPool(mdl);
    MmUnlockPages(mdl);
}

extern "C" VOID provoke_unlock_of_a_partial_mdl() {
    PMDL source = locked(), part = IoAllocateMdl(memory, 256, FALSE, FALSE, nullptr);
    IoBuildPartialMdl(source, part, memory, 64);
    provoke::value(1, part);
    MmUnlockPages(part);
}

extern "C" VOID provoke_lock_of_a_built_mdl() {
    PMDL mdl = fresh();
    MmBuildMdlForNonPagedPool(mdl);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
}

extern "C" VOID provoke_lock_above_dispatch() {
    PMDL mdl = fresh();
    raise(5);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
}

extern "C" VOID provoke_unlock_above_dispatch() {
    PMDL mdl = locked();
    raise(5);
    MmUnlockPages(mdl);
}

extern "C" VOID provoke_build_of_paged_pool() { MmBuildMdlForNonPagedPool(fresh(PagedPool)); }

extern "C" VOID provoke_build_of_nothing() {
    PMDL mdl = IoAllocateMdl(reinterpret_cast<PVOID>(0xFFFFF90000001000), 256, FALSE, FALSE, nullptr);
    provoke::value(1, mdl);
    MmBuildMdlForNonPagedPool(mdl);
}

extern "C" VOID provoke_map_of_unlocked_pages() {
    MmMapLockedPagesSpecifyCache(fresh(), KernelMode, MmCached, nullptr, FALSE, NormalPagePriority);
}

extern "C" VOID provoke_map_twice() {
    PMDL mdl = locked();
    MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, nullptr, FALSE, NormalPagePriority);
    MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, nullptr, FALSE, NormalPagePriority);
}

extern "C" VOID provoke_map_above_dispatch() {
    PMDL mdl = locked();
    raise(5);
    MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, nullptr, FALSE, NormalPagePriority);
}

extern "C" VOID provoke_unmap_above_dispatch() {
    PMDL mdl = locked();
    PVOID address = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, nullptr, FALSE, NormalPagePriority);
    provoke::value(2, address);
    raise(5);
    MmUnmapLockedPages(address, mdl);
}

extern "C" VOID provoke_unmap_of_no_mapping() {
    PMDL mdl = locked();
    provoke::value(2, memory);
    MmUnmapLockedPages(memory, mdl);
}

extern "C" VOID provoke_free_of_a_locked_mdl() { IoFreeMdl(locked()); }

extern "C" VOID provoke_free_of_a_mapped_mdl() {
    PMDL mdl = locked();
    MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, nullptr, FALSE, NormalPagePriority);
    IoFreeMdl(mdl);
}

extern "C" VOID provoke_io_space_above_dispatch() {
    PHYSICAL_ADDRESS address = {.QuadPart = 0xFEC00000};
    raise(5);
    MmMapIoSpace(address, 4096, MmNonCached);
}

extern "C" VOID provoke_io_space_never_mapped() {
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, 64, provoke::kTag);
    provoke::value(1, block);
    MmUnmapIoSpace(block, 64);
}

extern "C" VOID provoke_pages_freed_twice() {
    PHYSICAL_ADDRESS low = {}, high = {.QuadPart = -1}, skip = {};
    PMDL mdl = MmAllocatePagesForMdl(low, high, skip, PAGE_SIZE);
    provoke::value(1, ULONG64{MmGetMdlPfnArray(mdl)[0]});
    MmFreePagesFromMdl(mdl);
    MmFreePagesFromMdl(mdl);
}

extern "C" VOID provoke_partial_mdl_beyond_its_source() {
    PMDL source = locked(), part = IoAllocateMdl(memory, 512, FALSE, FALSE, nullptr);
    provoke::value(2, memory);
    IoBuildPartialMdl(source, part, memory, 512);
}

extern "C" VOID provoke_partial_mdl_without_room() {
    memory = ExAllocatePoolWithTag(NonPagedPool, 8 * PAGE_SIZE, provoke::kTag);
    PMDL source = IoAllocateMdl(memory, 8 * PAGE_SIZE, FALSE, FALSE, nullptr);
    MmBuildMdlForNonPagedPool(source);
    PMDL part = IoAllocateMdl(memory, PAGE_SIZE, FALSE, FALSE, nullptr);
    provoke::value(1, part);
    IoBuildPartialMdl(source, part, memory, 8 * PAGE_SIZE);
}

extern "C" VOID provoke_common_buffer_of_other_addresses() {
    DEVICE_DESCRIPTION description = {};
    description.Version = DEVICE_DESCRIPTION_VERSION;
    description.Master = description.ScatterGather = TRUE;
    description.InterfaceType = PCIBus;
    description.MaximumLength = PAGE_SIZE;
    ULONG registers;
    PDMA_ADAPTER adapter = IoGetDmaAdapter(nullptr, &description, &registers);
    PHYSICAL_ADDRESS logical;
    PVOID buffer = adapter->DmaOperations->AllocateCommonBuffer(adapter, PAGE_SIZE, &logical, TRUE);
    provoke::value(1, buffer);
    logical.QuadPart += PAGE_SIZE;
    adapter->DmaOperations->FreeCommonBuffer(adapter, PAGE_SIZE, logical, buffer, TRUE);
}
