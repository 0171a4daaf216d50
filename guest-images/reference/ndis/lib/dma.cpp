// SPDX-License-Identifier: MIT
// ndis/lib/dma.cpp
//
// The adapter's DMA adapter, and the scatter/gather list of every packet that is sent through it. The list lies behind the
// packet (packet_layout.hpp) unless it is long.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff553567(v=vs.85)
#include "ndis/lib/core_seam.hpp"
#include "ndis/lib/packet_layout.hpp"
#include "ndis/lib/release.hpp"

using namespace ndis;

namespace {

constexpr ULONG kTag = 'gsDN';  // "NDsg"

/// A bus master on the adapter's bus; false: the system gives none.
bool acquire_dma(AdapterResources& resources, bool dma64, ULONG longest) {
    DEVICE_DESCRIPTION description = {};
    description.Version = dma64 ? DEVICE_DESCRIPTION_VERSION2 : DEVICE_DESCRIPTION_VERSION;
    description.Master = TRUE;
    description.ScatterGather = TRUE;
    description.Dma32BitAddresses = TRUE;
    description.Dma64BitAddresses = dma64 ? TRUE : FALSE;
    description.InterfaceType = PCIBus;
    description.BusNumber = resources.raw && resources.raw->Count ? resources.raw->List[0].BusNumber : 0;
    description.MaximumLength = longest;
    resources.dma = IoGetDmaAdapter(resources.pdo, &description, &resources.map_registers);
    resources.max_transfer = longest;
    return resources.dma != nullptr;
}

/// Receives the list from the DMA adapter, within the call.
VOID NTAPI take_list(PDEVICE_OBJECT, PIRP, PSCATTER_GATHER_LIST list, PVOID context) {
    *static_cast<PSCATTER_GATHER_LIST*>(context) = list;
}

/// Whether every byte of the packet can be reached, and how many there are.
bool measure(PNDIS_PACKET packet, ULONG* bytes) {
    constexpr CSHORT kReachable = MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL;
    ULONG64 total = 0;
    for (PNDIS_BUFFER buffer = packet->Private.Head; buffer; buffer = buffer->Next) {
        if (MmGetMdlByteCount(buffer) && !(buffer->MdlFlags & kReachable)) return false;
        total += MmGetMdlByteCount(buffer);
    }
    *bytes = static_cast<ULONG>(total);
    return total != 0 && total <= 0xFFFFFFFF;
}

}  // namespace

namespace ndis {

void release_dma(AdapterResources& resources) {
    if (resources.dma) resources.dma->DmaOperations->PutDmaAdapter(resources.dma);
    resources.dma = nullptr;
    resources.scatter_gather = false;
    resources.base_map_registers = resources.map_registers = resources.max_transfer = 0;
}

NDIS_STATUS map_for_send(AdapterResources& resources, PNDIS_PACKET packet) {
    if (!resources.scatter_gather) return NDIS_STATUS_SUCCESS;
    PacketState& state = state_of(packet);
    ULONG length, bytes;
    if (!measure(packet, &length) || length > resources.max_transfer) return NDIS_STATUS_INVALID_PACKET;
    PMDL first = packet->Private.Head;
    PVOID start = MmGetMdlVirtualAddress(first);
    DMA_OPERATIONS& dma = *resources.dma->DmaOperations;
    if (!NT_SUCCESS(dma.CalculateScatterGatherList(resources.dma, first, start, length, &bytes, nullptr)))
        return NDIS_STATUS_INVALID_PACKET;
    PVOID room = reinterpret_cast<UCHAR*>(packet) + packet_list_offset(packet->Private.NdisPacketOobOffset);
    if (bytes <= kInlineListBytes)
        bytes = kInlineListBytes;
    else
        room = ExAllocatePoolWithTag(NonPagedPool, bytes, kTag);
    if (!room) return NDIS_STATUS_RESOURCES;
    PSCATTER_GATHER_LIST list = nullptr;
    NTSTATUS status;
    {
        DispatchScope dispatch;
        status =
            dma.BuildScatterGatherList(resources.dma, resources.fdo, first, start, length, take_list, &list, TRUE, room, bytes);
    }
    if (!NT_SUCCESS(status) || !list) {
        if (bytes != kInlineListBytes) ExFreePoolWithTag(room, kTag);
        return NDIS_STATUS_RESOURCES;
    }
    state.list = list;
    state.saved_list_info = NDIS_PER_PACKET_INFO_FROM_PACKET(packet, ScatterGatherListPacketInfo);
    NDIS_PER_PACKET_INFO_FROM_PACKET(packet, ScatterGatherListPacketInfo) = list;
    return NDIS_STATUS_SUCCESS;
}

void unmap_after_send(AdapterResources& resources, PNDIS_PACKET packet) {
    PacketState& state = state_of(packet);
    PSCATTER_GATHER_LIST list = state.list;
    if (!list) return;
    state.list = nullptr;
    NDIS_PER_PACKET_INFO_FROM_PACKET(packet, ScatterGatherListPacketInfo) = state.saved_list_info;
    {
        DispatchScope dispatch;
        resources.dma->DmaOperations->PutScatterGatherList(resources.dma, list, TRUE);
    }
    const auto* room = reinterpret_cast<UCHAR*>(packet) + packet_list_offset(packet->Private.NdisPacketOobOffset);
    if (reinterpret_cast<UCHAR*>(list) != room) ExFreePoolWithTag(list, kTag);
}

}  // namespace ndis

/// From here on packets come with their scatter/gather list (ScatterGatherListPacketInfo), none longer than
/// `MaximumPhysicalMapping` bytes. NDIS_STATUS_RESOURCES: no DMA adapter. PASSIVE_LEVEL, from MiniportInitialize.
NDIS_STATUS NTAPI
NdisMInitializeScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle, BOOLEAN Dma64BitAddresses, ULONG MaximumPhysicalMapping) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMInitializeScatterGatherDma", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    if (resources.dma) return NDIS_STATUS_RESOURCE_CONFLICT;  // map registers and scatter/gather exclude each other
    if (!acquire_dma(resources, Dma64BitAddresses, MaximumPhysicalMapping)) return NDIS_STATUS_RESOURCES;
    resources.scatter_gather = true;
    return NDIS_STATUS_SUCCESS;
}

/// `BaseMapRegistersNeeded` transfers at a time of `MaximumPhysicalMapping` bytes each, started one by one with
/// NdisMStartBufferPhysicalMapping. NDIS_STATUS_NOT_SUPPORTED: DMA channels of the ISA bus. PASSIVE_LEVEL.
NDIS_STATUS NTAPI NdisMAllocateMapRegisters(
    NDIS_HANDLE MiniportAdapterHandle, UINT DmaChannel, NDIS_DMA_SIZE DmaSize, ULONG BaseMapRegistersNeeded,
    ULONG MaximumBufferSize) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMAllocateMapRegisters", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    if (DmaChannel != 0 || DmaSize == NDIS_DMA_24BITS) return NDIS_STATUS_NOT_SUPPORTED;
    if (resources.dma) return NDIS_STATUS_RESOURCE_CONFLICT;
    if (!acquire_dma(resources, DmaSize == NDIS_DMA_64BITS, MaximumBufferSize)) return NDIS_STATUS_RESOURCES;
    resources.base_map_registers = BaseMapRegistersNeeded;
    return NDIS_STATUS_SUCCESS;
}

/// PASSIVE_LEVEL.
VOID NTAPI NdisMFreeMapRegisters(NDIS_HANDLE MiniportAdapterHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMFreeMapRegisters", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    if (resources.base_map_registers) release_dma(resources);
}

/// The pieces of one buffer; the array has room for as many as
/// NdisGetBufferPhysicalArraySize says. `PhysicalMapRegister`: below BaseMapRegistersNeeded, else bug check 0xC4. DISPATCH_LEVEL.
VOID NTAPI NdisMStartBufferPhysicalMapping(
    NDIS_HANDLE MiniportAdapterHandle, PNDIS_BUFFER Buffer, ULONG PhysicalMapRegister, BOOLEAN WriteToDevice,
    PNDIS_PHYSICAL_ADDRESS_UNIT PhysicalAddressArray, PUINT ArraySize) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMStartBufferPhysicalMapping", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    if (PhysicalMapRegister >= resources.base_map_registers)
        RdBugCheckText(
            "NdisMStartBufferPhysicalMapping: map register that was not allocated", 0xC4, 0x5244000A, PhysicalMapRegister,
            resources.base_map_registers, reinterpret_cast<ULONG_PTR>(NDIS_CALLER));
    auto* at = static_cast<UCHAR*>(MmGetMdlVirtualAddress(Buffer));
    ULONG left = MmGetMdlByteCount(Buffer);
    UINT count = 0;
    while (left) {
        ULONG length = left;
        PhysicalAddressArray[count].PhysicalAddress =
            resources.dma->DmaOperations->MapTransfer(resources.dma, Buffer, nullptr, at, &length, WriteToDevice);
        PhysicalAddressArray[count++].Length = length;
        at += length;
        left -= length;
    }
    *ArraySize = count;
}

/// DISPATCH_LEVEL.
VOID NTAPI NdisMCompleteBufferPhysicalMapping(NDIS_HANDLE MiniportAdapterHandle, PNDIS_BUFFER Buffer, ULONG) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMCompleteBufferPhysicalMapping", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    resources.dma->DmaOperations->FlushAdapterBuffers(
        resources.dma, Buffer, nullptr, MmGetMdlVirtualAddress(Buffer), MmGetMdlByteCount(Buffer), TRUE);
}

/// Bytes; 1 without a DMA adapter. <= DISPATCH_LEVEL.
ULONG NTAPI NdisMGetDmaAlignment(NDIS_HANDLE MiniportAdapterHandle) {
    const AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    return resources.dma ? resources.dma->DmaOperations->GetDmaAlignment(resources.dma) : 1;
}

/// Bytes a system DMA channel has left; bus masters count for themselves: 0. <= DISPATCH_LEVEL.
ULONG NTAPI NdisMReadDmaCounter(NDIS_HANDLE MiniportDmaHandle) {
    const AdapterResources& resources = *resources_of(MiniportDmaHandle);
    return resources.dma ? resources.dma->DmaOperations->ReadDmaCounter(resources.dma) : 0;
}
