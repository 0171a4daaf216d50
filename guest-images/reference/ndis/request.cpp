// SPDX-License-Identifier: MIT
// ndis/request.cpp
//
// OID requests. A miniport has one at a time; the others wait their turn in the order they came. filters.cpp decides what a
// turn means: an answer of NDIS's own, or a question to the miniport.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff564628(v=vs.85) (NdisRequest)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// Requests are made to pend now and then although they need not: drivers must cope.
constexpr ULONG kPendOneIn = 4;

// RequestItem::phase: who tells the issuer. Whoever comes second of the two.
constexpr LONG kPended = 1;    // NdisRequest returned, or will return, NDIS_STATUS_PENDING
constexpr LONG kFinished = 2;  // the request was complete before that

// Query and set have oid, buffer and length in common, then BytesWritten/BytesRead and BytesNeeded.
auto& fields(PNDIS_REQUEST request) { return request->DATA.QUERY_INFORMATION; }

bool is_query(const NDIS_REQUEST* request) {
    return request->RequestType == NdisRequestQueryInformation || request->RequestType == NdisRequestQueryStatistics;
}

RequestItem* new_item(Open* open, PNDIS_REQUEST request) {
    auto* item = static_cast<RequestItem*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(RequestItem), kRequestTag));
    if (!item) return nullptr;
    RtlZeroMemory(item, sizeof *item);
    item->open = open;
    item->request = request;
    return item;
}

void append(Miniport* miniport, RequestItem* item) {
    const CoreGuard guard;
    miniport->last_request = (miniport->last_request ? miniport->last_request->next : miniport->first_request) = item;
    InterlockedIncrement(&miniport->requests_pending);
    KeClearEvent(&miniport->requests_idle);
}

void done(Miniport* miniport) {
    const CoreGuard guard;
    if (InterlockedDecrement(&miniport->requests_pending) == 0) KeSetEvent(&miniport->requests_idle, IO_NO_INCREMENT, FALSE);
}

}  // namespace

/// Tells the issuer. A protocol that was told NDIS_STATUS_PENDING gets its handler called; otherwise the status is picked up
/// by submit_request. <= DISPATCH_LEVEL.
void finish_request(Miniport* miniport, RequestItem* item) {
    done(miniport);
    if (item->done) {
        KeSetEvent(item->done, IO_NO_INCREMENT, FALSE);  // the item is its issuer's
        return;
    }
    // Its issuer is still inside NdisRequest: the status is the call's, and the item its.
    if (InterlockedExchange(&item->phase, kFinished) != kPended) return;
    Open* open = item->open;
    const PNDIS_REQUEST request = item->request;
    const NDIS_STATUS status = item->status;
    const NDIS_OID oid = fields(request).Oid;
    ExFreePoolWithTag(item, kRequestTag);
    const NDIS_HANDLE context = open->context;
    InterlockedDecrement(&open->requests);
    {
        const DispatchScope dispatch;
        trace(RD_KIND_CALLBACK, RD_EV_REQUEST_COMPLETE, open->number, status, context, number(request), oid);
        open->protocol->characteristics.RequestCompleteHandler(context, request, status);
        trace(RD_KIND_CALLBACK_RETURN, RD_EV_REQUEST_COMPLETE, open->number, status, context, number(request), oid);
    }
    dereference(open);
}

namespace {

/// Inside the lock of a serialised miniport.
NDIS_STATUS ask_miniport(Miniport* miniport, RequestItem* item, NDIS_OID oid, PVOID buffer, ULONG bytes) {
    const NDIS_MINIPORT_CHARACTERISTICS& handlers = miniport->owner->characteristics;
    auto& data = fields(item->request);
    const NDIS_HANDLE context = miniport->block.MiniportAdapterContext;
    // The request outlives a miniport's pending answer, and so do its counters.
    const auto used = reinterpret_cast<PULONG>(&data.BytesWritten), needed = reinterpret_cast<PULONG>(&data.BytesNeeded);
    const DispatchScope dispatch;
    return is_query(item->request) ? handlers.QueryInformationHandler(context, oid, buffer, bytes, used, needed)
                                   : handlers.SetInformationHandler(context, oid, buffer, bytes, used, needed);
}

/// Frees the miniport for the next turn. The item was the active one.
void release_turn(Miniport* miniport) {
    const CoreGuard guard;
    miniport->active_request = nullptr;
}

struct RunLater {
    WORK_QUEUE_ITEM work;
    Miniport* miniport;
};

VOID NTAPI run_later(PVOID context) {
    auto* later = static_cast<RunLater*>(context);
    Miniport* miniport = later->miniport;
    ExFreePoolWithTag(later, kWorkTag);
    run_requests(miniport);
    release_miniport(miniport);
}

/// Has the queue run by a worker thread. False: no memory, or the miniport stops: run it here.
bool run_on_worker(Miniport* miniport) {
    auto* later = static_cast<RunLater*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(RunLater), kWorkTag));
    if (!later) return false;
    if (!hold_miniport(miniport)) {
        ExFreePoolWithTag(later, kWorkTag);
        return false;
    }
    later->miniport = miniport;
    queue_own_work(&later->work, run_later, later);
    return true;
}

}  // namespace

bool requests_waiting(const Miniport* miniport) {
    return miniport->first_request && !miniport->active_request && !miniport->request_running && !miniport->resetting;
}

RequestItem* take_request(Miniport* miniport) {
    const CoreGuard guard;
    if (!requests_waiting(miniport)) return nullptr;
    RequestItem* item = miniport->first_request;
    if (!(miniport->first_request = item->next)) miniport->last_request = nullptr;
    item->next = nullptr;
    miniport->active_request = item;
    miniport->request_running = true;
    return item;
}

namespace {

/// A request the miniport is not asked because of its state: true, with the request's status.
bool not_now(const Miniport* miniport, const RequestItem* item, NDIS_OID oid, NDIS_STATUS* status) {
    const bool own_set = !item->open && !is_query(item->request) && oid != OID_PNP_SET_POWER;
    switch (miniport->state) {
        case MiniportState::running: return false;
        case MiniportState::halting:
            *status = own_set ? NDIS_STATUS_SUCCESS : NDIS_STATUS_ADAPTER_REMOVED;
            return miniport->halted_to_sleep;
        case MiniportState::suspended:
        case MiniportState::initializing:
            // What NDIS itself sets are filters, which are pushed again when the adapter wakes.
            *status = own_set ? NDIS_STATUS_SUCCESS : NDIS_STATUS_ADAPTER_NOT_READY;
            return item->open || own_set;
        default: *status = NDIS_STATUS_ADAPTER_REMOVED; return true;
    }
}

}  // namespace

bool take_request_turn(Miniport* miniport, RequestItem* item) {
    NDIS_OID oid = fields(item->request).Oid;
    PVOID buffer = fields(item->request).InformationBuffer;
    ULONG bytes = fields(item->request).InformationBufferLength;
    bool over = true;
    NDIS_STATUS refusal;
    if (not_now(miniport, item, oid, &refusal)) {
        item->status = refusal;
    } else if (take_turn(miniport, *item, oid, buffer, bytes) == Turn::to_miniport) {
        const NDIS_STATUS status = ask_miniport(miniport, item, oid, buffer, bytes);
        over = status != NDIS_STATUS_PENDING;
        if (over) turn_over(miniport, *item, status);
    }
    if (over) release_turn(miniport);
    const CoreGuard guard;
    miniport->request_running = false;
    return over;
}

void run_requests(Miniport* miniport) {
    if (serialised(miniport)) return run_queues(miniport);
    while (RequestItem* item = take_request(miniport))
        if (take_request_turn(miniport, item)) finish_request(miniport, item);
    // One that pended may have been completed before request_running was cleared: then take_request finds the way free.
}

void resume_request(Miniport* miniport, RequestItem* item) {
    append(miniport, item);
    if (!run_on_worker(miniport)) run_requests(miniport);
}

NDIS_STATUS submit_request(Open* open, PNDIS_REQUEST request) {
    if (request->RequestType != NdisRequestQueryInformation && request->RequestType != NdisRequestSetInformation &&
        request->RequestType != NdisRequestQueryStatistics)
        return NDIS_STATUS_NOT_SUPPORTED;
    // Power is NDIS's to set.
    if (fields(request).Oid == OID_PNP_SET_POWER) return NDIS_STATUS_NOT_SUPPORTED;
    Miniport* miniport = open->miniport;
    RequestItem* item = new_item(open, request);
    if (!item) return NDIS_STATUS_RESOURCES;
    reference(open);
    InterlockedIncrement(&open->requests);
    item->phase = kPended;  // a request that is held may be over before hold_request returns
    if (hold_request(item, fields(request).Oid)) return NDIS_STATUS_PENDING;
    if (seeded_choice(kPendOneIn)) {
        resume_request(miniport, item);
        return NDIS_STATUS_PENDING;
    }
    item->phase = 0;
    append(miniport, item);
    run_requests(miniport);
    if (InterlockedExchange(&item->phase, kPended) != kFinished) return NDIS_STATUS_PENDING;
    const NDIS_STATUS status = item->status;
    ExFreePoolWithTag(item, kRequestTag);
    InterlockedDecrement(&open->requests);
    dereference(open);
    return status;
}

NDIS_STATUS own_request(Miniport* miniport, NDIS_REQUEST_TYPE type, NDIS_OID oid, PVOID buffer, ULONG bytes, ULONG* used) {
    auto* request = static_cast<PNDIS_REQUEST>(ExAllocatePoolWithTag(NonPagedPool, sizeof(NDIS_REQUEST), kRequestTag));
    RequestItem* item = request ? new_item(nullptr, request) : nullptr;
    if (!item) {
        if (request) ExFreePoolWithTag(request, kRequestTag);
        return NDIS_STATUS_RESOURCES;
    }
    RtlZeroMemory(request, sizeof *request);
    request->RequestType = type;
    fields(request).Oid = oid;
    fields(request).InformationBuffer = buffer;
    fields(request).InformationBufferLength = bytes;
    KEVENT answered;
    KeInitializeEvent(&answered, NotificationEvent, FALSE);
    item->done = &answered;
    append(miniport, item);
    run_requests(miniport);
    KeWaitForSingleObject(&answered, Executive, KernelMode, FALSE, nullptr);
    const NDIS_STATUS status = item->status;
    if (used) *used = fields(request).BytesWritten;
    ExFreePoolWithTag(item, kRequestTag);
    ExFreePoolWithTag(request, kRequestTag);
    return status;
}

void abort_active_request(Miniport* miniport) {
    {
        const CoreGuard guard;
        if (!miniport->active_request || miniport->request_running) return;
        ++miniport->requests_aborted;
    }
    request_completed_by_miniport(miniport, NDIS_STATUS_REQUEST_ABORTED);
}

void request_completed_by_miniport(Miniport* miniport, NDIS_STATUS status) {
    RequestItem* item;
    {
        const CoreGuard guard;
        item = miniport->active_request;
        // One that was aborted in a reset may be completed by the miniport all the same.
        if (!item && miniport->requests_aborted) {
            --miniport->requests_aborted;
            return;
        }
    }
    if (!item) RdBugCheckText("ndis.sys: a miniport completes a request it does not have", 0xC4, kNoRequest, number(miniport), 0, 0);
    turn_over(miniport, *item, status);
    release_turn(miniport);
    finish_request(miniport, item);
    run_requests(miniport);
}

}  // namespace ndis

using namespace ndis;

namespace {

/// Of a set: the bytes of its buffer << 32 | the first four of them, for the trace.
ULONG64 contents_of(PNDIS_REQUEST what) {
    const auto& set = what->DATA.SET_INFORMATION;
    if (what->RequestType != NdisRequestSetInformation || !set.InformationBuffer) return 0;
    ULONG first = 0;
    RtlCopyMemory(&first, set.InformationBuffer, smaller<SIZE_T>(set.InformationBufferLength, sizeof first));
    return static_cast<ULONG64>(set.InformationBufferLength) << 32 | first;
}

NDIS_STATUS request(NDIS_HANDLE handle, PNDIS_REQUEST what, PVOID caller) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisRequest", caller);
    Open* open = reference_open(handle, "NdisRequest");
    const USHORT binding = open ? open->number : 0;
    const ULONG64 oid = what->DATA.QUERY_INFORMATION.Oid | static_cast<ULONG64>(what->RequestType == NdisRequestSetInformation) << 32;
    trace(RD_KIND_CALL, RD_EV_REQUEST, binding, 0, handle, number(what), oid, contents_of(what));
    const NDIS_STATUS status = open ? submit_request(open, what) : NDIS_STATUS_CLOSING;
    // The request may have been completed, and its memory be gone, by now.
    trace(RD_KIND_RETURN, RD_EV_REQUEST, binding, status, handle, number(what), oid);
    if (open) dereference(open);
    return status;
}

}  // namespace

/// SUCCESS or another final status, and no callback; or PENDING, then RequestComplete follows, perhaps before this returns.
/// A closed or foreign handle: a violation and NDIS_STATUS_CLOSING. The request is NDIS's until it is complete.
/// <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisRequest(PNDIS_STATUS Status, NDIS_HANDLE NdisBindingHandle, PNDIS_REQUEST NdisRequest) {
    *Status = request(NdisBindingHandle, NdisRequest, NDIS_CALLER);
}

/// NDIS_OPEN_BLOCK.RequestHandler, for drivers that inline NdisRequest.
extern "C" NDIS_STATUS NTAPI NdispOpenRequest(NDIS_HANDLE BindingHandle, PNDIS_REQUEST Request) {
    return request(BindingHandle, Request, NDIS_CALLER);
}

/// <= DISPATCH_LEVEL, for the request the miniport pended.
extern "C" VOID NTAPI NdisMQueryInformationComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMQueryInformationComplete", NDIS_CALLER);
    request_completed_by_miniport(static_cast<Miniport*>(MiniportAdapterHandle), Status);
}
extern "C" VOID NTAPI NdisMSetInformationComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMSetInformationComplete", NDIS_CALLER);
    request_completed_by_miniport(static_cast<Miniport*>(MiniportAdapterHandle), Status);
}
