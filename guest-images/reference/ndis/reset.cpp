// SPDX-License-Identifier: MIT
// ndis/reset.cpp
//
// Resetting an adapter: asked for by a protocol, or by NDIS when the miniport says that it hangs. Every open is told of its
// beginning and end; filters the reset has lost are pushed again before the end.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff550505(v=vs.85) (MiniportReset)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

void tell(Open* open, NDIS_STATUS status) {
    const DispatchScope dispatch;
    trace(RD_KIND_CALLBACK, RD_EV_RESET_COMPLETE, open->number, status, open->context);
    open->protocol->characteristics.ResetCompleteHandler(open->context, status);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_RESET_COMPLETE, open->number, status, open->context);
    dereference(open);
}

/// The end of a reset, on a worker thread: pushing filters waits.
VOID NTAPI finish(PVOID context) {
    auto* miniport = static_cast<Miniport*>(context);
    const NDIS_STATUS status = miniport->reset_status;
    Open* open = miniport->reset_open;
    if (serialised(miniport)) {
        // A serialised miniport forgets in its reset what it had; NDIS completes it.
        abort_sends(miniport, NDIS_STATUS_RESET_ABORTED, true);
        abort_active_request(miniport);
    }
    {
        const CoreGuard guard;
        miniport->resetting = false;
        miniport->out_of_resources = false;
        miniport->reset_open = nullptr;
    }
    if (miniport->reset_addressing && status == NDIS_STATUS_SUCCESS) restore_filters(miniport);
    indicate_status(miniport, NDIS_STATUS_RESET_END, const_cast<NDIS_STATUS*>(&status), sizeof status);
    indicate_status_complete(miniport);
    if (open) tell(open, status);
    run_requests(miniport);
    if (serialised(miniport)) run_queues(miniport);
    release_miniport(miniport);
}

/// Its beginning, on a worker thread too: a protocol may ask for a reset holding a lock that its handlers want.
VOID NTAPI begin(PVOID context) {
    auto* miniport = static_cast<Miniport*>(context);
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
    release_miniport(miniport);
}

}  // namespace

NDIS_STATUS start_reset(Miniport* miniport, Open* open) {
    if (!miniport->owner->characteristics.ResetHandler) return NDIS_STATUS_NOT_RESETTABLE;
    // Whoever asks must be there to be told.
    if (open && !open->protocol->characteristics.ResetCompleteHandler) return NDIS_STATUS_NOT_SUPPORTED;
    {
        const CoreGuard guard;
        if (miniport->state != MiniportState::running) return NDIS_STATUS_ADAPTER_NOT_READY;
        if (miniport->resetting) return NDIS_STATUS_RESET_IN_PROGRESS;
        miniport->resetting = true;
        miniport->reset_open = open;
        miniport->users += 2;  // begin's and finish's
        if (open) reference(open);
    }
    queue_own_work(&miniport->reset_work, begin, miniport);
    return NDIS_STATUS_PENDING;
}

void reset_completed(Miniport* miniport, NDIS_STATUS status, bool addressing) {
    constexpr ULONG kUnexpectedReset = 0x0F;
    if (!miniport->resetting)
        RdBugCheckText("ndis.sys: a miniport completes a reset it does not have", 0x7C, kUnexpectedReset, number(miniport), status, addressing);
    miniport->reset_status = status;
    miniport->reset_addressing = addressing;
    queue_own_work(&miniport->reset_work, finish, miniport);
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
