// SPDX-License-Identifier: MIT
// ndis/device.hpp
//
// An adapter's device object: its extension, whose turn it is with the miniport, and the handling of requests that
// miniport_device.cpp and power_irps.cpp have in common.
#pragma once
#include "ndis/ndisp.hpp"

namespace ndis {

/// The state of a device object of ours.
struct DeviceExtension {
    Miniport* miniport;         ///< Null: removed. Of whoever has the turn; PnP requests come one at a time anyhow.
    KEVENT turn;                ///< Auto-reset: starting, stopping, removing and power take turns.
};

inline DeviceExtension& extension_of(PDEVICE_OBJECT device) { return *static_cast<DeviceExtension*>(device->DeviceExtension); }
inline Miniport* miniport_of(PDEVICE_OBJECT device) { return extension_of(device).miniport; }

/// One's turn with a device's miniport, for a scope: it is not started, halted or freed by somebody else meanwhile. The device
/// object must stay. PASSIVE_LEVEL.
class DeviceTurn {
  public:
    explicit DeviceTurn(PDEVICE_OBJECT device) : extension_(extension_of(device)) {
        KeWaitForSingleObject(&extension_.turn, Executive, KernelMode, FALSE, nullptr);
    }
    ~DeviceTurn() { KeSetEvent(&extension_.turn, IO_NO_INCREMENT, FALSE); }
    DeviceTurn(const DeviceTurn&) = delete;
    DeviceTurn& operator=(const DeviceTurn&) = delete;

    Miniport* miniport() const { return extension_.miniport; }  ///< Null: the adapter has been removed.
    void removed() { extension_.miniport = nullptr; }

  private:
    DeviceExtension& extension_;
};

/// Returns `status`. <= DISPATCH_LEVEL.
NTSTATUS complete_request(PIRP irp, NTSTATUS status);
/// Passes the request down and gets it back; the caller completes it. PASSIVE_LEVEL.
NTSTATUS pass_down_and_wait(Miniport* miniport, PIRP irp);
/// IRP_MJ_POWER. PASSIVE_LEVEL: the devices are DO_POWER_PAGABLE.
NTSTATUS NTAPI dispatch_power(PDEVICE_OBJECT device, PIRP irp);

}  // namespace ndis
