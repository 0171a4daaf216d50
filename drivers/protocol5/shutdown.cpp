// SPDX-License-Identifier: MIT
// protocol5/shutdown.cpp
//
// A highest-level protocol deregisters when the system shuts down: the I/O manager sends
// IRP_MJ_SHUTDOWN to every device registered with IoRegisterShutdownNotification, while NDIS and
// the adapters still work.
#include "protocol5/trace.hpp"

/// PASSIVE_LEVEL, in DriverEntry.
NTSTATUS
P5RegisterShutdown(void)
{
    const NTSTATUS status = IoRegisterShutdownNotification(P5.Device);

    P5.ShutdownRegistered = NT_SUCCESS(status);
    return status;
}

/// PASSIVE_LEVEL. Nothing when it was never registered.
void
P5UnregisterShutdown(void)
{
    if (P5.ShutdownRegistered) {
        P5.ShutdownRegistered = FALSE;
        IoUnregisterShutdownNotification(P5.Device);
    }
}

/// PASSIVE_LEVEL. The driver stays loaded: there is no Unload after a shutdown.
NTSTATUS NTAPI
P5DispatchShutdown(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    const P5CallbackTrace trace(P5Nobody, RD_EV_SHUTDOWN, DeviceObject);

    P5Deregister();
    P5StopLoad();
    return P5CompleteIrp(Irp, STATUS_SUCCESS, 0);
}
