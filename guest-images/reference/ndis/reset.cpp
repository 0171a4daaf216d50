// SPDX-License-Identifier: MIT
// ndis/reset.cpp
//
// Resetting an adapter: asked for by a protocol, or by NDIS when the miniport says that it hangs. Every open is told of its
// beginning and end; filters the reset has lost are pushed again before the end.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff550505(v=vs.85) (MiniportReset)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// The end of a reset, on a worker thread: pushing filters waits.
VOID NTAPI finish(PVOID context) {
    auto* miniport = static_cast<Miniport*>(context);
    const NDIS_STATUS status = miniport->reset_status;
    Open* open = miniport->reset_open;
    {
        const CoreGuard guard;
        miniport->resetting = false;
        miniport->reset_open = nullptr;
    }
    if (miniport->reset_addressing && status == NDIS_STATUS_SUCCESS) restore_filters(miniport);
    indicate_status(miniport, NDIS_STATUS_RESET_END, const_cast<NDIS_STATUS*>(&status), sizeof status);
    indicate_status_complete(miniport);
    if (open) {
        const DispatchScope dispatch;
        trace(RD_KIND_CALLBACK, RD_EV_RESET_COMPLETE, open->number, status, open->context);
        open->protocol->characteristics.ResetCompleteHandler(open->context, status);
        trace(RD_KIND_CALLBACK_RETURN, RD_EV_RESET_COMPLETE, open->number, status, open->context);
        dereference(open);
    }
    run_sends(miniport);
    run_requests(miniport);
    release_miniport(miniport);
}

}  // namespace

NDIS_STATUS start_reset(Miniport* miniport, Open* open) {
    if (!miniport->owner->characteristics.ResetHandler) return NDIS_STATUS_NOT_RESETTABLE;
    if (!hold_miniport(miniport)) return NDIS_STATUS_ADAPTER_NOT_READY;
    bool mine;
    {
        const CoreGuard guard;
        mine = !miniport->resetting;
        if (mine) {
            miniport->resetting = true;
            miniport->reset_open = open;
            if (open) reference(open);
        }
    }
    if (!mine) {
        release_miniport(miniport);
        return NDIS_STATUS_RESET_IN_PROGRESS;
    }
    indicate_status(miniport, NDIS_STATUS_RESET_START, nullptr, 0);
    indicate_status_complete(miniport);
    BOOLEAN addressing = FALSE;
    NDIS_STATUS status;
    {
        const DispatchScope dispatch;
        enter_miniport(miniport);
        status = miniport->owner->characteristics.ResetHandler(&addressing, miniport->block.MiniportAdapterContext);
        leave_miniport(miniport);
    }
    if (status != NDIS_STATUS_PENDING) reset_completed(miniport, status, addressing);
    return NDIS_STATUS_PENDING;
}

void reset_completed(Miniport* miniport, NDIS_STATUS status, bool addressing) {
    if (!miniport->resetting)
        RdBugCheckText("ndis.sys: a miniport completes a reset it does not have", 0x7C, 0x52440203, number(miniport), 0, 0);
    miniport->reset_status = status;
    miniport->reset_addressing = addressing;
    ExInitializeWorkItem(&miniport->reset_work, finish, miniport);
    ExQueueWorkItem(&miniport->reset_work, DelayedWorkQueue);
}

namespace {

NDIS_STATUS reset(NDIS_HANDLE handle, PVOID caller) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisReset", caller);
    Open* open = reference_open(handle, "NdisReset");
    const USHORT binding = open ? open->number : 0;
    trace(RD_KIND_CALL, RD_EV_RESET, binding, 0, handle);
    const NDIS_STATUS status = open ? start_reset(open->miniport, open) : NDIS_STATUS_CLOSING;
    trace(RD_KIND_RETURN, RD_EV_RESET, binding, status, handle);
    if (open) dereference(open);
    return status;
}

}  // namespace

}  // namespace ndis

using namespace ndis;

/// PENDING, then ResetComplete; RESET_IN_PROGRESS, NOT_RESETTABLE, CLOSING. <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisReset(PNDIS_STATUS Status, NDIS_HANDLE NdisBindingHandle) { *Status = reset(NdisBindingHandle, NDIS_CALLER); }
/// NDIS_OPEN_BLOCK.ResetHandler.
extern "C" NDIS_STATUS NTAPI NdispOpenReset(NDIS_HANDLE BindingHandle) { return reset(BindingHandle, NDIS_CALLER); }
/// <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisMResetComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status, BOOLEAN AddressingReset) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMResetComplete", NDIS_CALLER);
    reset_completed(static_cast<Miniport*>(MiniportAdapterHandle), Status, AddressingReset);
}
