// SPDX-License-Identifier: MIT
// io/pnp/bus_interface.cpp
//
// BUS_INTERFACE_STANDARD: configuration space of one function for the drivers above it, at up to DISPATCH_LEVEL.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_bus_interface_standard
#include "pci_config.hpp"
#include "pdo.hpp"

namespace pnp {

const GUID kGuidBusInterfaceStandard = {
    0x496b8280, 0x6f25, 0x11d0, {0xbe, 0xaf, 0x08, 0x00, 0x2b, 0xe2, 0x09, 0x2f}};
const GUID kGuidBusTypePci = {0xc8ebdfb0, 0xb510, 0x11d0, {0x80, 0xe5, 0x00, 0xa0, 0xc9, 0x25, 0x42, 0xe3}};

namespace {

DeviceNode& node_at(PVOID context) { return *static_cast<DeviceNode*>(context); }

VOID NTAPI reference(PVOID context) { ObReferenceObject(node_at(context).pdo); }
VOID NTAPI dereference(PVOID context) { ObDereferenceObject(node_at(context).pdo); }

BOOLEAN NTAPI translate_bus_address(
    PVOID, PHYSICAL_ADDRESS bus_address, ULONG, PULONG, PPHYSICAL_ADDRESS translated) {
    *translated = bus_address;  // one and the same on this machine, the address space too
    return TRUE;
}

PDMA_ADAPTER NTAPI get_dma_adapter(PVOID context, PDEVICE_DESCRIPTION description, PULONG map_registers) {
    return IoGetDmaAdapter(node_at(context).pdo, description, map_registers);
}

ULONG NTAPI set_bus_data(PVOID context, ULONG which, PVOID buffer, ULONG offset, ULONG length) {
    return which == PCI_WHICHSPACE_CONFIG ? write_config(node_at(context).address, offset, buffer, length) : 0;
}

ULONG NTAPI get_bus_data(PVOID context, ULONG which, PVOID buffer, ULONG offset, ULONG length) {
    return which == PCI_WHICHSPACE_CONFIG ? read_config(node_at(context).address, offset, buffer, length) : 0;
}

}  // namespace

void fill_bus_interface(DeviceNode& node, BUS_INTERFACE_STANDARD& bus) {
    bus.Size = sizeof bus;
    bus.Version = 1;
    bus.Context = &node;
    bus.InterfaceReference = reference;
    bus.InterfaceDereference = dereference;
    bus.TranslateBusAddress = translate_bus_address;
    bus.GetDmaAdapter = get_dma_adapter;
    bus.SetBusData = set_bus_data;
    bus.GetBusData = get_bus_data;
    reference(&node);
}

}  // namespace pnp
