// SPDX-License-Identifier: MIT
// protocol5/deregister.cpp
//
// NdisDeregisterProtocol, exactly once, however the paths to it race: Unload, shutdown, the last
// unbind, an IOCTL.
//
// The last unbind is the delicate one. The documentation names it as a moment to deregister; but
// called from inside ProtocolUnbindAdapter the deregistration would wait for the unbind that waits
// for it. So a work item makes the call, after the unbind has been completed or is about to return,
// and Unload waits for the work item.
//
// Within the call NDIS unbinds what is bound, by the documentation. Some systems do not; what the
// driver then does with its bindings is a parameter of its service.
#include "protocol5/ndis_calls.hpp"
#include "protocol5/sync_points.hpp"

namespace
{

/// PASSIVE_LEVEL, in a system worker thread.
VOID NTAPI
DeregisterWorkRoutine(PDEVICE_OBJECT device, PVOID context)
{
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(context);

    bool stillUnbound;

    InterlockedExchange(&P5.DeregisterQueued, 0);
    {
        const rundown::SpinLockGuard guard(P5.BindingsLock);
        stillUnbound = P5.Bindings.IsEmpty();
    }
    // An adapter that was bound meanwhile makes another unbind the last one.
    if (stillUnbound) {
        P5Deregister();
    }
    P5.WorkItems.Release();
}

} // namespace

void
P5OpenDeregistration(void)
{
    P5.Deregistration.Open();
}

NTSTATUS
P5Deregister(void)
{
    switch (P5.Deregistration.Enter()) {
    case rundown::GateEntry::Closed:
        return STATUS_INVALID_DEVICE_STATE;

    case rundown::GateEntry::Done:
        return STATUS_SUCCESS;

    case rundown::GateEntry::Waiting:
        KeWaitForSingleObject(&P5.Deregistered, Executive, KernelMode, FALSE, nullptr);
        return STATUS_SUCCESS;

    case rundown::GateEntry::Owner:
        break;
    }

    P5.Opens.Begin();
    P5.Opens.Wait();
    if (P5.CloseBindings == RD_P5_CLOSE_BEFORE) {
        P5CloseAllBindings();
    }
    P5SyncPoint(RD_P5_SYNC_BEFORE_DEREGISTER, P5Nobody);
    // Always NDIS_STATUS_SUCCESS by the documentation; the trace has what it was.
    P5NdisDeregisterProtocol(P5.ProtocolHandle);
    P5SyncPoint(RD_P5_SYNC_AFTER_DEREGISTER, P5Nobody);
    P5.ProtocolHandle = nullptr;
    if (P5.CloseBindings == RD_P5_CLOSE_LEFT) {
        P5CloseAllBindings();
    }
    P5.Deregistration.Finish();
    KeSetEvent(&P5.Deregistered, IO_NO_INCREMENT, FALSE);
    return STATUS_SUCCESS;
}

void
P5DeregisterSoon(void)
{
    if (!P5.Deregistration.IsOpen() || !P5.WorkItems.TryAcquire()) {
        return; // Under way, done, or Unload is past waiting for work items.
    }
    if (InterlockedExchange(&P5.DeregisterQueued, 1) != 0) {
        P5.WorkItems.Release();
        return;
    }
    IoQueueWorkItem(P5.DeregisterWork, DeregisterWorkRoutine, DelayedWorkQueue, nullptr);
}

VOID NTAPI
P5ProtocolUnload(VOID)
{
    const P5CallbackTrace trace(P5Nobody, RD_EV_PROTOCOL_UNLOAD, nullptr);

    P5DeregisterSoon();
}
