// SPDX-License-Identifier: MIT
// include/rd_pnp.hpp
//
// The PnP manager's private exports, for our own ndis.sys and agent.sys: enabling and disabling a device, as the device
// manager would.
#pragma once
#include "nt_ddk.hpp"

#ifndef RDAPI
#ifdef RD_BUILDING_KERNEL
#define RDAPI
#else
#define RDAPI __declspec(dllimport)
#endif
#endif

extern "C" {

/// Scans the PCI bus, makes PDOs and registry keys, and starts every device that has a driver. Called once by
/// IoInitSystem, after ndis.sys has been loaded. PASSIVE_LEVEL.
NTSTATUS NTAPI PnpInitSystem(void);

/// Enables a device: loads its driver if need be, AddDevice, IRP_MN_START_DEVICE with its resources. Success when it is
/// started already. STATUS_NO_SUCH_DEVICE: not a PDO of ours, or gone; otherwise what the driver said. PASSIVE_LEVEL.
RDAPI NTSTATUS NTAPI RdPnpStartDevice(PDEVICE_OBJECT pdo);

/// Disables a device: IRP_MN_QUERY_REMOVE_DEVICE and IRP_MN_REMOVE_DEVICE to its stack; the PDO stays and can be started
/// again. A driver that refuses the query keeps the device running and its status is returned. PASSIVE_LEVEL.
RDAPI NTSTATUS NTAPI RdPnpStopDevice(PDEVICE_OBJECT pdo);

/// Looks for functions that have come or gone since the last scan: new ones are started, vanished ones get
/// IRP_MN_SURPRISE_REMOVAL and IRP_MN_REMOVE_DEVICE. PASSIVE_LEVEL.
RDAPI VOID NTAPI RdPnpRescan(void);

/// A PCI function as the PnP manager sees it.
struct RD_PNP_DEVICE {
    PDEVICE_OBJECT Pdo;       ///< Not referenced: valid while the device is there.
    ULONG PciAddress;         ///< bus<<8 | device<<3 | function
    USHORT Vendor, Device;
    ULONG Started;            ///< 0 or 1.
    NTSTATUS StartStatus;     ///< Of the last attempt.
    WCHAR Service[32];        ///< Empty: no driver is known for it.
    WCHAR NetCfgInstanceId[39];  ///< "{...}" for a network adapter, else empty.
};
/// Copies at most `capacity` entries and returns how many devices there are. PASSIVE_LEVEL.
RDAPI ULONG NTAPI RdPnpQueryDevices(RD_PNP_DEVICE* entries, ULONG capacity);

}  // extern "C"
