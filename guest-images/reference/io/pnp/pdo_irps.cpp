// SPDX-License-Identifier: MIT
// io/pnp/pdo_irps.cpp
//
// IRP_MJ_PNP at the bottom of a PCI device's stack. A request a bus driver does not know keeps its status.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/plug-and-play-minor-irps
#include "pci_config.hpp"
#include "pdo.hpp"
#include "text_writer.hpp"

namespace pnp {

namespace {

constexpr ULONG kTag = 'oDpP';

NTSTATUS query_capabilities(const DeviceNode& node, PIO_STACK_LOCATION stack) {
    PDEVICE_CAPABILITIES capabilities = stack->Parameters.DeviceCapabilities.Capabilities;
    if (capabilities->Version != 1 || capabilities->Size < sizeof *capabilities) return STATUS_UNSUCCESSFUL;
    capabilities->UniqueID = FALSE;  // the instance is the slot, unique on its bus only
    capabilities->Removable = TRUE;
    capabilities->SurpriseRemovalOK = TRUE;
    capabilities->SilentInstall = TRUE;
    capabilities->Address = static_cast<ULONG>(node.address.device) << 16 | node.address.function;
    capabilities->UINumber = ~0u;
    for (DEVICE_POWER_STATE& state : capabilities->DeviceState) state = PowerDeviceD3;
    capabilities->DeviceState[PowerSystemUnspecified] = PowerDeviceUnspecified;
    capabilities->DeviceState[PowerSystemWorking] = PowerDeviceD0;
    capabilities->SystemWake = PowerSystemUnspecified;
    capabilities->DeviceWake = PowerDeviceUnspecified;
    return STATUS_SUCCESS;
}

NTSTATUS query_id(const DeviceNode& node, PIRP irp, BUS_QUERY_ID_TYPE type) {
    IdKind kind;
    switch (type) {
        case BusQueryDeviceID: kind = IdKind::device; break;
        case BusQueryHardwareIDs: kind = IdKind::hardware; break;
        case BusQueryCompatibleIDs: kind = IdKind::compatible; break;
        case BusQueryInstanceID: kind = IdKind::instance; break;
        default: return irp->IoStatus.Status;
    }
    const PWSTR id = build_id(node, kind);
    if (!id) return STATUS_INSUFFICIENT_RESOURCES;
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(id);
    return STATUS_SUCCESS;
}

NTSTATUS query_text(const DeviceNode& node, PIRP irp, DEVICE_TEXT_TYPE type) {
    constexpr SIZE_T characters = 64;
    if (type != DeviceTextDescription && type != DeviceTextLocationInformation) return irp->IoStatus.Status;
    auto* text = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, characters * sizeof(WCHAR), kTag));
    if (!text) return STATUS_INSUFFICIENT_RESOURCES;
    TextWriter out(text, characters);
    if (type == DeviceTextDescription)
        out.text(node.id.base_class == 2 ? L"Ethernet Controller" : L"PCI Device");
    else
        out.text(L"PCI bus ").decimal(node.address.bus).text(L", device ").decimal(node.address.device)
            .text(L", function ").decimal(node.address.function);
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(text);
    return STATUS_SUCCESS;
}

NTSTATUS query_bus_information(const DeviceNode& node, PIRP irp) {
    auto* bus = static_cast<PPNP_BUS_INFORMATION>(ExAllocatePoolWithTag(PagedPool, sizeof(PNP_BUS_INFORMATION), kTag));
    if (!bus) return STATUS_INSUFFICIENT_RESOURCES;
    bus->BusTypeGuid = kGuidBusTypePci;
    bus->LegacyBusType = PCIBus;
    bus->BusNumber = node.address.bus;
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(bus);
    return STATUS_SUCCESS;
}

NTSTATUS query_relations(const DeviceNode& node, PIRP irp, DEVICE_RELATION_TYPE type) {
    if (type != TargetDeviceRelation) return irp->IoStatus.Status;
    auto* relations = static_cast<PDEVICE_RELATIONS>(ExAllocatePoolWithTag(PagedPool, sizeof(DEVICE_RELATIONS), kTag));
    if (!relations) return STATUS_INSUFFICIENT_RESOURCES;
    relations->Count = 1;
    relations->Objects[0] = node.pdo;
    ObReferenceObject(node.pdo);
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(relations);
    return STATUS_SUCCESS;
}

NTSTATUS query_resources(const DeviceNode& node, PIRP irp) {
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(build_resources(node, false));
    return STATUS_SUCCESS;
}

NTSTATUS query_interface(DeviceNode& node, PIRP irp, PIO_STACK_LOCATION stack) {
    const auto& query = stack->Parameters.QueryInterface;
    if (RtlCompareMemory(query.InterfaceType, &kGuidBusInterfaceStandard, sizeof(GUID)) != sizeof(GUID))
        return irp->IoStatus.Status;
    if (query.Size < sizeof(BUS_INTERFACE_STANDARD)) return STATUS_INVALID_PARAMETER;
    fill_bus_interface(node, *reinterpret_cast<PBUS_INTERFACE_STANDARD>(query.Interface));
    return STATUS_SUCCESS;
}

NTSTATUS access_config(const DeviceNode& node, PIRP irp, PIO_STACK_LOCATION stack) {
    const auto& access = stack->Parameters.ReadWriteConfig;
    if (access.WhichSpace != PCI_WHICHSPACE_CONFIG) return STATUS_INVALID_DEVICE_REQUEST;
    const ULONG done = stack->MinorFunction == IRP_MN_READ_CONFIG
                           ? read_config(node.address, access.Offset, access.Buffer, access.Length)
                           : write_config(node.address, access.Offset, access.Buffer, access.Length);
    irp->IoStatus.Information = done;
    return done == access.Length ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS answer(DeviceNode& node, PIRP irp, PIO_STACK_LOCATION stack) {
    switch (stack->MinorFunction) {
        case IRP_MN_START_DEVICE:
            set_decoding(node, true);
            return STATUS_SUCCESS;
        case IRP_MN_STOP_DEVICE:
        case IRP_MN_REMOVE_DEVICE:
            set_decoding(node, false);
            return STATUS_SUCCESS;
        case IRP_MN_QUERY_STOP_DEVICE:
        case IRP_MN_CANCEL_STOP_DEVICE:
        case IRP_MN_QUERY_REMOVE_DEVICE:
        case IRP_MN_CANCEL_REMOVE_DEVICE:
        case IRP_MN_SURPRISE_REMOVAL:
        case IRP_MN_DEVICE_USAGE_NOTIFICATION: return STATUS_SUCCESS;
        case IRP_MN_QUERY_PNP_DEVICE_STATE: irp->IoStatus.Information = 0; return STATUS_SUCCESS;
        case IRP_MN_QUERY_CAPABILITIES: return query_capabilities(node, stack);
        case IRP_MN_QUERY_ID: return query_id(node, irp, stack->Parameters.QueryId.IdType);
        case IRP_MN_QUERY_DEVICE_TEXT: return query_text(node, irp, stack->Parameters.QueryDeviceText.DeviceTextType);
        case IRP_MN_QUERY_BUS_INFORMATION: return query_bus_information(node, irp);
        case IRP_MN_QUERY_DEVICE_RELATIONS: return query_relations(node, irp, stack->Parameters.QueryDeviceRelations.Type);
        case IRP_MN_QUERY_RESOURCES: return query_resources(node, irp);
        case IRP_MN_QUERY_INTERFACE: return query_interface(node, irp, stack);
        case IRP_MN_READ_CONFIG:
        case IRP_MN_WRITE_CONFIG: return access_config(node, irp, stack);
        default: return irp->IoStatus.Status;
    }
}

}  // namespace

NTSTATUS NTAPI dispatch_pnp(PDEVICE_OBJECT pdo, PIRP irp) {
    const NTSTATUS status = answer(*node_of(pdo), irp, IoGetCurrentIrpStackLocation(irp));
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

}  // namespace pnp
