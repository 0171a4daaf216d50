// SPDX-License-Identifier: MIT
// io/pnp/pdo.hpp
//
// Between the files of the PCI bus driver.
#pragma once
#include "device_node.hpp"

namespace pnp {

/// IRP_MJ_PNP of a PDO. PASSIVE_LEVEL (IRP_MN_READ_CONFIG and IRP_MN_WRITE_CONFIG: <= DISPATCH_LEVEL).
NTSTATUS NTAPI dispatch_pnp(PDEVICE_OBJECT pdo, PIRP irp);

/// Fills a BUS_INTERFACE_STANDARD of at least its size. <= DISPATCH_LEVEL.
void fill_bus_interface(DeviceNode& node, BUS_INTERFACE_STANDARD& bus);
extern const GUID kGuidBusInterfaceStandard;
extern const GUID kGuidBusTypePci;

}  // namespace pnp
