// SPDX-License-Identifier: MIT
// mm/dma.cpp
//
// DMA adapters for bus masters. A logical address is a physical address (no IOMMU, all of RAM is below 4 GiB), so map
// registers are not needed and adapter channels are free at once; devices are coherent, so flushing has nothing to do.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/adapter-objects-and-dma
#include "arch/cpu.hpp"
#include "ke/ki.hpp"
#include "mm/mi.hpp"

namespace {

constexpr ULONG kTag = ' amD';
constexpr ULONG kMapRegisters = 256;  // what a request may at most span, in pages

/// Most elements a transfer of `length` bytes from `current` in the chain can need: one a page of every MDL it touches.
ULONG elements_of(PMDL mdl, PVOID current, ULONG length) {
    ULONG64 offset = reinterpret_cast<ULONG64>(current) - reinterpret_cast<ULONG64>(MmGetMdlVirtualAddress(mdl));
    ULONG count = 0;
    for (; mdl && length; mdl = mdl->Next) {
        if (offset >= mdl->ByteCount) {
            offset -= mdl->ByteCount;
            continue;
        }
        const ULONG64 left = mdl->ByteCount - offset;
        const ULONG piece = left < length ? static_cast<ULONG>(left) : length;
        count += static_cast<ULONG>(ADDRESS_AND_SIZE_TO_SPAN_PAGES(mdl->ByteOffset + offset, piece));
        length -= piece;
        offset = 0;
    }
    return count;
}

ULONG list_bytes(PMDL mdl, PVOID current, ULONG length) {
    return static_cast<ULONG>(sizeof(SCATTER_GATHER_LIST) + elements_of(mdl, current, length) * sizeof(SCATTER_GATHER_ELEMENT));
}

/// Physical address of an offset into a chain of MDLs, and how many bytes follow it within its page.
bool locate(PMDL mdl, ULONG64 offset, ULONG64* physical, ULONG* room) {
    for (; mdl; mdl = mdl->Next) {
        if (offset >= mdl->ByteCount) {
            offset -= mdl->ByteCount;
            continue;
        }
        const ULONG64 at = mdl->ByteOffset + offset;
        *physical = ULONG64{MmGetMdlPfnArray(mdl)[at / PAGE_SIZE]} * PAGE_SIZE + at % PAGE_SIZE;
        const ULONG64 in_page = PAGE_SIZE - at % PAGE_SIZE, in_mdl = mdl->ByteCount - offset;
        *room = static_cast<ULONG>(in_page < in_mdl ? in_page : in_mdl);
        return true;
    }
    return false;
}

/// Fills a list for `length` bytes from `current` in the chain. False: the chain is shorter.
bool fill(PSCATTER_GATHER_LIST list, PMDL mdl, PVOID current, ULONG length) {
    ULONG64 offset = reinterpret_cast<ULONG64>(current) - reinterpret_cast<ULONG64>(MmGetMdlVirtualAddress(mdl));
    list->NumberOfElements = 0;
    list->Reserved = 0;
    while (length) {
        ULONG64 physical;
        ULONG room;
        if (!locate(mdl, offset, &physical, &room)) return false;
        if (room > length) room = length;
        SCATTER_GATHER_ELEMENT* last = list->NumberOfElements ? &list->Elements[list->NumberOfElements - 1] : nullptr;
        if (last && static_cast<ULONG64>(last->Address.QuadPart) + last->Length == physical) {
            last->Length += room;
        } else {
            SCATTER_GATHER_ELEMENT& element = list->Elements[list->NumberOfElements++];
            element.Address.QuadPart = static_cast<LONGLONG>(physical);
            element.Length = room;
            element.Reserved = 0;
        }
        offset += room;
        length -= room;
    }
    return true;
}

VOID NTAPI put_adapter(PDMA_ADAPTER adapter) { ExFreePoolWithTag(adapter, kTag); }

PVOID NTAPI allocate_common(PDMA_ADAPTER, ULONG length, PPHYSICAL_ADDRESS logical, BOOLEAN) {
    PHYSICAL_ADDRESS highest;
    highest.QuadPart = 0xFFFFFFFF;
    PVOID memory = MmAllocateContiguousMemory(length, highest);
    if (memory) {
        RtlZeroMemory(memory, length);
        *logical = MmGetPhysicalAddress(memory);
    }
    return memory;
}

VOID NTAPI free_common(PDMA_ADAPTER, ULONG, PHYSICAL_ADDRESS logical, PVOID address, BOOLEAN) {
    if (MmGetPhysicalAddress(address).QuadPart != logical.QuadPart)
        RdBugCheckText("FreeCommonBuffer: addresses do not belong together", 0xE6, 0xF, reinterpret_cast<ULONG_PTR>(address), static_cast<ULONG_PTR>(logical.QuadPart), 0);
    MmFreeContiguousMemory(address);
}

NTSTATUS NTAPI allocate_channel(PDMA_ADAPTER, PDEVICE_OBJECT device, ULONG registers, PDRIVER_CONTROL routine, PVOID context) {
    KiRequireIrqlExactly(DISPATCH_LEVEL, "AllocateAdapterChannel");
    if (registers > kMapRegisters) return STATUS_INSUFFICIENT_RESOURCES;
    routine(device, device->CurrentIrp, nullptr, context);
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI flush(PDMA_ADAPTER, PMDL, PVOID, PVOID, ULONG, BOOLEAN) { return TRUE; }
VOID NTAPI free_channel(PDMA_ADAPTER) {}
VOID NTAPI free_registers(PDMA_ADAPTER, PVOID, ULONG) {}

PHYSICAL_ADDRESS NTAPI map_transfer(PDMA_ADAPTER, PMDL mdl, PVOID, PVOID current, PULONG length, BOOLEAN) {
    ULONG64 physical = 0;
    ULONG room = 0;
    if (!locate(mdl, reinterpret_cast<ULONG64>(current) - reinterpret_cast<ULONG64>(MmGetMdlVirtualAddress(mdl)), &physical, &room))
        RdBugCheckText("MapTransfer: beyond the MDL", 0xE6, 0x1, reinterpret_cast<ULONG_PTR>(mdl), reinterpret_cast<ULONG_PTR>(current), 0);
    if (*length > room) *length = room;
    PHYSICAL_ADDRESS result;
    result.QuadPart = static_cast<LONGLONG>(physical);
    return result;
}

ULONG NTAPI alignment(PDMA_ADAPTER) { return 1; }
ULONG NTAPI read_counter(PDMA_ADAPTER) { return 0; }

NTSTATUS NTAPI calculate(PDMA_ADAPTER, PMDL mdl, PVOID current, ULONG length, PULONG bytes, PULONG registers) {
    *bytes = list_bytes(mdl, current, length);
    if (registers) *registers = elements_of(mdl, current, length);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI build(
    PDMA_ADAPTER, PDEVICE_OBJECT device, PMDL mdl, PVOID current, ULONG length, PDRIVER_LIST_CONTROL routine, PVOID context,
    BOOLEAN, PVOID buffer, ULONG buffer_bytes) {
    KiRequireIrqlExactly(DISPATCH_LEVEL, "BuildScatterGatherList");
    if (buffer_bytes < list_bytes(mdl, current, length)) return STATUS_BUFFER_TOO_SMALL;
    auto* list = static_cast<PSCATTER_GATHER_LIST>(buffer);
    if (!fill(list, mdl, current, length)) return STATUS_INVALID_PARAMETER;
    routine(device, device->CurrentIrp, list, context);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI get_list(
    PDMA_ADAPTER, PDEVICE_OBJECT device, PMDL mdl, PVOID current, ULONG length, PDRIVER_LIST_CONTROL routine, PVOID context,
    BOOLEAN) {
    KiRequireIrqlExactly(DISPATCH_LEVEL, "GetScatterGatherList");
    auto* list = static_cast<PSCATTER_GATHER_LIST>(ExAllocatePoolWithTag(NonPagedPool, list_bytes(mdl, current, length), kTag));
    if (!list) return STATUS_INSUFFICIENT_RESOURCES;
    if (!fill(list, mdl, current, length)) {
        ExFreePoolWithTag(list, kTag);
        return STATUS_INVALID_PARAMETER;
    }
    list->Reserved = kTag;  // PutScatterGatherList frees only what was allocated here
    routine(device, device->CurrentIrp, list, context);
    return STATUS_SUCCESS;
}

VOID NTAPI put_list(PDMA_ADAPTER, PSCATTER_GATHER_LIST list, BOOLEAN) {
    KiRequireIrqlExactly(DISPATCH_LEVEL, "PutScatterGatherList");
    if (list->Reserved == kTag) ExFreePoolWithTag(list, kTag);
}

NTSTATUS NTAPI build_mdl(PDMA_ADAPTER, PSCATTER_GATHER_LIST, PMDL original, PMDL* target) {
    *target = original;  // no bounce buffers, so the original describes the transfer
    return STATUS_SUCCESS;
}

DMA_OPERATIONS operations = {
    sizeof(DMA_OPERATIONS), put_adapter,  allocate_common, free_common, allocate_channel, flush,    free_channel, free_registers,
    map_transfer,           alignment,    read_counter,    get_list,    put_list,         calculate, build,        build_mdl,
};

}  // namespace

/// PASSIVE_LEVEL. Bus masters only: null for slave (channel) DMA. PutDmaAdapter frees it.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetdmaadapter
PDMA_ADAPTER NTAPI IoGetDmaAdapter(PDEVICE_OBJECT PhysicalDeviceObject, PDEVICE_DESCRIPTION DeviceDescription, PULONG NumberOfMapRegisters) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoGetDmaAdapter");
    if (!DeviceDescription->Master) return nullptr;
    auto* adapter = static_cast<PDMA_ADAPTER>(ExAllocatePoolWithTag(NonPagedPool, sizeof(DMA_ADAPTER), kTag));
    if (!adapter) return nullptr;
    adapter->Version = 1;
    adapter->Size = sizeof(DMA_ADAPTER);
    adapter->DmaOperations = &operations;
    *NumberOfMapRegisters = kMapRegisters;
    return adapter;
}
