// SPDX-License-Identifier: MIT
// protocol5/status.cpp
//
// What NDIS tells a binding about its adapter: status indications, resets, Plug and Play and power
// events.
#include "protocol5/sync_points.hpp"

namespace
{

constexpr ULONG PowerWaitMilliseconds = 1000;

ULONG
SendsInFlight(P5_BINDING *binding)
{
    const rundown::SpinLockGuard guard(binding->Sender.Lock);

    return binding->Sender.InFlight;
}

/// Returns what was kept, stops sending and waits for what is in flight: an adapter must not lose
/// its power with packets of ours, nor can it be halted while its own are here. Bounded, as the
/// event must succeed whatever the adapter does. PASSIVE_LEVEL.
void
EnterLowPower(P5_BINDING *binding)
{
    LARGE_INTEGER millisecond;

    millisecond.QuadPart = -10 * 1000;
    P5SetReceiverAsleep(binding, TRUE);
    P5PauseSends(binding, P5PausedByPower);
    for (ULONG waited = 0; waited < PowerWaitMilliseconds && SendsInFlight(binding) != 0;
         ++waited) {
        KeDelayExecutionThread(KernelMode, FALSE, &millisecond);
    }
}

void
SetPower(P5_BINDING *binding, const NET_PNP_EVENT *event)
{
    if (binding == nullptr || event->Buffer == nullptr ||
        event->BufferLength < sizeof(NDIS_DEVICE_POWER_STATE)) {
        return;
    }
    if (*static_cast<const NDIS_DEVICE_POWER_STATE *>(event->Buffer) == NdisDeviceStateD0) {
        P5SetReceiverAsleep(binding, FALSE);
        P5ResumeSends(binding, P5PausedByPower);
    } else {
        EnterLowPower(binding);
    }
}

} // namespace

/// ProtocolStatus. IRQL <= DISPATCH_LEVEL; may come from the open's return until the close has
/// completed.
VOID NTAPI
P5Status(
    NDIS_HANDLE ProtocolBindingContext,
    NDIS_STATUS GeneralStatus,
    PVOID StatusBuffer,
    UINT StatusBufferSize)
{
    UNREFERENCED_PARAMETER(StatusBuffer);
    UNREFERENCED_PARAMETER(StatusBufferSize);

    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5CallbackTrace trace(
        P5Who(binding), RD_EV_STATUS, binding, 0, 0, static_cast<ULONG>(GeneralStatus));

    P5SyncPoint(RD_P5_SYNC_IN_STATUS, P5Who(binding));
    switch (GeneralStatus) {
    case NDIS_STATUS_MEDIA_DISCONNECT:
        P5PauseSends(binding, P5PausedByMedia);
        break;

    case NDIS_STATUS_MEDIA_CONNECT:
        P5ResumeSends(binding, P5PausedByMedia);
        break;

    case NDIS_STATUS_RESET_START:
        P5PauseSends(binding, P5PausedByReset);
        break;

    case NDIS_STATUS_RESET_END:
        P5ResumeSends(binding, P5PausedByReset);
        break;

    default:
        break;
    }
}

/// ProtocolStatusComplete. IRQL <= DISPATCH_LEVEL.
VOID NTAPI
P5StatusComplete(NDIS_HANDLE ProtocolBindingContext)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5CallbackTrace trace(P5Who(binding), RD_EV_STATUS_COMPLETE, binding);
}

/// ProtocolResetComplete: for a reset of ours, of which there are none. IRQL <= DISPATCH_LEVEL.
VOID NTAPI
P5ResetComplete(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5CallbackTrace trace(
        P5Who(binding), RD_EV_RESET_COMPLETE, binding, 0, 0, static_cast<ULONG>(Status));
}

/// ProtocolPnPEvent: always answered at once. PASSIVE_LEVEL. No context: the event is for the
/// driver as a whole.
NDIS_STATUS NTAPI
P5PnPEvent(NDIS_HANDLE ProtocolBindingContext, PNET_PNP_EVENT NetPnPEvent)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    P5CallbackTrace trace(
        binding != nullptr ? P5Who(binding) : P5Nobody,
        RD_EV_PNP_EVENT,
        binding,
        NetPnPEvent->NetEvent);
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    P5SyncPoint(RD_P5_SYNC_IN_PNP_EVENT, binding != nullptr ? P5Who(binding) : P5Nobody);
    switch (NetPnPEvent->NetEvent) {
    case NetEventSetPower:
        SetPower(binding, NetPnPEvent);
        break;

    case NetEventQueryPower:
    case NetEventQueryRemoveDevice:
    case NetEventCancelRemoveDevice:
    case NetEventReconfigure:
    case NetEventBindList:
    case NetEventBindsComplete:
    case NetEventPnPCapabilities:
        break;

    default:
        status = NDIS_STATUS_NOT_SUPPORTED;
        break;
    }
    trace.Returns(static_cast<ULONG>(status));
    return status;
}
