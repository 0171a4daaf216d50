// SPDX-License-Identifier: MIT
// ndis/lib/timer.cpp
//
// NDIS_TIMER is a kernel timer whose DPC routine is the driver's function itself (their signatures agree), so the kernel sees
// whose timer it is. NDIS_MINIPORT_TIMER begins with one; its DPC is ours, which takes the miniport's lock first. The
// adapter keeps a list of its miniport timers that are set: MiniportHalt must have cancelled them all.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff553024(v=vs.85)
#include "ndis/lib/core_seam.hpp"

using namespace ndis;

namespace {

constexpr LONGLONG kHundredNanosecondsPerMillisecond = 10000;

LARGE_INTEGER due_in(UINT milliseconds) {
    LARGE_INTEGER due;
    due.QuadPart = -static_cast<LONGLONG>(milliseconds) * kHundredNanosecondsPerMillisecond;
    return due;
}

bool is_listed(const AdapterResources& resources, PNDIS_MINIPORT_TIMER timer) {
    for (PNDIS_MINIPORT_TIMER at = resources.timers; at; at = at->NextDeferredTimer)
        if (at == timer) return true;
    return false;
}

/// Under resources.lock.
void unlist(AdapterResources& resources, PNDIS_MINIPORT_TIMER timer) {
    for (PNDIS_MINIPORT_TIMER* link = &resources.timers; *link; link = &(*link)->NextDeferredTimer)
        if (*link == timer) {
            *link = timer->NextDeferredTimer;
            timer->NextDeferredTimer = nullptr;
            return;
        }
}

VOID NTAPI miniport_timer_dpc(PKDPC, PVOID context, PVOID argument1, PVOID argument2) {
    auto* timer = static_cast<PNDIS_MINIPORT_TIMER>(context);
    NDIS_HANDLE adapter = timer->Miniport;
    AdapterResources& resources = *resources_of(adapter);
    const PNDIS_TIMER_FUNCTION function = timer->MiniportTimerFunction;
    PVOID driver_context = timer->MiniportTimerContext;
    {
        // A one-shot timer is no longer set once it has fired; setting it anew from its function lists it again. One that
        // was set anew before we came here is missed by the list until the next time: the list errs towards silence.
        SpinGuard guard(resources.lock);
        if (timer->Timer.Period == 0) unlist(resources, timer);
    }
    enter_miniport(adapter);
    function(timer, driver_context, argument1, argument2);
    leave_miniport(adapter);
}

bool is_miniport_timer(PNDIS_TIMER timer) { return timer->Dpc.DeferredRoutine == miniport_timer_dpc; }

void set(PNDIS_TIMER timer, UINT milliseconds, UINT period) {
    if (!is_miniport_timer(timer)) {
        KeSetTimerEx(&timer->Timer, due_in(milliseconds), static_cast<LONG>(period), &timer->Dpc);
        return;
    }
    auto* miniport_timer = reinterpret_cast<PNDIS_MINIPORT_TIMER>(timer);
    AdapterResources& resources = *resources_of(miniport_timer->Miniport);
    SpinGuard guard(resources.lock);
    if (!is_listed(resources, miniport_timer)) {
        miniport_timer->NextDeferredTimer = resources.timers;
        resources.timers = miniport_timer;
    }
    KeSetTimerEx(&timer->Timer, due_in(milliseconds), static_cast<LONG>(period), &timer->Dpc);
}

void cancel(PNDIS_TIMER timer, PBOOLEAN cancelled) {
    if (!is_miniport_timer(timer)) {
        *cancelled = KeCancelTimer(&timer->Timer);
        return;
    }
    auto* miniport_timer = reinterpret_cast<PNDIS_MINIPORT_TIMER>(timer);
    AdapterResources& resources = *resources_of(miniport_timer->Miniport);
    SpinGuard guard(resources.lock);
    *cancelled = KeCancelTimer(&timer->Timer);
    unlist(resources, miniport_timer);
}

}  // namespace

/// Any IRQL. `FunctionContext` goes to the function, which runs at DISPATCH_LEVEL.
VOID NTAPI NdisInitializeTimer(PNDIS_TIMER Timer, PNDIS_TIMER_FUNCTION TimerFunction, PVOID FunctionContext) {
    KeInitializeTimer(&Timer->Timer);
    KeInitializeDpc(&Timer->Dpc, reinterpret_cast<PKDEFERRED_ROUTINE>(TimerFunction), FunctionContext);
}

/// One shot; a timer that is set already starts anew. <= DISPATCH_LEVEL. NdisMSetTimer is the same for miniport timers.
VOID NTAPI NdisSetTimer(PNDIS_TIMER Timer, UINT MillisecondsToDelay) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisSetTimer", NDIS_CALLER);
    set(Timer, MillisecondsToDelay, 0);
}
/// With another context than at initialisation. <= DISPATCH_LEVEL.
VOID NTAPI NdisSetTimerEx(PNDIS_TIMER Timer, UINT MillisecondsToDelay, PVOID FunctionContext) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisSetTimerEx", NDIS_CALLER);
    if (is_miniport_timer(Timer))
        reinterpret_cast<PNDIS_MINIPORT_TIMER>(Timer)->MiniportTimerContext = FunctionContext;
    else
        Timer->Dpc.DeferredContext = FunctionContext;
    set(Timer, MillisecondsToDelay, 0);
}
/// <= DISPATCH_LEVEL.
VOID NTAPI NdisSetPeriodicTimer(PNDIS_TIMER Timer, UINT MillisecondsPeriod) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisSetPeriodicTimer", NDIS_CALLER);
    set(Timer, MillisecondsPeriod, MillisecondsPeriod);
}

/// False: it has fired (its function may be running now) or was not set. <= DISPATCH_LEVEL.
VOID NTAPI NdisCancelTimer(PNDIS_TIMER Timer, PBOOLEAN TimerCancelled) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisCancelTimer", NDIS_CALLER);
    cancel(Timer, TimerCancelled);
}

/// From MiniportInitialize on. Any IRQL.
VOID NTAPI NdisMInitializeTimer(
    PNDIS_MINIPORT_TIMER Timer, NDIS_HANDLE MiniportAdapterHandle, PNDIS_TIMER_FUNCTION TimerFunction, PVOID FunctionContext) {
    KeInitializeTimer(&Timer->Timer);
    KeInitializeDpc(&Timer->Dpc, miniport_timer_dpc, Timer);
    Timer->MiniportTimerFunction = TimerFunction;
    Timer->MiniportTimerContext = FunctionContext;
    Timer->Miniport = static_cast<PNDIS_MINIPORT_BLOCK>(MiniportAdapterHandle);
    Timer->NextDeferredTimer = nullptr;
}
/// <= DISPATCH_LEVEL, all of these. (Old drivers import NdisMSetTimer; newer ones get NdisSetTimer from a macro.)
#undef NdisMSetTimer
extern "C" VOID NTAPI NdisMSetTimer(PNDIS_MINIPORT_TIMER Timer, UINT MillisecondsToDelay) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMSetTimer", NDIS_CALLER);
    set(reinterpret_cast<PNDIS_TIMER>(Timer), MillisecondsToDelay, 0);
}
VOID NTAPI NdisMSetPeriodicTimer(PNDIS_MINIPORT_TIMER Timer, UINT MillisecondPeriod) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMSetPeriodicTimer", NDIS_CALLER);
    set(reinterpret_cast<PNDIS_TIMER>(Timer), MillisecondPeriod, MillisecondPeriod);
}
VOID NTAPI NdisMCancelTimer(PNDIS_MINIPORT_TIMER Timer, PBOOLEAN TimerCancelled) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMCancelTimer", NDIS_CALLER);
    cancel(reinterpret_cast<PNDIS_TIMER>(Timer), TimerCancelled);
}
