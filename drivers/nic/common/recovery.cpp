// SPDX-License-Identifier: MIT
// nic/common/recovery.cpp
//
// When things go wrong or end at once: MiniportReset, MiniportCheckForHang, surprise removal,
// system shutdown.
#include "adapter.hpp"

namespace nic
{

extern "C" NDIS_STATUS NTAPI
MiniportReset(PBOOLEAN addressing_reset, NDIS_HANDLE context)
{
    Adapter &adapter = adapter_of(context);
    *addressing_reset = FALSE; // start_device() puts filter and multicast list back itself.
    PacketQueue aborted;
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;
    {
        const LockGuard receive(adapter.receive_lock);
        const LockGuard send(adapter.send_lock);
        if (adapter.removed || adapter.state != AdapterState::running) {
            return NDIS_STATUS_HARD_ERRORS;
        }
        adapter.state = AdapterState::resetting;
        stop_device(adapter, aborted);
        if (start_device(adapter)) {
            adapter.state = AdapterState::running;
            adapter.device->enable_interrupts(
                adapter.interrupt); // "Work already" has raised its interrupt.
        } else {
            adapter.device->stop();
            status = NDIS_STATUS_HARD_ERRORS;
        }
    }
    // Of a serialised miniport NDIS completes what is lost itself, and wants it forgotten.
    if (adapter.serialized) {
        return status;
    }
    // Before the reset is complete, as NDIS asks.
    set_status(aborted, NDIS_STATUS_RESET_ABORTED);
    finish_packets(adapter, aborted);
    return status;
}

extern "C" BOOLEAN NTAPI
MiniportCheckForHang(NDIS_HANDLE context)
{
    Adapter &adapter = adapter_of(context);
    const LockGuard send(adapter.send_lock);
    return adapter.state == AdapterState::running && !adapter.removed && adapter.device->stalled();
}

extern "C" VOID NTAPI
MiniportPnPEventNotify(
    NDIS_HANDLE context, NDIS_DEVICE_PNP_EVENT event, PVOID information, ULONG length)
{
    if (event != NdisDevicePnPEventSurpriseRemoved) {
        return;
    }
    Adapter &adapter = adapter_of(context);
    PacketQueue lost;
    bool complete_filter = false;
    {
        const LockGuard receive(adapter.receive_lock);
        const LockGuard send(adapter.send_lock);
        adapter.removed = true;
        adapter.device->forget_hardware();
        stop_device(adapter, lost);
        complete_filter = adapter.filter_pending;
        adapter.filter_pending = false;
    }
    set_status(lost, NDIS_STATUS_FAILURE);
    finish_packets(adapter, lost);
    if (complete_filter) {
        NdisMSetInformationComplete(adapter.miniport, NDIS_STATUS_FAILURE);
    }
}

extern "C" VOID NTAPI
MiniportShutdown(PVOID context)
{
    // May come at any IRQL, in a bug check too: no lock, no NDIS call. The card must not write to
    // memory any more.
    Adapter &adapter = adapter_of(context);
    if (!adapter.removed) {
        adapter.device->stop();
    }
}

} // namespace nic
