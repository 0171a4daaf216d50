// SPDX-License-Identifier: MIT
// io/pnp/pdo.cpp
//
// The PCI bus driver: physical device objects, one per function, and the dispatch routine of everything but IRP_MJ_PNP
// (pdo_irps.cpp).
#include "pdo.hpp"

#include "pci_config.hpp"
#include "text_writer.hpp"

PDRIVER_OBJECT pnp::PciDriver;

namespace pnp {

namespace {

NTSTATUS complete(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS NTAPI dispatch_refused(PDEVICE_OBJECT, PIRP irp) { return complete(irp, STATUS_INVALID_DEVICE_REQUEST); }

/// Nobody has taken the request: its status stays what it was. IRP_MJ_SYSTEM_CONTROL.
NTSTATUS NTAPI dispatch_unclaimed(PDEVICE_OBJECT, PIRP irp) { return complete(irp, irp->IoStatus.Status); }

/// The function is always in D0 while the system runs: queries and sets of that are granted. IRP_MJ_POWER.
NTSTATUS NTAPI dispatch_power(PDEVICE_OBJECT, PIRP irp) {
    const PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const bool granted = stack->MinorFunction == IRP_MN_SET_POWER || stack->MinorFunction == IRP_MN_QUERY_POWER;
    return complete(irp, granted ? STATUS_SUCCESS : irp->IoStatus.Status);
}

}  // namespace

NTSTATUS NTAPI pci_driver_entry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    for (PDRIVER_DISPATCH& dispatch : driver->MajorFunction) dispatch = dispatch_refused;
    driver->MajorFunction[IRP_MJ_PNP] = dispatch_pnp;
    driver->MajorFunction[IRP_MJ_POWER] = dispatch_power;
    driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = dispatch_unclaimed;
    PciDriver = driver;
    return STATUS_SUCCESS;
}

DeviceNode* create_node(PciAddress at, const PciIdentity& id) {
    static ULONG next_number;  // under PnpLock
    WCHAR name[kServiceMax];
    TextWriter(name, kServiceMax).text(L"\\Device\\NTPNP_PCI").decimal(next_number++, 4);
    UNICODE_STRING unicode;
    RtlInitUnicodeString(&unicode, name);
    PDEVICE_OBJECT pdo = nullptr;
    const NTSTATUS status = IoCreateDevice(
        PciDriver, sizeof(DeviceNode), &unicode, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &pdo);
    if (!NT_SUCCESS(status)) return nullptr;
    DeviceNode& node = *node_of(pdo);  // zeroed by IoCreateDevice
    node.pdo = pdo;
    node.address = at;
    node.id = id;
    node.state = NodeState::stopped;
    TextWriter(node.pdo_name, kServiceMax).text(name);
    read_bars(at, node.bars);
    pdo->Flags |= DO_BUS_ENUMERATED_DEVICE | DO_POWER_PAGABLE;
    pdo->Flags &= ~DO_DEVICE_INITIALIZING;
    return &node;
}

void set_decoding(const DeviceNode& node, bool on) {
    uint16_t command = read_config16(node.address, config_command);
    if (command == 0xffff) return;  // gone
    if (on) {
        for (const Bar& bar : node.bars) {
            command |= bar.kind == Bar::Kind::port ? kCommandPort : 0;
            command |= bar.kind == Bar::Kind::memory ? kCommandMemory : 0;
        }
        command &= ~kCommandNoInterrupt;
    } else {
        command &= ~(kCommandPort | kCommandMemory | kCommandMaster);
        command |= kCommandNoInterrupt;
    }
    write_config16(node.address, config_command, command);
}

}  // namespace pnp
