// SPDX-License-Identifier: MIT
// protocol5/request.cpp
//
// NdisRequest, waited for or not. A request's memory is its own, never on a stack: it stays until
// NDIS has completed it, and is freed in exactly one place for each kind.
#include "protocol5/ndis_calls.hpp"
#include "protocol5/sync_points.hpp"

namespace
{

constexpr ULONG DataMax = 64; // Largest OID used here: a multicast list.

struct P5_REQUEST {
    NDIS_REQUEST Ndis; // NDIS's while the request is in flight; gives the P5_REQUEST back.
    KEVENT Completed;
    NDIS_STATUS Status;
    BOOLEAN Held; // Nobody waits: ends in FinishHeld.
    alignas(8) UCHAR Data[DataMax];
};

/// Null without memory or when `length` is too much. IRQL <= DISPATCH_LEVEL.
P5_REQUEST *
NewRequest(NDIS_REQUEST_TYPE type, NDIS_OID oid, ULONG length)
{
    P5_REQUEST *request = length <= DataMax ? rundown::AllocateObject<P5_REQUEST>(P5Tag) : nullptr;

    if (request == nullptr) {
        return nullptr;
    }
    KeInitializeEvent(&request->Completed, NotificationEvent, FALSE);
    request->Ndis.RequestType = type;
    // Query and set have their first three members in common.
    request->Ndis.DATA.QUERY_INFORMATION.Oid = oid;
    request->Ndis.DATA.QUERY_INFORMATION.InformationBuffer = length != 0 ? request->Data : nullptr;
    request->Ndis.DATA.QUERY_INFORMATION.InformationBufferLength = length;
    return request;
}

/// Hands the request to NDIS. After NDIS_STATUS_PENDING it comes back in P5RequestComplete.
NDIS_STATUS
Issue(P5_BINDING *binding, P5_REQUEST *request)
{
    InterlockedIncrement(&binding->RequestsInFlight);
    P5Count(&P5.Counters.Requests, 1);

    const NDIS_STATUS status = P5NdisRequest(P5Who(binding), binding->Open, &request->Ndis);

    if (status != NDIS_STATUS_PENDING) {
        InterlockedDecrement(&binding->RequestsInFlight);
    }
    return status;
}

/// PASSIVE_LEVEL. Unbounded: NDIS completes every request, before it completes a close at the
/// latest.
NDIS_STATUS
IssueAndWait(P5_BINDING *binding, P5_REQUEST *request)
{
    const NDIS_STATUS status = Issue(binding, request);

    if (status != NDIS_STATUS_PENDING) {
        return status;
    }
    KeWaitForSingleObject(&request->Completed, Executive, KernelMode, FALSE, nullptr);
    return request->Status;
}

/// The end of a request nobody waits for. The binding may be gone afterwards.
void
FinishHeld(P5_BINDING *binding, P5_REQUEST *request)
{
    rundown::FreePool(request, P5Tag);
    InterlockedExchange(&binding->HeldRequestBusy, 0);
    binding->Uses.Release();
}

} // namespace

NDIS_STATUS
P5QueryOid(P5_BINDING *Binding, NDIS_OID Oid, PVOID Buffer, ULONG Length)
{
    P5_REQUEST *request = NewRequest(NdisRequestQueryInformation, Oid, Length);

    if (request == nullptr) {
        return NDIS_STATUS_RESOURCES;
    }

    const NDIS_STATUS status = IssueAndWait(Binding, request);

    if (status == NDIS_STATUS_SUCCESS) {
        RtlCopyMemory(Buffer, request->Data, Length);
    }
    rundown::FreePool(request, P5Tag);
    return status;
}

NDIS_STATUS
P5SetOid(P5_BINDING *Binding, NDIS_OID Oid, const void *Buffer, ULONG Length)
{
    P5_REQUEST *request = NewRequest(NdisRequestSetInformation, Oid, Length);

    if (request == nullptr) {
        return NDIS_STATUS_RESOURCES;
    }
    if (Length != 0) {
        RtlCopyMemory(request->Data, Buffer, Length);
    }

    const NDIS_STATUS status = IssueAndWait(Binding, request);

    rundown::FreePool(request, P5Tag);
    return status;
}

void
P5HoldRequest(P5_BINDING *Binding)
{
    if (!Binding->Uses.TryAcquire()) {
        return;
    }
    if (InterlockedExchange(&Binding->HeldRequestBusy, 1) != 0) {
        Binding->Uses.Release();
        return;
    }

    P5_REQUEST *request =
        NewRequest(NdisRequestQueryInformation, OID_GEN_LINK_SPEED, sizeof(ULONG));

    if (request == nullptr) {
        InterlockedExchange(&Binding->HeldRequestBusy, 0);
        Binding->Uses.Release();
        return;
    }
    request->Held = TRUE;
    if (Issue(Binding, request) != NDIS_STATUS_PENDING) {
        FinishHeld(Binding, request);
    }
}

/// ProtocolRequestComplete: a request that pended is ours again. IRQL <= DISPATCH_LEVEL.
VOID NTAPI
P5RequestComplete(NDIS_HANDLE ProtocolBindingContext, PNDIS_REQUEST NdisRequest, NDIS_STATUS Status)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    P5_REQUEST *request = CONTAINING_RECORD(NdisRequest, P5_REQUEST, Ndis);
    const P5CallbackTrace trace(
        P5Who(binding),
        RD_EV_REQUEST_COMPLETE,
        binding,
        rundown::TraceValue(NdisRequest),
        NdisRequest->DATA.QUERY_INFORMATION.Oid,
        static_cast<ULONG>(Status));

    P5SyncPoint(RD_P5_SYNC_IN_REQUEST_COMPLETE, P5Who(binding));
    InterlockedDecrement(&binding->RequestsInFlight);
    request->Status = Status;
    if (request->Held) {
        FinishHeld(binding, request);
    } else {
        // The waiter frees the request, and may let the binding go, from here on.
        KeSetEvent(&request->Completed, IO_NETWORK_INCREMENT, FALSE);
    }
}
