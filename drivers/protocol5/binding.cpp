// SPDX-License-Identifier: MIT
// protocol5/binding.cpp
//
// Opening a binding, on ProtocolBindAdapter or on request. An open that pends is finished by a work
// item, because the requests that follow it wait, and ProtocolOpenAdapterComplete may not: NDIS
// could need its thread to complete them.
#include "lib/hash.hpp"
#include "protocol5/ndis_calls.hpp"
#include "protocol5/sync_points.hpp"

namespace
{

/// The open has completed: configure the adapter and let the binding be used, or give all of it
/// back. Frees the binding when it fails. PASSIVE_LEVEL, in a thread that may wait.
NDIS_STATUS
FinishOpen(P5_BINDING *binding, NDIS_STATUS openStatus)
{
    NDIS_HANDLE unused;

    if (openStatus != NDIS_STATUS_SUCCESS) {
        P5RemoveBinding(binding, &unused);
        P5FreeBinding(binding);
        return openStatus;
    }

    NDIS_STATUS status = P5ConfigureBinding(binding);
    {
        const rundown::SpinLockGuard guard(P5.BindingsLock);

        // An open on request may be unbound before it is finished: NDIS deregisters, the adapter
        // goes.
        if (status == NDIS_STATUS_SUCCESS && binding->UnbindContext != nullptr) {
            status = NDIS_STATUS_CLOSING;
        }
        // Bound, it may be closed and freed at once by another thread, but for this reference.
        if (status == NDIS_STATUS_SUCCESS && !binding->Uses.TryAcquire()) {
            status = NDIS_STATUS_CLOSING;
        }
        binding->State = status == NDIS_STATUS_SUCCESS ? P5Bound : P5Closing;
    }
    if (status == NDIS_STATUS_SUCCESS) {
        P5ApplyLoad(binding);
        binding->Uses.Release();
        return status;
    }
    P5CloseAndWait(binding);
    return status;
}

/// Finishes a bind whose open pended. PASSIVE_LEVEL, in a system worker thread.
VOID NTAPI
BindWorkRoutine(PDEVICE_OBJECT device, PVOID context)
{
    UNREFERENCED_PARAMETER(device);

    P5_BINDING *binding = static_cast<P5_BINDING *>(context);
    const P5_WHO who = P5Who(binding);
    const NDIS_HANDLE bindContext = binding->BindContext;

    IoFreeWorkItem(binding->BindWork);
    binding->BindWork = nullptr;

    // NDIS may unbind, and the binding be gone, as soon as the bind has been completed.
    const NDIS_STATUS status = FinishOpen(binding, binding->OpenStatus);

    P5NdisCompleteBindAdapter(who, bindContext, status);
    P5.WorkItems.Release();
}

/// BindAdapter's thread is done with the binding, or its open has completed: the second of the two
/// goes on.
void
LeaveOpening(P5_BINDING *binding)
{
    if (InterlockedDecrement(&binding->OpenParties) == 0) {
        IoQueueWorkItem(binding->BindWork, BindWorkRoutine, DelayedWorkQueue, binding);
    }
}

/// What an open that may pend needs. NDIS waits for binds under way before it deregisters, so
/// Unload cannot have begun waiting for work items.
NDIS_STATUS
PrepareToPend(P5_BINDING *binding)
{
    if (!P5.WorkItems.TryAcquire()) {
        return NDIS_STATUS_CLOSING;
    }
    binding->BindWork = IoAllocateWorkItem(P5.Device);
    if (binding->BindWork == nullptr) {
        P5.WorkItems.Release();
        return NDIS_STATUS_RESOURCES;
    }
    binding->OpenParties = 2;
    return NDIS_STATUS_SUCCESS;
}

/// For ProtocolBindAdapter: never waits for the open.
NDIS_STATUS
OpenForBind(P5_BINDING *binding)
{
    NDIS_STATUS status = PrepareToPend(binding);

    if (status != NDIS_STATUS_SUCCESS) {
        return FinishOpen(binding, status);
    }
    status = P5NdisOpenAdapter(binding);
    if (status == NDIS_STATUS_PENDING) {
        LeaveOpening(binding);
        return status;
    }

    IoFreeWorkItem(binding->BindWork);
    binding->BindWork = nullptr;
    P5.WorkItems.Release();
    return FinishOpen(binding, status);
}

/// For an open on request: the caller's thread may wait.
NDIS_STATUS
OpenAndWait(P5_BINDING *binding)
{
    NDIS_STATUS status = P5NdisOpenAdapter(binding);

    if (status == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&binding->OpenCompleted, Executive, KernelMode, FALSE, nullptr);
        status = binding->OpenStatus;
    }
    return FinishOpen(binding, status);
}

} // namespace

NDIS_STATUS
P5OpenBinding(PCUNICODE_STRING Name, NDIS_HANDLE BindContext)
{
    NDIS_STATUS status;

    // From inside NdisRegisterProtocol, by a system that gives out the handle only when it returns.
    if (P5.ProtocolHandle == nullptr) {
        return NDIS_STATUS_OPEN_FAILED;
    }

    P5_BINDING *binding = P5CreateBinding(Name, BindContext, &status);

    if (binding == nullptr) {
        return status;
    }
    return BindContext != nullptr ? OpenForBind(binding) : OpenAndWait(binding);
}

/// ProtocolBindAdapter: an adapter is there to be bound to. PASSIVE_LEVEL, in a system thread.
/// `DeviceName` is copied.
VOID NTAPI
P5BindAdapter(
    PNDIS_STATUS Status,
    NDIS_HANDLE BindContext,
    PNDIS_STRING DeviceName,
    PVOID SystemSpecific1,
    PVOID SystemSpecific2)
{
    UNREFERENCED_PARAMETER(SystemSpecific1);
    UNREFERENCED_PARAMETER(SystemSpecific2);

    P5CallbackTrace trace(
        P5Nobody,
        RD_EV_BIND_ADAPTER,
        BindContext,
        rundown::Fnv1a(DeviceName->Buffer, DeviceName->Length));

    P5SyncPoint(RD_P5_SYNC_IN_BIND, P5Nobody);
    *Status = P5.RefuseBinds ? NDIS_STATUS_NOT_SUPPORTED : P5OpenBinding(DeviceName, BindContext);
    trace.Returns(static_cast<ULONG>(*Status));
}

/// ProtocolOpenAdapterComplete: an open that pended is done. PASSIVE_LEVEL, and perhaps before
/// NdisOpenAdapter has returned in the other thread.
VOID NTAPI
P5OpenAdapterComplete(
    NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status, NDIS_STATUS OpenErrorStatus)
{
    UNREFERENCED_PARAMETER(OpenErrorStatus);

    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5CallbackTrace trace(
        P5Who(binding),
        RD_EV_OPEN_ADAPTER_COMPLETE,
        binding,
        rundown::TraceValue(Status == NDIS_STATUS_SUCCESS ? binding->Open : nullptr),
        0,
        static_cast<ULONG>(Status));

    P5SyncPoint(RD_P5_SYNC_IN_OPEN_COMPLETE, P5Who(binding));
    binding->OpenStatus = Status;
    if (binding->BindContext != nullptr) {
        LeaveOpening(binding);
    } else {
        KeSetEvent(&binding->OpenCompleted, IO_NO_INCREMENT, FALSE);
    }
}
