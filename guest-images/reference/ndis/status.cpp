// SPDX-License-Identifier: MIT
// ndis/status.cpp
//
// Status indications: from a miniport, or NDIS itself, to every open.
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

void note_link(Miniport* miniport, NDIS_STATUS status) {
    if (status != NDIS_STATUS_MEDIA_CONNECT && status != NDIS_STATUS_MEDIA_DISCONNECT) return;
    miniport->link_up = status == NDIS_STATUS_MEDIA_CONNECT;
    InterlockedIncrement(&miniport->link_changes);
}

}  // namespace

void indicate_status(Miniport* miniport, NDIS_STATUS status, PVOID buffer, UINT bytes) {
    note_link(miniport, status);
    Open* opens[kOpensMax];
    const DispatchScope dispatch;
    const ULONG count = reference_opens(miniport, opens);
    for (ULONG i = 0; i < count; ++i) {
        const NDIS_HANDLE context = opens[i]->context;
        trace(RD_KIND_CALLBACK, RD_EV_STATUS, opens[i]->number, status, context);
        opens[i]->protocol->characteristics.StatusHandler(context, status, buffer, bytes);
        trace(RD_KIND_CALLBACK_RETURN, RD_EV_STATUS, opens[i]->number, status, context);
        dereference(opens[i]);
    }
}

void indicate_status_complete(Miniport* miniport) {
    Open* opens[kOpensMax];
    const DispatchScope dispatch;
    const ULONG count = reference_opens(miniport, opens);
    for (ULONG i = 0; i < count; ++i) {
        const NDIS_HANDLE context = opens[i]->context;
        trace(RD_KIND_CALLBACK, RD_EV_STATUS_COMPLETE, opens[i]->number, 0, context);
        opens[i]->protocol->characteristics.StatusCompleteHandler(context);
        trace(RD_KIND_CALLBACK_RETURN, RD_EV_STATUS_COMPLETE, opens[i]->number, 0, context);
        dereference(opens[i]);
    }
}

}  // namespace ndis

using namespace ndis;

extern "C" {

/// <= DISPATCH_LEVEL. The buffer stays the miniport's.
VOID NTAPI NdisMIndicateStatus(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS GeneralStatus, PVOID StatusBuffer, UINT StatusBufferSize) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMIndicateStatus", NDIS_CALLER);
    indicate_status(static_cast<Miniport*>(MiniportAdapterHandle), GeneralStatus, StatusBuffer, StatusBufferSize);
}
VOID NTAPI NdisMIndicateStatusComplete(NDIS_HANDLE MiniportAdapterHandle) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMIndicateStatusComplete", NDIS_CALLER);
    indicate_status_complete(static_cast<Miniport*>(MiniportAdapterHandle));
}

}  // extern "C"
