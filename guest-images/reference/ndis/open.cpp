// SPDX-License-Identifier: MIT
// ndis/open.cpp
//
// Opens: NdisOpenAdapter, NdisCloseAdapter, and the end of an open when nothing uses it any more.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff563715(v=vs.85) (NdisOpenAdapter)
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff561640(v=vs.85) (NdisCloseAdapter)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// Whether a seeded open or close pends. Both ways must work, and drivers are often wrong for one of them.
constexpr ULONG kPendOneIn = 2;

/// A completion must not overtake the return of the call that pended, which happens in another thread.
void let_the_call_return() {
    LARGE_INTEGER pause = {.QuadPart = -1 * 10000};
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
}

void free_memory(Open* open) {
    if (open->protocol) trace(RD_KIND_NOTE, RD_EV_OPEN_FREED, open->number, 0, open);
    if (open->multicast) ExFreePoolWithTag(open->multicast, kMulticastTag);
    ExFreePoolWithTag(open, kOpenTag);
}

/// Off the lists: nobody finds it any more. The protocol stays until the caller leaves it.
void take_off(Open* open) {
    Protocol* protocol = open->protocol;
    Miniport* miniport = open->miniport;
    const CoreGuard guard;
    RemoveEntryList(&open->protocol_entry);
    RemoveEntryList(&open->miniport_entry);
    ++protocol->users;
    KeSetEvent(&miniport->changed, IO_NO_INCREMENT, FALSE);
}

/// Its memory goes, by whoever still waits for the open if somebody does.
void let_go(Open* open) {
    bool free_now;
    {
        const CoreGuard guard;
        open->is_gone = true;
        free_now = open->waiters == 0;
        if (!free_now) KeSetEvent(&open->gone, IO_NO_INCREMENT, FALSE);
    }
    if (free_now) free_memory(open);
}

void tell_of_close(Protocol* protocol, USHORT binding, NDIS_HANDLE context) {
    trace(RD_KIND_CALLBACK, RD_EV_CLOSE_ADAPTER_COMPLETE, binding, NDIS_STATUS_SUCCESS, context);
    protocol->characteristics.CloseAdapterCompleteHandler(context, NDIS_STATUS_SUCCESS);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_CLOSE_ADAPTER_COMPLETE, binding, NDIS_STATUS_SUCCESS, context);
}

/// The close is over: the driver is told when it pended, and NDIS's memory goes. PASSIVE_LEVEL.
void finish_close(Open* open) {
    Protocol* protocol = open->protocol;
    const NDIS_HANDLE context = open->context;
    const USHORT binding = open->number;
    const bool tell = open->complete_close;
    take_off(open);
    if (tell) tell_of_close(protocol, binding, context);
    if (RdFaultWanted(RD_FAULT_CLOSE_COMPLETES_TWICE)) tell_of_close(protocol, binding, context);
    let_go(open);
    leave_protocol(protocol);
}

VOID NTAPI close_work(PVOID context) {
    auto* open = static_cast<Open*>(context);
    if (open->complete_close) let_the_call_return();
    finish_close(open);
}

/// Indications may come. Not if the driver has closed it already, before it was told that it is open.
void opened(Open* open) {
    const CoreGuard guard;
    if (open->state == OpenState::opening) open->state = OpenState::open;
}

void tell_of_open(Open* open, NDIS_STATUS status) {
    const OPEN_ADAPTER_COMPLETE_HANDLER handler = open->protocol->characteristics.OpenAdapterCompleteHandler;
    const NDIS_HANDLE driver_context = open->context;
    trace(RD_KIND_CALLBACK, RD_EV_OPEN_ADAPTER_COMPLETE, open->number, status, driver_context, number(open));
    handler(driver_context, status, status);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_OPEN_ADAPTER_COMPLETE, open->number, status, driver_context, number(open));
}

/// It may be unbound from here on.
void told(Open* open) {
    const CoreGuard guard;
    open->complete_open = false;
    KeSetEvent(&open->protocol->changed, IO_NO_INCREMENT, FALSE);
    KeSetEvent(&open->miniport->changed, IO_NO_INCREMENT, FALSE);
}

/// The miniport does not want the open: the handle that the driver was given goes with the callback that says so.
void refuse(Open* open) {
    const bool mine = claim_close(open);  // false: the driver has closed what it was never told is open
    if (mine) withdraw_filters(open);
    tell_of_open(open, NDIS_STATUS_OPEN_FAILED);
    told(open);
    dereference(open);
    if (mine) dereference(open);  // no CloseAdapterComplete follows: nothing was closed
}

VOID NTAPI open_work(PVOID context) {
    auto* open = static_cast<Open*>(context);
    let_the_call_return();
    if (open->refused) return refuse(open);
    opened(open);
    tell_of_open(open, NDIS_STATUS_SUCCESS);
    told(open);
    dereference(open);
}

Open* allocate(NDIS_HANDLE context) {
    auto* open = static_cast<Open*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Open), kOpenTag));
    if (!open) return nullptr;
    RtlZeroMemory(open, sizeof *open);
    open->context = context;
    open->references = 1;
    open->complete_open = open_pends(OpensGo, seeded_choice(kPendOneIn));
    open->refused = OpensGo == OpenWay::refuse_late;
    open->number = next_binding_number();
    KeInitializeEvent(&open->gone, NotificationEvent, FALSE);
    return open;
}

/// Joins the lists of its protocol and adapter in state opening, or says why it cannot.
NDIS_STATUS join(Open* open, NDIS_HANDLE protocol_handle, PCUNICODE_STRING adapter) {
    const CoreGuard guard;
    Protocol* protocol = find_protocol(protocol_handle);
    if (!protocol) return NDIS_STATUS_BAD_CHARACTERISTICS;  // told apart by the caller
    if (protocol->deregistering) return NDIS_STATUS_CLOSING;
    Miniport* miniport = find_miniport_by_name(adapter);
    if (!miniport) return NDIS_STATUS_ADAPTER_NOT_FOUND;
    if (miniport->state != MiniportState::running) return NDIS_STATUS_ADAPTER_NOT_READY;
    ULONG count = 0;
    for (PLIST_ENTRY entry = miniport->opens.Flink; entry != &miniport->opens; entry = entry->Flink) ++count;
    if (count >= kOpensMax) return NDIS_STATUS_OPEN_LIST_FULL;
    if (OpensGo == OpenWay::refuse) return NDIS_STATUS_OPEN_FAILED;
    open->protocol = protocol;
    open->miniport = miniport;
    open->state = OpenState::opening;
    open->lookahead = miniport->pushed_lookahead;  // what the device gives now; the open may ask for more
    fill_handlers(open);
    InsertTailList(&protocol->opens, &open->protocol_entry);
    InsertTailList(&miniport->opens, &open->miniport_entry);
    return NDIS_STATUS_SUCCESS;
}

/// Whoever still uses the binding makes the close pend; otherwise it may be over at once. Where closes are to be synchronous,
/// what is under way is waited for. Not for ever: it may be the handler that the close is called from.
bool take_last_reference(Open* open) {
    constexpr LONG own = 2;  // the open's existence and the caller's
    constexpr ULONG patience_ms = 2000;
    LARGE_INTEGER moment = {.QuadPart = -1 * 10000};
    for (ULONG waited = 0;; ++waited) {
        if (closes_at_once(InterlockedCompareExchange(&open->references, 0, own), own)) return true;
        if (ClosesGo != CloseWay::sync) return false;
        if (waited == patience_ms) break;
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
    DbgPrint("ndis.sys: NdisCloseAdapter pends in spite of ndis_close=sync: the binding is still in use\n");
    return false;
}

bool has_ethernet(PNDIS_MEDIUM media, UINT count, PUINT selected) {
    for (UINT i = 0; i < count; ++i)
        if (media[i] == NdisMedium802_3) {
            *selected = i;
            return true;
        }
    return false;
}

}  // namespace

bool claim_close(Open* open) {
    const CoreGuard guard;
    if (!may_close(open->state)) return false;
    open->state = OpenState::closing;
    return true;
}

void last_reference_gone(Open* open) {
    queue_own_work(&open->work, close_work, open);
}

void wait_until_gone(Open* open) {
    KeWaitForSingleObject(&open->gone, Executive, KernelMode, FALSE, nullptr);
    bool last;
    {
        const CoreGuard guard;
        last = --open->waiters == 0;
    }
    if (last) free_memory(open);
}

NDIS_STATUS close_open(Open* open, bool by_driver) {
    withdraw_filters(open);
    open->complete_close = false;
    if (by_driver && !close_pends(ClosesGo, seeded_choice(kPendOneIn)) && take_last_reference(open)) {
        finish_close(open);
        return NDIS_STATUS_SUCCESS;
    }
    open->complete_close = by_driver;
    dereference(open);
    return NDIS_STATUS_PENDING;
}

}  // namespace ndis

using namespace ndis;

/// Status: SUCCESS; PENDING, then OpenAdapterComplete follows in another thread, with the handle gone if its status is an error;
/// UNSUPPORTED_MEDIA, ADAPTER_NOT_FOUND, ADAPTER_NOT_READY, OPEN_FAILED, OPEN_LIST_FULL, RESOURCES; CLOSING while the protocol is being deregistered; FAILURE for a handle that is
/// no protocol's. The handle is stored before the return in either case of success. PASSIVE_LEVEL.
extern "C" VOID NTAPI NdisOpenAdapter(
    PNDIS_STATUS Status, PNDIS_STATUS OpenErrorStatus, PNDIS_HANDLE NdisBindingHandle, PUINT SelectedMediumIndex, PNDIS_MEDIUM MediumArray,
    UINT MediumArraySize, NDIS_HANDLE NdisProtocolHandle, NDIS_HANDLE ProtocolBindingContext, PNDIS_STRING AdapterName, UINT OpenOptions,
    PSTRING AddressingInformation) {
    UNREFERENCED_PARAMETER(OpenOptions);
    UNREFERENCED_PARAMETER(AddressingInformation);
    require_irql_exactly(PASSIVE_LEVEL, "NdisOpenAdapter", NDIS_CALLER);
    trace(RD_KIND_CALL, RD_EV_OPEN_ADAPTER, 0, 0, ProtocolBindingContext);
    NDIS_STATUS status = NDIS_STATUS_UNSUPPORTED_MEDIA;
    Open* open = nullptr;
    *NdisBindingHandle = nullptr;
    if (has_ethernet(MediumArray, MediumArraySize, SelectedMediumIndex)) {
        open = allocate(ProtocolBindingContext);
        status = open ? join(open, NdisProtocolHandle, AdapterName) : NDIS_STATUS_RESOURCES;
    }
    if (open && status != NDIS_STATUS_SUCCESS) {
        free_memory(open);
        open = nullptr;
    }
    if (status == NDIS_STATUS_BAD_CHARACTERISTICS) {
        note_bad_call(RD_VIOLATION_BAD_PROTOCOL_HANDLE, NdisProtocolHandle, 0, "NdisOpenAdapter");
        status = NDIS_STATUS_FAILURE;
    }
    // Once it is open it may be closed, and gone, before this call has returned.
    const USHORT binding = open ? open->number : 0;
    const bool pends = open && open->complete_open;
    if (open) *NdisBindingHandle = open;
    if (pends) {
        reference(open);
        status = NDIS_STATUS_PENDING;
    } else if (open) {
        opened(open);
    }
    if (OpenErrorStatus) *OpenErrorStatus = pends ? NDIS_STATUS_SUCCESS : status;
    *Status = status;
    trace(RD_KIND_RETURN, RD_EV_OPEN_ADAPTER, binding, status, open, number(ProtocolBindingContext));
    if (pends) {
        queue_own_work(&open->work, open_work, open);
    }
}

/// Status: SUCCESS, and no callback follows; or PENDING, then CloseAdapterComplete follows when the last send, request, transfer
/// and callback is over. The handle is invalid from the call on; its filters are withdrawn before the return. A handle that is
/// closed already or was never one: a violation in the trace, and NDIS_STATUS_FAILURE. PASSIVE_LEVEL.
extern "C" VOID NTAPI NdisCloseAdapter(PNDIS_STATUS Status, NDIS_HANDLE NdisBindingHandle) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisCloseAdapter", NDIS_CALLER);
    Open* open = reference_open(NdisBindingHandle, "NdisCloseAdapter");
    const USHORT binding = open ? open->number : 0;
    const NDIS_HANDLE context = open ? open->context : nullptr;
    trace(RD_KIND_CALL, RD_EV_CLOSE_ADAPTER, binding, 0, NdisBindingHandle, number(context));
    const bool mine = open && claim_close(open);
    if (open && !mine) {  // another thread's close came between
        note_bad_call(RD_VIOLATION_BAD_OPEN_HANDLE, NdisBindingHandle, 0, "NdisCloseAdapter");
        dereference(open);
    }
    const NDIS_STATUS status = mine ? close_open(open, true) : NDIS_STATUS_FAILURE;
    *Status = status;
    trace(RD_KIND_RETURN, RD_EV_CLOSE_ADAPTER, binding, status, NdisBindingHandle, number(context));
    // A close that pends is held up to here, so that CloseAdapterComplete does not come while this call is at work.
    if (mine && status == NDIS_STATUS_PENDING) dereference(open);
}
