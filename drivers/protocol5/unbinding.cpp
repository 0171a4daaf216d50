// SPDX-License-Identifier: MIT
// protocol5/unbinding.cpp
//
// Closing a binding: when NDIS unbinds it, on request, or because its opening failed half-way.
// Exactly one thread moves it from Bound to Closing and closes it; an unbind that comes second
// leaves its context with the first.
//
// The order matters: no new use, wait until the uses there are have ended, then clear the filters
// (a thread that held a reference could otherwise set them again), then NdisCloseAdapter. Until the
// close has completed NDIS still indicates receives and status, so the memory stays; after it
// nothing of ours may touch the binding.
#include "protocol5/ndis_calls.hpp"
#include "protocol5/sync_points.hpp"

namespace
{

enum class UnbindRole {
    Closer,      // This thread closes the binding.
    Follower,    // Another thread is closing it, or opening it and will close it, and completes the
                 // unbind.
    AlreadyGone, // Closed on request just before.
};

/// NDIS hands out the context it was given at the open; that it still is one of ours is checked,
/// because a close on request may have won.
UnbindRole
EnterUnbind(const void *context, NDIS_HANDLE unbindContext)
{
    const rundown::SpinLockGuard guard(P5.BindingsLock);

    for (P5_BINDING *binding = P5.Bindings.First(); binding != nullptr;
         binding = P5.Bindings.Next(binding)) {
        if (binding == context) {
            binding->UnbindContext = unbindContext;
            if (binding->State != P5Bound) {
                return UnbindRole::Follower;
            }
            binding->State = P5Closing;
            return UnbindRole::Closer;
        }
    }
    return UnbindRole::AlreadyGone;
}

NDIS_STATUS
Unbind(P5_BINDING *binding, NDIS_HANDLE unbindContext)
{
    switch (EnterUnbind(binding, unbindContext)) {
    case UnbindRole::AlreadyGone:
        return NDIS_STATUS_SUCCESS;

    case UnbindRole::Follower:
        return NDIS_STATUS_PENDING;

    case UnbindRole::Closer:
        break;
    }

    if (P5CloseBinding(binding) == NDIS_STATUS_PENDING) {
        return NDIS_STATUS_PENDING;
    }
    P5FinishClose(binding, TRUE);
    return NDIS_STATUS_SUCCESS;
}

/// A driver may be slow to give back what it received: the unbind waits for it.
void
KeepReceivesForAWhile()
{
    LARGE_INTEGER time;

    if (P5.ReturnAfterMs != 0) {
        time.QuadPart = -10 * 1000 * static_cast<LONGLONG>(P5.ReturnAfterMs);
        KeDelayExecutionThread(KernelMode, FALSE, &time);
    }
}

} // namespace

NDIS_STATUS
P5CloseBinding(P5_BINDING *Binding)
{
    const P5_WHO who = P5Who(Binding);
    const NDIS_HANDLE open = Binding->Open;

    P5NoteClosing(TRUE);
    P5NoteInFlight(Binding);
    Binding->Uses.Begin();
    P5StopSender(Binding);
    P5CloseReceiver(Binding);
    KeepReceivesForAWhile();
    P5ReturnHeldReceives(Binding, 0);
    Binding->Uses.Wait();
    // Deregistered, NDIS may have no way left to complete a request.
    if (!P5.LeaveFilters && P5.ProtocolHandle != nullptr) {
        P5ClearFilters(Binding);
    }
    P5SyncPoint(RD_P5_SYNC_BEFORE_CLOSE, who);
    return P5NdisCloseAdapter(who, open);
}

void
P5CloseAndWait(P5_BINDING *Binding)
{
    KEVENT closed;

    KeInitializeEvent(&closed, NotificationEvent, FALSE);
    Binding->CloseWaiter = &closed;
    if (P5CloseBinding(Binding) == NDIS_STATUS_PENDING) {
        KeWaitForSingleObject(&closed, Executive, KernelMode, FALSE, nullptr);
    } else {
        P5FinishClose(Binding, FALSE);
    }
}

NTSTATUS
P5CloseBindingByName(PCUNICODE_STRING Name)
{
    P5_BINDING *binding = P5BeginCloseByName(Name);

    if (binding == nullptr) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    P5CloseAndWait(binding);
    return STATUS_SUCCESS;
}

void
P5CloseAllBindings(void)
{
    while (P5_BINDING *binding = P5BeginCloseOfAny()) {
        P5CloseAndWait(binding);
    }
}

/// ProtocolUnbindAdapter: the binding must go; it cannot be refused. PASSIVE_LEVEL, in a system
/// thread, or in the one that deregisters.
VOID NTAPI
P5UnbindAdapter(PNDIS_STATUS Status, NDIS_HANDLE ProtocolBindingContext, NDIS_HANDLE UnbindContext)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5_WHO who = P5WhoIs(binding);
    P5CallbackTrace trace(who, RD_EV_UNBIND_ADAPTER, binding, rundown::TraceValue(UnbindContext));

    P5SyncPoint(RD_P5_SYNC_IN_UNBIND, who);
    *Status = Unbind(binding, UnbindContext);
    trace.Returns(static_cast<ULONG>(*Status));
}

/// ProtocolCloseAdapterComplete: a close that pended is done, and with it the last callback for
/// this binding. PASSIVE_LEVEL, in a system thread, perhaps before NdisCloseAdapter has returned in
/// the other.
VOID NTAPI
P5CloseAdapterComplete(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5CallbackTrace trace(
        P5Who(binding), RD_EV_CLOSE_ADAPTER_COMPLETE, binding, 0, 0, static_cast<ULONG>(Status));

    P5FinishClose(binding, FALSE);
}
