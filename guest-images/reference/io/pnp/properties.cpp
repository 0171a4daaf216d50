// SPDX-License-Identifier: MIT
// io/pnp/properties.cpp
//
// What drivers ask the PnP manager about the device they were started for.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetdeviceproperty
#include "device_node.hpp"
#include "rd_pnp.hpp"
#include "registry_key.hpp"
#include "text_writer.hpp"

namespace {

using namespace pnp;

/// Hands `bytes` to the caller, or says how many it should have room for.
NTSTATUS give(const void* data, SIZE_T bytes, ULONG room, PVOID buffer, PULONG length) {
    *length = static_cast<ULONG>(bytes);
    if (bytes > room) return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(buffer, data, bytes);
    return STATUS_SUCCESS;
}

NTSTATUS give_text(const WCHAR* text, ULONG room, PVOID buffer, PULONG length) {
    SIZE_T characters = 0;
    while (text[characters] != L'\0') ++characters;
    return give(text, (characters + 1) * sizeof(WCHAR), room, buffer, length);
}

NTSTATUS give_ids(const DeviceNode& node, IdKind kind, ULONG room, PVOID buffer, PULONG length) {
    const PWSTR ids = build_id(node, kind);
    if (!ids) return STATUS_INSUFFICIENT_RESOURCES;
    const NTSTATUS status = give(ids, multi_length(ids) * sizeof(WCHAR), room, buffer, length);
    ExFreePool(ids);
    return status;
}

/// A text value of the device's Enum key.
NTSTATUS give_enum_value(const DeviceNode& node, const WCHAR* name, ULONG room, PVOID buffer, PULONG length) {
    WCHAR path[kPathMax + 8], text[kPathMax];
    TextWriter(path, kPathMax + 8).text(L"Enum\\").text(node.enum_path);
    RegistryKey key;
    const NTSTATUS status = key.open(path);
    if (!NT_SUCCESS(status)) return status;
    return key.get_text(name, text, kPathMax) ? give_text(text, room, buffer, length) : STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS give_resources(const DeviceNode& node, bool translated, ULONG room, PVOID buffer, PULONG length) {
    const PCM_RESOURCE_LIST list = build_resources(node, translated);
    if (!list) {
        *length = 0;
        return STATUS_SUCCESS;  // documented: a device without resources
    }
    const ULONG count = list->List[0].PartialResourceList.Count;
    const SIZE_T bytes = sizeof(CM_RESOURCE_LIST) + (count - 1) * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR);
    const NTSTATUS status = give(list, bytes, room, buffer, length);
    ExFreePool(list);
    return status;
}

NTSTATUS give_number(ULONG number, ULONG room, PVOID buffer, PULONG length) {
    return give(&number, sizeof number, room, buffer, length);
}

VOID NTAPI rescan_worker(PVOID item) {
    ExFreePoolWithTag(item, 'cSpP');
    RdPnpRescan();
}

}  // namespace

extern "C" NTSTATUS NTAPI IoGetDeviceProperty(
    PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty, ULONG BufferLength, PVOID PropertyBuffer,
    PULONG ResultLength) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoGetDeviceProperty");
    if (DeviceObject->DriverObject != PciDriver) return STATUS_INVALID_DEVICE_REQUEST;  // not a PDO
    const DeviceNode& node = *node_of(DeviceObject);
    *ResultLength = 0;
    switch (DeviceProperty) {
        case DevicePropertyDeviceDescription:
            return give_enum_value(node, L"DeviceDesc", BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyLocationInformation:
            return give_enum_value(node, L"LocationInformation", BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyClassGuid:
            return give_enum_value(node, L"ClassGUID", BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyHardwareID:
            return give_ids(node, IdKind::hardware, BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyCompatibleIDs:
            return give_ids(node, IdKind::compatible, BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyDriverKeyName:
            return node.driver_key[0] != L'\0' ? give_text(node.driver_key, BufferLength, PropertyBuffer, ResultLength)
                                               : STATUS_OBJECT_NAME_NOT_FOUND;
        case DevicePropertyPhysicalDeviceObjectName:
            return give_text(node.pdo_name, BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyEnumeratorName: return give_text(L"PCI", BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyBusTypeGuid: {
            constexpr GUID pci = {0xc8ebdfb0, 0xb510, 0x11d0, {0x80, 0xe5, 0x00, 0xa0, 0xc9, 0x25, 0x42, 0xe3}};
            return give(&pci, sizeof pci, BufferLength, PropertyBuffer, ResultLength);
        }
        case DevicePropertyLegacyBusType: return give_number(PCIBus, BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyBusNumber:
            return give_number(node.address.bus, BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyAddress:
            return give_number(
                static_cast<ULONG>(node.address.device) << 16 | node.address.function, BufferLength, PropertyBuffer,
                ResultLength);
        case DevicePropertyBootConfiguration:
            return give_resources(node, false, BufferLength, PropertyBuffer, ResultLength);
        case DevicePropertyBootConfigurationTranslated:
            return give_resources(node, true, BufferLength, PropertyBuffer, ResultLength);
        default: return STATUS_INVALID_PARAMETER_2;
    }
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioopendeviceregistrykey
extern "C" NTSTATUS NTAPI IoOpenDeviceRegistryKey(
    PDEVICE_OBJECT DeviceObject, ULONG DevInstKeyType, ACCESS_MASK, PHANDLE DeviceRegKey) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoOpenDeviceRegistryKey");
    *DeviceRegKey = nullptr;
    if (DeviceObject->DriverObject != PciDriver) return STATUS_INVALID_DEVICE_REQUEST;
    const DeviceNode& node = *node_of(DeviceObject);
    WCHAR path[kPathMax + 32];
    TextWriter out(path, kPathMax + 32);
    if (DevInstKeyType == PLUGPLAY_REGKEY_DRIVER) {
        if (node.driver_key[0] == L'\0') return STATUS_OBJECT_NAME_NOT_FOUND;
        out.text(L"Control\\Class\\").text(node.driver_key);
    } else if (DevInstKeyType == PLUGPLAY_REGKEY_DEVICE) {
        out.text(L"Enum\\").text(node.enum_path).text(L"\\Device Parameters");
    } else {
        return STATUS_INVALID_PARAMETER;
    }
    RegistryKey key;
    const NTSTATUS status = key.create(path);
    *DeviceRegKey = key.release();
    return status;
}

/// Any IRQL up to DISPATCH_LEVEL: the bus is looked at again by a system worker thread.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioinvalidatedevicerelations
extern "C" VOID NTAPI IoInvalidateDeviceRelations(PDEVICE_OBJECT, DEVICE_RELATION_TYPE Type) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoInvalidateDeviceRelations");
    if (Type != BusRelations) return;
    auto* item = static_cast<PWORK_QUEUE_ITEM>(ExAllocatePoolWithTag(NonPagedPool, sizeof(WORK_QUEUE_ITEM), 'cSpP'));
    if (!item) return;
    ExInitializeWorkItem(item, rescan_worker, item);
    ExQueueWorkItem(item, DelayedWorkQueue);
}
