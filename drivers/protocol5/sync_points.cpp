// SPDX-License-Identifier: MIT
// protocol5/sync_points.cpp
//
// What is done at a sync point. A held thread waits for an event on its own stack, so that a point
// armed again at once neither loses nor keeps who was held there before.
#include "protocol5/sync_points.hpp"

constinit rundown::SyncTable P5Syncs;

namespace
{

constinit rundown::SpinLock SyncsLock; // All of P5Syncs but IsArmed().

constexpr ULONG StallMost = 50; // Microseconds that KeStallExecutionProcessor is made for.
constexpr ULONG64 TicksPerMs = 10000;

struct HeldThread {
    rundown::SyncWaiter Waiter; // First: SyncTable gives this back.
    KEVENT Released;
};

ULONG64
NowMs()
{
    return KeQueryInterruptTime() / TicksPerMs;
}

ULONG64
MicrosecondsOf(LONGLONG ticks, LONGLONG frequency)
{
    return static_cast<ULONG64>(ticks) * 1000000 / static_cast<ULONG64>(frequency);
}

void
Note(rd_p5_sync_point point, P5_WHO who, rd_trace_sync_outcome outcome, ULONG64 microseconds)
{
    P5Trace.Write(
        {.Kind = RD_KIND_NOTE,
         .Event = RD_EV_SYNC_POINT,
         .Binding = who.Number,
         .Object = rundown::TraceValue(who.Context),
         .Arguments = {static_cast<ULONG64>(point), static_cast<ULONG64>(outcome), microseconds}});
}

/// Any IRQL.
void
Stall(ULONG microseconds)
{
    while (microseconds != 0) {
        const ULONG piece = microseconds < StallMost ? microseconds : StallMost;

        KeStallExecutionProcessor(piece);
        microseconds -= piece;
    }
}

/// Returns whether it was released. Below DISPATCH_LEVEL.
bool
WaitForRelease(HeldThread &held, ULONG milliseconds)
{
    LARGE_INTEGER time;

    time.QuadPart = -static_cast<LONGLONG>(milliseconds * TicksPerMs);
    KeWaitForSingleObject(&held.Released, Executive, KernelMode, FALSE, &time);

    // Whoever released it did so under the lock, and is done with the event when we have it.
    const rundown::SpinLockGuard guard(SyncsLock);

    return !P5Syncs.Leave(held.Waiter);
}

} // namespace

void
P5ArriveAtSync(rd_p5_sync_point Point, P5_WHO Who)
{
    HeldThread held = {};
    LARGE_INTEGER frequency;
    rundown::SyncOrder order;
    const LARGE_INTEGER before = KeQueryPerformanceCounter(&frequency);
    const bool mayWait = KeGetCurrentIrql() < DISPATCH_LEVEL;

    held.Waiter.Point = Point;
    held.Waiter.Binding = Who.Number;
    held.Waiter.Thread = static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(PsGetCurrentThreadId()));
    held.Waiter.SinceMs = NowMs();
    KeInitializeEvent(&held.Released, NotificationEvent, FALSE);
    {
        const rundown::SpinLockGuard guard(SyncsLock);

        order = P5Syncs.Arrive(held.Waiter, mayWait);
    }

    rd_trace_sync_outcome outcome = RD_SYNC_INVALID;

    switch (order.What) {
    case rundown::SyncOrder::Pass:
        return;

    case rundown::SyncOrder::CannotHold:
        outcome = RD_SYNC_COULD_NOT_HOLD;
        break;

    case rundown::SyncOrder::Delay:
        Stall(order.Amount);
        outcome = RD_SYNC_DELAYED;
        break;

    case rundown::SyncOrder::Hold:
        Note(Point, Who, RD_SYNC_ARRIVED, 0);
        outcome = WaitForRelease(held, order.Amount) ? RD_SYNC_RELEASED : RD_SYNC_TIMED_OUT;
        break;
    }

    const LONGLONG ticks = KeQueryPerformanceCounter(nullptr).QuadPart - before.QuadPart;

    Note(Point, Who, outcome, MicrosecondsOf(ticks, frequency.QuadPart));
}

NTSTATUS
P5HoldAtSync(const rd_p5_sync_hold *Request)
{
    const rundown::SpinLockGuard guard(SyncsLock);

    return P5Syncs.Arm(*Request) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS
P5ReleaseSync(ULONG Point)
{
    const rundown::SpinLockGuard guard(SyncsLock);

    if (!P5Syncs.Disarm(Point)) {
        return STATUS_INVALID_PARAMETER;
    }
    while (rundown::SyncWaiter *waiter = P5Syncs.TakeHeld(Point)) {
        KeSetEvent(
            &CONTAINING_RECORD(waiter, HeldThread, Waiter)->Released, IO_NO_INCREMENT, FALSE);
    }
    return STATUS_SUCCESS;
}

void
P5DescribeSyncs(rd_p5_sync_state *State)
{
    const ULONG64 now = NowMs();
    const rundown::SpinLockGuard guard(SyncsLock);

    P5Syncs.Describe(now, *State);
}
