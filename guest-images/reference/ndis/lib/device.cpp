// SPDX-License-Identifier: MIT
// ndis/lib/device.cpp
//
// What a miniport may know of its device: resources, device objects, configuration space, its name.
#include "ndis/lib/core_seam.hpp"

using namespace ndis;

namespace {

constexpr ULONG kTag = 'nsDN';  // "NDsn"

const CM_PARTIAL_RESOURCE_LIST* raw_list(const AdapterResources& resources) {
    return resources.raw && resources.raw->Count ? &resources.raw->List[0].PartialResourceList : nullptr;
}

ULONG partial_bytes(const CM_PARTIAL_RESOURCE_LIST& list) {
    return static_cast<ULONG>(
        FIELD_OFFSET(CM_PARTIAL_RESOURCE_LIST, PartialDescriptors) + list.Count * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR));
}

/// 0 without a bus that has a configuration space, and beyond its end.
ULONG access(NDIS_HANDLE adapter, bool write, ULONG offset, PVOID buffer, ULONG length) {
    AdapterResources& resources = *resources_of(adapter);
    if (!resources.has_bus) return 0;
    const auto function = write ? resources.bus.SetBusData : resources.bus.GetBusData;
    return function(resources.bus.Context, PCI_WHICHSPACE_CONFIG, buffer, offset, length);
}

}  // namespace

/// The adapter's resources as the bus sees them; NDIS translates them when they are mapped or connected. With too small a
/// buffer (0 will do): NDIS_STATUS_RESOURCES and the bytes it takes. NDIS_STATUS_FAILURE: there are none. PASSIVE_LEVEL.
VOID NTAPI NdisMQueryAdapterResources(
    PNDIS_STATUS Status, NDIS_HANDLE WrapperConfigurationContext, PNDIS_RESOURCE_LIST ResourceList, PUINT BufferSize) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMQueryAdapterResources", NDIS_CALLER);
    const CM_PARTIAL_RESOURCE_LIST* list = raw_list(*resources_of(WrapperConfigurationContext));
    if (!list) {
        *BufferSize = 0;
        *Status = NDIS_STATUS_FAILURE;
        return;
    }
    const ULONG needed = partial_bytes(*list);
    *Status = *BufferSize < needed ? NDIS_STATUS_RESOURCES : NDIS_STATUS_SUCCESS;
    if (*Status == NDIS_STATUS_SUCCESS) RtlCopyMemory(ResourceList, list, needed);
    *BufferSize = needed;
}

/// Resources as above, without a copy: NDIS's own list, until the adapter halts. NDIS_STATUS_FAILURE: there are none.
NDIS_STATUS NTAPI NdisMPciAssignResources(NDIS_HANDLE MiniportHandle, ULONG, PNDIS_RESOURCE_LIST* AssignedResources) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMPciAssignResources", NDIS_CALLER);
    *AssignedResources = const_cast<PNDIS_RESOURCE_LIST>(raw_list(*resources_of(MiniportHandle)));
    return *AssignedResources ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

/// Device objects and resource lists, not referenced or copied; any pointer may be null. <= DISPATCH_LEVEL.
VOID NTAPI NdisMGetDeviceProperty(
    NDIS_HANDLE MiniportAdapterHandle, PDEVICE_OBJECT* PhysicalDeviceObject, PDEVICE_OBJECT* FunctionalDeviceObject,
    PDEVICE_OBJECT* NextDeviceObject, PCM_RESOURCE_LIST* AllocatedResources, PCM_RESOURCE_LIST* AllocatedResourcesTranslated) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMGetDeviceProperty", NDIS_CALLER);
    const AdapterResources& resources = *resources_of(MiniportAdapterHandle);
    if (PhysicalDeviceObject) *PhysicalDeviceObject = resources.pdo;
    if (FunctionalDeviceObject) *FunctionalDeviceObject = resources.fdo;
    if (NextDeviceObject) *NextDeviceObject = resources.next;
    if (AllocatedResources) *AllocatedResources = resources.raw;
    if (AllocatedResourcesTranslated) *AllocatedResourcesTranslated = resources.translated;
}

/// Configuration space of the adapter's own function, whatever slot is named. Bytes read or written. <= DISPATCH_LEVEL.
ULONG NTAPI NdisReadPciSlotInformation(NDIS_HANDLE NdisAdapterHandle, ULONG, ULONG Offset, PVOID Buffer, ULONG Length) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisReadPciSlotInformation", NDIS_CALLER);
    return access(NdisAdapterHandle, false, Offset, Buffer, Length);
}
ULONG NTAPI NdisWritePciSlotInformation(NDIS_HANDLE NdisAdapterHandle, ULONG, ULONG Offset, PVOID Buffer, ULONG Length) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisWritePciSlotInformation", NDIS_CALLER);
    return access(NdisAdapterHandle, true, Offset, Buffer, Length);
}
/// The same before NdisMSetAttributes, by the configuration context.
ULONG NTAPI
NdisImmediateReadPciSlotInformation(NDIS_HANDLE WrapperConfigurationContext, ULONG, ULONG Offset, PVOID Buffer, ULONG Length) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisImmediateReadPciSlotInformation", NDIS_CALLER);
    return access(WrapperConfigurationContext, false, Offset, Buffer, Length);
}
ULONG NTAPI
NdisImmediateWritePciSlotInformation(NDIS_HANDLE WrapperConfigurationContext, ULONG, ULONG Offset, PVOID Buffer, ULONG Length) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisImmediateWritePciSlotInformation", NDIS_CALLER);
    return access(WrapperConfigurationContext, true, Offset, Buffer, Length);
}

namespace ndis {

NDIS_STATUS adapter_instance_name(const AdapterResources& resources, PVOID caller, PNDIS_STRING name) {
    *name = {};
    ULONG bytes = 0;
    NTSTATUS status = IoGetDeviceProperty(resources.pdo, DevicePropertyFriendlyName, 0, nullptr, &bytes);
    DEVICE_REGISTRY_PROPERTY property = DevicePropertyFriendlyName;
    if (status != STATUS_BUFFER_TOO_SMALL) {
        property = DevicePropertyDeviceDescription;
        status = IoGetDeviceProperty(resources.pdo, property, 0, nullptr, &bytes);
    }
    if (status != STATUS_BUFFER_TOO_SMALL || bytes < sizeof(WCHAR) || bytes > 0xFFFE) return NDIS_STATUS_FAILURE;
    auto* text = static_cast<PWSTR>(allocate_for(caller, NonPagedPool, bytes, kTag));
    if (!text) return NDIS_STATUS_RESOURCES;
    status = IoGetDeviceProperty(resources.pdo, property, bytes, text, &bytes);
    if (!NT_SUCCESS(status)) {
        ExFreePool(text);
        return NDIS_STATUS_FAILURE;
    }
    name->Buffer = text;
    name->Length = static_cast<USHORT>(bytes - sizeof(WCHAR));
    name->MaximumLength = static_cast<USHORT>(bytes);
    return NDIS_STATUS_SUCCESS;
}

}  // namespace ndis

/// The adapter's friendly name, in memory the driver frees with NdisFreeString. PASSIVE_LEVEL.
NDIS_STATUS NTAPI NdisMQueryAdapterInstanceName(PNDIS_STRING AdapterInstanceName, NDIS_HANDLE MiniportHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMQueryAdapterInstanceName", NDIS_CALLER);
    return adapter_instance_name(*resources_of(MiniportHandle), NDIS_CALLER, AdapterInstanceName);
}
