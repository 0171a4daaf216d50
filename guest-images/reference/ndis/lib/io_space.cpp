// SPDX-License-Identifier: MIT
// ndis/lib/io_space.cpp
//
// Device registers: memory that is mapped and ports that are claimed, only within what the adapter was given.
#include "ndis/lib/core_seam.hpp"
#include "ndis/lib/release.hpp"

using namespace ndis;

namespace {

constexpr ULONG kTag = 'siDN';  // "NDis"

/// One mapping; AdapterResources::mappings.
struct Mapping {
    LIST_ENTRY entry;
    PVOID address;
    UINT bytes;
};

/// Whether [start, start+bytes) lies in one resource of the type.
bool is_granted(const AdapterResources& resources, UCHAR type, ULONG64 start, ULONG64 bytes) {
    if (!resources.raw || !resources.raw->Count) return false;
    const CM_PARTIAL_RESOURCE_LIST& list = resources.raw->List[0].PartialResourceList;
    for (ULONG i = 0; i < list.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR& resource = list.PartialDescriptors[i];
        if (resource.Type != type) continue;
        const auto first = static_cast<ULONG64>(resource.u.Generic.Start.QuadPart);
        if (start >= first && bytes <= resource.u.Generic.Length && start - first <= resource.u.Generic.Length - bytes)
            return true;
    }
    return false;
}

}  // namespace

/// NDIS_STATUS_RESOURCE_CONFLICT: not this adapter's memory. NDIS_STATUS_RESOURCES: no address space. Not cached.
/// PASSIVE_LEVEL.
NDIS_STATUS NTAPI
NdisMMapIoSpace(PVOID* VirtualAddress, NDIS_HANDLE MiniportAdapterHandle, NDIS_PHYSICAL_ADDRESS PhysicalAddress, UINT Length) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMMapIoSpace", NDIS_CALLER);
    AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    *VirtualAddress = nullptr;
    if (Length == 0 || !is_granted(resources, CmResourceTypeMemory, static_cast<ULONG64>(PhysicalAddress.QuadPart), Length))
        return NDIS_STATUS_RESOURCE_CONFLICT;
    auto* mapping = static_cast<Mapping*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Mapping), kTag));
    if (!mapping) return NDIS_STATUS_RESOURCES;
    mapping->bytes = Length;
    mapping->address = MmMapIoSpace(PhysicalAddress, Length, MmNonCached);
    if (!mapping->address) {
        ExFreePoolWithTag(mapping, kTag);
        return NDIS_STATUS_RESOURCES;
    }
    SpinGuard guard(resources.lock);
    InsertTailList(&resources.mappings, &mapping->entry);
    *VirtualAddress = mapping->address;
    return NDIS_STATUS_SUCCESS;
}

namespace ndis {

bool release_mapping(AdapterResources& resources, PVOID address, UINT length) {
    Mapping* found = nullptr;
    {
        SpinGuard guard(resources.lock);
        for (PLIST_ENTRY link = resources.mappings.Flink; link != &resources.mappings; link = link->Flink) {
            auto* mapping = CONTAINING_RECORD(link, Mapping, entry);
            if (address && (mapping->address != address || mapping->bytes != length)) continue;
            found = mapping;
            RemoveEntryList(link);
            break;
        }
    }
    if (!found) return false;
    MmUnmapIoSpace(found->address, found->bytes);
    ExFreePoolWithTag(found, kTag);
    return true;
}

}  // namespace ndis

/// Address and length of one NdisMMapIoSpace. PASSIVE_LEVEL.
VOID NTAPI NdisMUnmapIoSpace(NDIS_HANDLE MiniportAdapterHandle, PVOID VirtualAddress, UINT Length) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMUnmapIoSpace", NDIS_CALLER);
    if (!VirtualAddress || !release_mapping(*resources_of(MiniportAdapterHandle), VirtualAddress, Length))
        RdBugCheckText(
            "NdisMUnmapIoSpace: not a mapping of this adapter", 0xC4, 0x52440009, reinterpret_cast<ULONG_PTR>(VirtualAddress),
            Length, reinterpret_cast<ULONG_PTR>(NDIS_CALLER));
}

/// On this machine a port's handle is its number; nothing is mapped, so nothing can be left behind. PASSIVE_LEVEL.
/// NDIS_STATUS_RESOURCE_CONFLICT: not this adapter's ports.
NDIS_STATUS NTAPI
NdisMRegisterIoPortRange(PVOID* PortOffset, NDIS_HANDLE MiniportAdapterHandle, UINT InitialPort, UINT NumberOfPorts) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMRegisterIoPortRange", NDIS_CALLER);
    *PortOffset = nullptr;
    if (NumberOfPorts == 0 || !is_granted(*resources_of(MiniportAdapterHandle), CmResourceTypePort, InitialPort, NumberOfPorts))
        return NDIS_STATUS_RESOURCE_CONFLICT;
    *PortOffset = reinterpret_cast<PVOID>(static_cast<ULONG_PTR>(InitialPort));
    return NDIS_STATUS_SUCCESS;
}
VOID NTAPI NdisMDeregisterIoPortRange(NDIS_HANDLE, UINT, UINT, PVOID) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMDeregisterIoPortRange", NDIS_CALLER);
}
