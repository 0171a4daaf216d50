// SPDX-License-Identifier: MIT
// ndis/pnp_event.cpp
//
// Plug and Play and power events to protocols (ProtocolPnPEvent), and what protocols ask about their bindings.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff563243(v=vs.85) (ProtocolPnPEvent)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// An event whose handler may pend: found again by its NET_PNP_EVENT when NdisCompletePnPEvent comes.
struct PendingEvent {
    LIST_ENTRY entry;
    NET_PNP_EVENT event;
    NDIS_STATUS status;
    KEVENT done;
};

LIST_ENTRY pending_events = {&pending_events, &pending_events};  // CoreLock

}  // namespace

NDIS_STATUS send_pnp_event(Protocol* protocol, Open* open, NET_PNP_EVENT_CODE code, PVOID buffer, ULONG bytes) {
    const PNP_EVENT_HANDLER handler = protocol->characteristics.PnPEventHandler;
    if (!handler) return NDIS_STATUS_NOT_SUPPORTED;
    auto* pending = static_cast<PendingEvent*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(PendingEvent), kWorkTag));
    if (!pending) return NDIS_STATUS_RESOURCES;
    RtlZeroMemory(pending, sizeof *pending);
    pending->event.NetEvent = code;
    pending->event.Buffer = buffer;
    pending->event.BufferLength = bytes;
    KeInitializeEvent(&pending->done, NotificationEvent, FALSE);
    {
        const CoreGuard guard;
        InsertTailList(&pending_events, &pending->entry);
    }
    const NDIS_HANDLE context = open ? open->context : nullptr;
    const USHORT binding = open ? open->number : 0;
    trace(RD_KIND_CALLBACK, RD_EV_PNP_EVENT, binding, 0, context, code);
    NDIS_STATUS status = handler(context, &pending->event);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_PNP_EVENT, binding, status, context, code);
    if (status == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&pending->done, Executive, KernelMode, FALSE, nullptr);
        status = pending->status;
    }
    {
        const CoreGuard guard;
        RemoveEntryList(&pending->entry);
    }
    ExFreePoolWithTag(pending, kWorkTag);
    return status;
}

}  // namespace ndis

using namespace ndis;

extern "C" {

/// The end of an event for which ProtocolPnPEvent returned NDIS_STATUS_PENDING. An event that is not under way: ignored but for
/// a violation. PASSIVE_LEVEL.
VOID NTAPI NdisCompletePnPEvent(NDIS_STATUS Status, NDIS_HANDLE NdisBindingHandle, PNET_PNP_EVENT NetPnPEvent) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisCompletePnPEvent", NDIS_CALLER);
    {
        const CoreGuard guard;
        for (PLIST_ENTRY entry = pending_events.Flink; entry != &pending_events; entry = entry->Flink) {
            PendingEvent* pending = CONTAINING_RECORD(entry, PendingEvent, entry);
            if (&pending->event != NetPnPEvent) continue;
            pending->status = Status;
            KeSetEvent(&pending->done, IO_NO_INCREMENT, FALSE);
            return;
        }
    }
    note_bad_call(RD_VIOLATION_BAD_OPEN_HANDLE, NdisBindingHandle, 0, "NdisCompletePnPEvent");
}

/// The adapter's name for people, to be freed with NdisFreeString. PASSIVE_LEVEL.
NDIS_STATUS NTAPI NdisQueryAdapterInstanceName(PNDIS_STRING AdapterInstanceName, NDIS_HANDLE NdisBindingHandle) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisQueryAdapterInstanceName", NDIS_CALLER);
    Open* open = reference_open(NdisBindingHandle, "NdisQueryAdapterInstanceName");
    if (!open) return NDIS_STATUS_CLOSING;
    const NDIS_STATUS status = adapter_instance_name(open->miniport->resources, NDIS_CALLER, AdapterInstanceName);
    dereference(open);
    return status;
}

/// How many sends and requests of the binding are under way. <= DISPATCH_LEVEL.
NDIS_STATUS NTAPI NdisQueryPendingIOCount(PVOID NdisBindingHandle, PULONG IoCount) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisQueryPendingIOCount", NDIS_CALLER);
    *IoCount = 0;
    Open* open = reference_open(NdisBindingHandle, "NdisQueryPendingIOCount");
    if (!open) return NDIS_STATUS_CLOSING;
    *IoCount = static_cast<ULONG>(open->sends + open->requests);
    dereference(open);
    return NDIS_STATUS_SUCCESS;
}

/// There is no TDI here to call back for: the registration of a transport's handlers is accepted by noting it on the debug
/// channel, and nothing is ever reported through them.
VOID NTAPI NdisRegisterTdiCallBack(PVOID, PVOID) { RdPutString("ndis.sys: NdisRegisterTdiCallBack: no TDI in this guest\n"); }

}  // extern "C"
