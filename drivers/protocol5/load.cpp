// SPDX-License-Identifier: MIT
// protocol5/load.cpp
//
// The load the harness asks for: packets in flight and receives kept on each binding, and threads
// that issue OIDs.
#include "protocol5/trace.hpp"

namespace
{

constexpr ULONG HeavyInFlight = 64;
constexpr LONGLONG OidPause = -10 * 1000; // 1 ms between two rounds of one thread.
constexpr LONGLONG SilentPause = 1000 * OidPause;
constexpr LONG64 ClosingPatience = 3 * 1000 * 10000; // 3 s, in interrupt time.

struct OidThread {
    rundown::SystemThread Thread;
    ULONG FirstTurn;
};

constinit OidThread OidThreads[P5OidThreadsMax] = {};
constinit rundown::SystemThread HoldThread = {};

KEVENT ThreadsMutex; // A synchronization event: whoever waits it out starts and stops threads.
KEVENT StopOids;
KEVENT StopHolding;

/// Starts and stops threads one caller at a time. PASSIVE_LEVEL.
class ThreadsGuard
{
  public:
    ThreadsGuard()
    {
        KeWaitForSingleObject(&ThreadsMutex, Executive, KernelMode, FALSE, nullptr);
    }
    ~ThreadsGuard()
    {
        KeSetEvent(&ThreadsMutex, IO_NO_INCREMENT, FALSE);
    }
};

/// Pauses a round. True when the thread is to end.
bool
Told(PKEVENT stop)
{
    LARGE_INTEGER pause;

    pause.QuadPart = P5LoadIsSilent() ? SilentPause : OidPause;
    return KeWaitForSingleObject(stop, Executive, KernelMode, FALSE, &pause) == STATUS_SUCCESS;
}

void
OidThreadRoutine(void *context)
{
    ULONG turn = static_cast<OidThread *>(context)->FirstTurn;

    while (!Told(&StopOids)) {
        P5_BINDING *bindings[P5BindingsMax];
        const ULONG count = P5ReferenceBindings(bindings, P5BindingsMax);

        for (ULONG i = 0; i < count; ++i) {
            P5IssueLoadOid(bindings[i], turn);
            bindings[i]->Uses.Release();
        }
        ++turn;
    }
}

void
HoldThreadRoutine(void *context)
{
    UNREFERENCED_PARAMETER(context);

    while (!Told(&StopHolding)) {
        P5_BINDING *bindings[P5BindingsMax];
        const ULONG count = P5ReferenceBindings(bindings, P5BindingsMax);

        for (ULONG i = 0; i < count; ++i) {
            P5HoldRequest(bindings[i]);
            bindings[i]->Uses.Release();
        }
    }
}

void
StopOidThreads()
{
    KeSetEvent(&StopOids, IO_NO_INCREMENT, FALSE);
    for (OidThread &thread : OidThreads) {
        thread.Thread.Join();
    }
}

NTSTATUS
StartOidThreads(ULONG count)
{
    KeClearEvent(&StopOids);
    for (ULONG i = 0; i < count; ++i) {
        OidThreads[i].FirstTurn = 3 * i; // Threads at different OIDs.
        const NTSTATUS status = OidThreads[i].Thread.Start(OidThreadRoutine, &OidThreads[i]);

        if (!NT_SUCCESS(status)) {
            StopOidThreads();
            return status;
        }
    }
    return STATUS_SUCCESS;
}

void
StopHoldThread()
{
    KeSetEvent(&StopHolding, IO_NO_INCREMENT, FALSE);
    HoldThread.Join();
}

ULONG
TargetOf(const rd_p5_load &load)
{
    switch (load.level) {
    case RD_P5_LOAD_LIGHT:
        return load.in_flight != 0 ? load.in_flight : 1;
    case RD_P5_LOAD_HEAVY:
        return load.in_flight != 0 ? load.in_flight : HeavyInFlight;
    default:
        return 0;
    }
}

bool
IsValid(const rd_p5_load &load)
{
    return load.level <= RD_P5_LOAD_HEAVY && load.in_flight <= P5SendSlots &&
           load.oid_threads <= P5OidThreadsMax && load.hold_receives <= P5HeldMax;
}

P5_LOAD
CurrentLoad()
{
    const rundown::SpinLockGuard guard(P5.LoadLock);

    return P5.Load;
}

void
ApplyLoadToAll()
{
    P5_BINDING *bindings[P5BindingsMax];
    const ULONG count = P5ReferenceBindings(bindings, P5BindingsMax);

    for (ULONG i = 0; i < count; ++i) {
        P5ApplyLoad(bindings[i]);
        bindings[i]->Uses.Release();
    }
}

} // namespace

/// PASSIVE_LEVEL, in DriverEntry.
void
P5InitializeLoad(void)
{
    KeInitializeEvent(&ThreadsMutex, SynchronizationEvent, TRUE);
    KeInitializeEvent(&StopOids, NotificationEvent, FALSE);
    KeInitializeEvent(&StopHolding, NotificationEvent, FALSE);
}

NTSTATUS
P5SetLoad(const rd_p5_load *Load)
{
    if (!IsValid(*Load)) {
        return STATUS_INVALID_PARAMETER;
    }
    P5Note(P5Nobody, RD_EV_LOAD, nullptr, Load->level);
    {
        const rundown::SpinLockGuard guard(P5.LoadLock);

        P5.Load.Load = *Load;
        P5.Load.InFlightTarget = TargetOf(*Load);
        ++P5.Load.Generation;
    }
    ApplyLoadToAll();

    const ThreadsGuard guard;

    StopOidThreads();
    return StartOidThreads(Load->level != RD_P5_LOAD_OFF ? Load->oid_threads : 0);
}

void
P5HoldReceives(ULONG Count)
{
    {
        const rundown::SpinLockGuard guard(P5.LoadLock);

        P5.Load.HoldStill = Count;
        ++P5.Load.Generation;
    }
    ApplyLoadToAll();
}

NTSTATUS
P5HoldRequests(ULONG Count)
{
    const ThreadsGuard guard;

    StopHoldThread();
    if (Count == 0) {
        return STATUS_SUCCESS;
    }
    KeClearEvent(&StopHolding);
    return HoldThread.Start(HoldThreadRoutine, nullptr);
}

void
P5NoteClosing(BOOLEAN Begins)
{
    const LONG closing =
        Begins ? InterlockedIncrement(&P5.Closing) : InterlockedDecrement(&P5.Closing);

    if (Begins && closing == 1) {
        __atomic_store_n(
            &P5.LoadEnds,
            static_cast<LONG64>(KeQueryInterruptTime()) + ClosingPatience,
            __ATOMIC_SEQ_CST);
    } else if (closing == 0) {
        __atomic_store_n(&P5.LoadEnds, 0, __ATOMIC_SEQ_CST);
    }
}

BOOLEAN
P5LoadIsSilent(void)
{
    const LONG64 end = __atomic_load_n(&P5.LoadEnds, __ATOMIC_RELAXED);

    return end != 0 && static_cast<LONG64>(KeQueryInterruptTime()) >= end;
}

void
P5ApplyLoad(P5_BINDING *Binding)
{
    P5_LOAD load;

    // A load set meanwhile must not be overwritten with the one before it.
    do {
        load = CurrentLoad();
        P5SetSendTarget(Binding, load.InFlightTarget);
        P5SetReceivesKept(
            Binding,
            load.Load.level != RD_P5_LOAD_OFF ? load.Load.hold_receives : 0,
            load.HoldStill);
    } while (load.Generation != CurrentLoad().Generation);
}

void
P5StopLoad(void)
{
    const ThreadsGuard guard;

    StopOidThreads();
    StopHoldThread();
}

void
P5LoadFrameLengths(PUSHORT Shortest, PUSHORT Longest)
{
    const P5_LOAD load = CurrentLoad();

    *Shortest = load.Load.frame_min;
    *Longest = load.Load.frame_max;
}
