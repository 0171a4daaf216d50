// SPDX-License-Identifier: MIT
// ndis/lib/control_device.hpp
//
// Device objects that miniport and intermediate drivers make with NdisMRegisterDevice. They belong to the driver's object,
// whose dispatch table is NDIS's: the core passes every IRP by here first.
#pragma once
#include "ndis/lib/ndis_lib.hpp"

namespace ndis {

/// True: the device is one of NdisMRegisterDevice, the IRP has gone to its driver, and *status is what that said. Same IRQL.
bool dispatch_control_device(PDEVICE_OBJECT device, PIRP irp, NTSTATUS* status);

}  // namespace ndis
