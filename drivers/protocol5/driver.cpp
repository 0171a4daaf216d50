// SPDX-License-Identifier: MIT
// protocol5/driver.cpp
//
// Loading and unloading. DriverEntry prepares everything a callback could need before it registers
// the protocol: NDIS may bind from inside NdisRegisterProtocol. Unload undoes it in reverse, and
// returns when no code of ours can run.
#include "lib/registry.hpp"
#include "protocol5/ndis_calls.hpp"
#include "protocol5/sync_points.hpp"

constinit P5_GLOBALS P5 = {};

namespace
{

void
DescribeProtocol(PNDIS_PROTOCOL_CHARACTERISTICS characteristics, const UNICODE_STRING &name)
{
    RtlZeroMemory(characteristics, sizeof(*characteristics));
    characteristics->MajorNdisVersion = 5;
    characteristics->MinorNdisVersion = 1;
    characteristics->Name = name;
    characteristics->OpenAdapterCompleteHandler = P5OpenAdapterComplete;
    characteristics->CloseAdapterCompleteHandler = P5CloseAdapterComplete;
    characteristics->SendCompleteHandler = P5SendComplete;
    characteristics->TransferDataCompleteHandler = P5TransferDataComplete;
    characteristics->ResetCompleteHandler = P5ResetComplete;
    characteristics->RequestCompleteHandler = P5RequestComplete;
    characteristics->ReceiveHandler = P5Receive;
    characteristics->ReceiveCompleteHandler = P5ReceiveComplete;
    characteristics->StatusHandler = P5Status;
    characteristics->StatusCompleteHandler = P5StatusComplete;
    characteristics->BindAdapterHandler = P5BindAdapter;
    characteristics->UnbindAdapterHandler = P5UnbindAdapter;
    characteristics->PnPEventHandler = P5PnPEvent;
    characteristics->UnloadHandler = P5ProtocolUnload;
    // Without this handler NDIS indicates every frame to ProtocolReceive.
    characteristics->ReceivePacketHandler = P5.ReceiveStyle == 0 ? P5ReceivePacket : nullptr;
}

/// Registers under the service's name, by which NDIS finds the bindings in the registry.
/// PASSIVE_LEVEL.
NTSTATUS
RegisterProtocol(PCUNICODE_STRING registryPath)
{
    NDIS_PROTOCOL_CHARACTERISTICS characteristics;

    DescribeProtocol(&characteristics, rundown::ServiceName(registryPath));

    // NDIS stores the handle before it binds anything; a bind that comes at once finds it in place.
    const NDIS_STATUS status = P5NdisRegisterProtocol(&P5.ProtocolHandle, &characteristics);

    if (status != NDIS_STATUS_SUCCESS) {
        // Where binds come within the call, a bind that fails may fail it, and leave others open.
        P5CloseAllBindings();
        return STATUS_UNSUCCESSFUL;
    }
    P5OpenDeregistration();
    return STATUS_SUCCESS;
}

void
ReadParameters(PCUNICODE_STRING registryPath)
{
    const rundown::DriverParameters parameters(registryPath);

    P5.ReceiveStyle = parameters.Number(RD_P5_PARAM_RECEIVE_STYLE, 0);
    P5.SendStyle = parameters.Number(RD_P5_PARAM_SEND_STYLE, 0);
    P5.DeregisterOn = parameters.Number(RD_P5_PARAM_DEREGISTER_ON, 0);
    P5.RefuseBinds = parameters.Number(RD_P5_PARAM_REFUSE_BINDS, 0) != 0;
    P5.LeaveFilters = parameters.Number(RD_P5_PARAM_LEAVE_FILTERS, 0) != 0;
    P5.ReturnAfterMs = parameters.Number(RD_P5_PARAM_RETURN_AFTER, 0);
    P5.CloseBindings = parameters.Number(RD_P5_PARAM_CLOSE_BINDINGS, RD_P5_CLOSE_BY_NDIS);
}

void
InitializeGlobals()
{
    KeInitializeEvent(&P5.Deregistered, NotificationEvent, FALSE);
    P5.WorkItems.Initialize();
    P5.Opens.Initialize();
    P5InitializeLoad();
}

/// Waits until no work item of ours is queued or running. P5Deregister has been called: nothing
/// queues more.
void
DrainWorkItems()
{
    P5.WorkItems.Begin();
    P5.WorkItems.Wait();
    if (P5.DeregisterWork != nullptr) {
        IoFreeWorkItem(P5.DeregisterWork);
        P5.DeregisterWork = nullptr;
    }
}

NTSTATUS
Initialize(PDRIVER_OBJECT driverObject, PUNICODE_STRING registryPath)
{
    ReadParameters(registryPath);
    InitializeGlobals();

    NTSTATUS status = P5CreateDevice(driverObject);
    if (!NT_SUCCESS(status)) {
        return status;
    }

    P5.DeregisterWork = IoAllocateWorkItem(P5.Device);
    status = P5.DeregisterWork != nullptr ? P5RegisterShutdown() : STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status)) {
        status = RegisterProtocol(registryPath);
    }
    if (!NT_SUCCESS(status)) {
        P5UnregisterShutdown();
        DrainWorkItems();
        P5DeleteDevice();
    }
    return status;
}

} // namespace

/// PASSIVE_LEVEL, in a system thread.
NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status;

    P5AttachTrace(RegistryPath);
    {
        P5CallbackTrace trace(P5Nobody, RD_EV_DRIVER_ENTRY, DriverObject);

        DriverObject->DriverUnload = P5Unload;
        status = Initialize(DriverObject, RegistryPath);
        trace.Returns(static_cast<ULONG>(status));
    }
    if (!NT_SUCCESS(status)) {
        P5Trace.Detach();
    }
    return status;
}

/// PASSIVE_LEVEL, in a system thread, when no handle to the control device is open. Traffic runs on
/// until NDIS unbinds each binding from within NdisDeregisterProtocol.
VOID NTAPI
P5Unload(PDRIVER_OBJECT DriverObject)
{
    {
        const P5CallbackTrace trace(P5Nobody, RD_EV_DRIVER_UNLOAD, DriverObject);

        P5SyncPoint(RD_P5_SYNC_IN_UNLOAD, P5Nobody);
        P5UnregisterShutdown();
        P5Deregister();
        P5StopLoad();
        DrainWorkItems();
        // A DPC routine has given up its reference before its last instruction: see it off the
        // processors.
        KeFlushQueuedDpcs();
        P5DeleteDevice();
    }
    P5Trace.Detach();
}
