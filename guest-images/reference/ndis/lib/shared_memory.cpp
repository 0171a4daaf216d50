// SPDX-License-Identifier: MIT
// ndis/lib/shared_memory.cpp
//
// Memory that a bus master and its driver share: common buffers of the adapter's DMA adapter, which
// NdisMInitializeScatterGatherDma or NdisMAllocateMapRegisters gives it. Every piece is booked with the adapter.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ndis/nf-ndis-ndismallocatesharedmemory
#include "ndis/lib/core_seam.hpp"
#include "ndis/lib/release.hpp"

using namespace ndis;

namespace {

constexpr ULONG kTag = 'msDN';  // "NDsm"
constexpr ULONG kNdisDriver = 0x7C, kAllocateHighIrql = 0x01, kFreeInvalid = 0x03;

/// One piece; AdapterResources::shared_memory.
struct Shared {
    LIST_ENTRY entry;
    PVOID address;
    PHYSICAL_ADDRESS physical;
    ULONG bytes;
    BOOLEAN cached;
};

/// An allocation that a worker carries out.
struct Deferred {
    WORK_QUEUE_ITEM item;
    NDIS_HANDLE adapter;
    ULONG bytes;
    BOOLEAN cached;
    PVOID context;
};

PVOID allocate(AdapterResources& resources, ULONG bytes, BOOLEAN cached, PPHYSICAL_ADDRESS physical) {
    if (!resources.dma || bytes == 0) return nullptr;
    auto* shared = static_cast<Shared*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Shared), kTag));
    if (!shared) return nullptr;
    shared->bytes = bytes;
    shared->cached = cached;
    shared->address = resources.dma->DmaOperations->AllocateCommonBuffer(resources.dma, bytes, &shared->physical, cached);
    if (!shared->address) {
        ExFreePoolWithTag(shared, kTag);
        return nullptr;
    }
    *physical = shared->physical;
    SpinGuard guard(resources.lock);
    InsertTailList(&resources.shared_memory, &shared->entry);
    return shared->address;
}

/// PASSIVE_LEVEL on a worker; the handler runs at DISPATCH_LEVEL, as documented for MiniportAllocateComplete.
VOID NTAPI allocate_deferred(PVOID context) {
    auto* request = static_cast<Deferred*>(context);
    NDIS_HANDLE adapter = request->adapter;
    AdapterResources& resources = *resources_of(adapter);
    PHYSICAL_ADDRESS physical = {};
    PVOID address = allocate(resources, request->bytes, request->cached, &physical);
    {
        DispatchScope dispatch;
        enter_miniport(adapter);
        characteristics_of(adapter).AllocateCompleteHandler(
            adapter_context_of(adapter), address, &physical, request->bytes, request->context);
        leave_miniport(adapter);
    }
    ExFreePoolWithTag(request, kTag);
    SpinGuard guard(resources.lock);
    if (--resources.shared_async == 0) KeSetEvent(&resources.shared_idle, IO_NO_INCREMENT, FALSE);
}

}  // namespace

namespace ndis {

bool release_shared(AdapterResources& resources, PVOID address, ULONG bytes, PHYSICAL_ADDRESS physical) {
    Shared* found = nullptr;
    {
        SpinGuard guard(resources.lock);
        for (PLIST_ENTRY link = resources.shared_memory.Flink; link != &resources.shared_memory; link = link->Flink) {
            auto* shared = CONTAINING_RECORD(link, Shared, entry);
            if (address &&
                (shared->address != address || shared->bytes != bytes || shared->physical.QuadPart != physical.QuadPart))
                continue;
            found = shared;
            RemoveEntryList(link);
            break;
        }
    }
    if (!found) return false;
    resources.dma->DmaOperations->FreeCommonBuffer(resources.dma, found->bytes, found->physical, found->address, found->cached);
    ExFreePoolWithTag(found, kTag);
    return true;
}

}  // namespace ndis

/// *VirtualAddress null: no memory, or the adapter has no DMA adapter. Zeroed. PASSIVE_LEVEL, else bug check 0x7C, 1.
VOID NTAPI NdisMAllocateSharedMemory(
    NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached, PVOID* VirtualAddress,
    PNDIS_PHYSICAL_ADDRESS PhysicalAddress) {
    if (const KIRQL irql = KeGetCurrentIrql(); irql > PASSIVE_LEVEL)
        RdBugCheckText(
            "NdisMAllocateSharedMemory: called above PASSIVE_LEVEL", kNdisDriver, kAllocateHighIrql,
            reinterpret_cast<ULONG_PTR>(MiniportAdapterHandle), Length, irql);
    PhysicalAddress->QuadPart = 0;
    *VirtualAddress = allocate(*resources_of(MiniportAdapterHandle), Length, Cached, PhysicalAddress);
}

/// NDIS_STATUS_PENDING: MiniportAllocateComplete will be called at DISPATCH_LEVEL, with a null address when there is no
/// memory. NDIS_STATUS_FAILURE: it will not be called. <= DISPATCH_LEVEL.
NDIS_STATUS NTAPI NdisMAllocateSharedMemoryAsync(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached, PVOID Context) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMAllocateSharedMemoryAsync", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    if (!resources.dma || !characteristics_of(MiniportAdapterHandle).AllocateCompleteHandler) return NDIS_STATUS_FAILURE;
    auto* request = static_cast<Deferred*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Deferred), kTag));
    if (!request) return NDIS_STATUS_FAILURE;
    *request = {{}, MiniportAdapterHandle, Length, Cached, Context};
    {
        SpinGuard guard(resources.lock);
        if (resources.shared_async++ == 0) KeResetEvent(&resources.shared_idle);
    }
    ExInitializeWorkItem(&request->item, allocate_deferred, request);
    ExQueueWorkItem(&request->item, DelayedWorkQueue);
    return NDIS_STATUS_PENDING;
}

/// Everything as it was allocated; else bug check 0x7C, 3. PASSIVE_LEVEL.
VOID NTAPI NdisMFreeSharedMemory(
    NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached, PVOID VirtualAddress,
    NDIS_PHYSICAL_ADDRESS PhysicalAddress) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMFreeSharedMemory", NDIS_CALLER);
    if (!VirtualAddress || !release_shared(*resources_of(MiniportAdapterHandle), VirtualAddress, Length, PhysicalAddress))
        RdBugCheckText(
            "NdisMFreeSharedMemory: not shared memory of this adapter, or freed already", kNdisDriver, kFreeInvalid,
            reinterpret_cast<ULONG_PTR>(MiniportAdapterHandle),
            reinterpret_cast<ULONG_PTR>(VirtualAddress) & ~static_cast<ULONG_PTR>(PAGE_SIZE - 1),
            reinterpret_cast<ULONG_PTR>(VirtualAddress));
}
