// SPDX-License-Identifier: MIT
// ke/timer.cpp
//
// Timers, kept in one list sorted by due time (interrupt time, 100 ns). Expiry runs at DISPATCH_LEVEL on a logical processor
// the clock interrupt draws. https://learn.microsoft.com/windows-hardware/drivers/kernel/timer-objects-and-dpcs
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

LIST_ENTRY queue = {&queue, &queue};
constexpr UCHAR kInserted = 0x40;  // in byte 3 of the header, where Windows 7 has it

UCHAR& flags_of(PKTIMER timer) { return reinterpret_cast<UCHAR*>(&timer->Header)[3]; }
bool inserted(PKTIMER timer) { return flags_of(timer) & kInserted; }

void enqueue(PKTIMER timer) {
    PLIST_ENTRY at = queue.Blink;
    while (at != &queue && CONTAINING_RECORD(at, KTIMER, TimerListEntry)->DueTime.QuadPart > timer->DueTime.QuadPart)
        at = at->Blink;
    InsertHeadList(at, &timer->TimerListEntry);
    flags_of(timer) |= kInserted;
    if (queue.Flink == &timer->TimerListEntry) KiArmClock();
}

void signal(PKTIMER timer) {
    timer->Header.SignalState = 1;
    KiWaitTest(&timer->Header);
    if (timer->Dpc) {
        const ULONG64 now = KiSystemTime();
        KeInsertQueueDpc(
            timer->Dpc, reinterpret_cast<PVOID>(now & 0xFFFFFFFF), reinterpret_cast<PVOID>(now >> 32));
    }
}

void check_timer(PKTIMER timer, const char* function) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, function);
    KiCheckObject(timer, KI_TIMER_NOTIFICATION, KI_TIMER_SYNCHRONIZATION, function);
}

}  // namespace

extern "C" VOID KiRemoveTimer(PKTIMER timer) {
    if (!inserted(timer)) return;
    RemoveEntryList(&timer->TimerListEntry);
    flags_of(timer) &= static_cast<UCHAR>(~kInserted);
}

extern "C" BOOLEAN KiInsertTimer(PKTIMER timer, LARGE_INTEGER due) {
    const ULONG64 now = KiInterruptTime();
    LONGLONG wait = -due.QuadPart;
    if (due.QuadPart >= 0) wait = due.QuadPart - static_cast<LONGLONG>(KiSystemTime());
    timer->Header.SignalState = 0;
    if (wait <= 0) return TRUE;
    timer->DueTime.QuadPart = now + static_cast<ULONG64>(wait);
    enqueue(timer);
    return FALSE;
}

extern "C" PKTIMER KiFindTimerIn(ULONG64 begin, ULONG64 end) {
    for (PLIST_ENTRY at = queue.Flink; at != &queue; at = at->Flink) {
        PKTIMER timer = CONTAINING_RECORD(at, KTIMER, TimerListEntry);
        if (reinterpret_cast<ULONG64>(timer) - begin < end - begin) return timer;
    }
    return nullptr;
}

extern "C" ULONG64 KiNextTimerDue() {
    return IsListEmpty(&queue) ? ~0ull : CONTAINING_RECORD(queue.Flink, KTIMER, TimerListEntry)->DueTime.QuadPart;
}

extern "C" ULONG KiCountTimers() {
    KiAtomic atomic;
    ULONG count = 0;
    for (PLIST_ENTRY at = queue.Flink; at != &queue; at = at->Flink) ++count;
    return count;
}

/// Calls `visit` for every queued timer. Atomic.
extern "C" VOID KiVisitTimers(VOID (*visit)(PKTIMER, PVOID), PVOID context) {
    for (PLIST_ENTRY at = queue.Flink; at != &queue; at = at->Flink)
        visit(CONTAINING_RECORD(at, KTIMER, TimerListEntry), context);
}

extern "C" VOID KiExpireTimers() {
    KiTimersTaken();
    for (;;) {
        KiAtomic atomic;
        if (KiNextTimerDue() > KiInterruptTime()) {
            KiArmClock();
            return;
        }
        PKTIMER timer = CONTAINING_RECORD(queue.Flink, KTIMER, TimerListEntry);
        if (!timer->TimerListEntry.Blink || timer->Header.Type < KI_TIMER_NOTIFICATION ||
            timer->Header.Type > KI_TIMER_SYNCHRONIZATION)
            RdBugCheckText(
                "the memory of a queued timer was overwritten", 0xC7, 0, reinterpret_cast<ULONG_PTR>(timer),
                reinterpret_cast<ULONG_PTR>(timer), reinterpret_cast<ULONG_PTR>(timer + 1));
        KiRemoveTimer(timer);
        if (timer->Period) {
            timer->DueTime.QuadPart += timer->Period * 10000ull;
            enqueue(timer);
        }
        signal(timer);
    }
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializetimerex
VOID NTAPI KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type) {
    {
        KiAtomic atomic;
        const ULONG64 begin = reinterpret_cast<ULONG64>(Timer);
        if (KiFindTimerIn(begin, begin + 1))
            RdBugCheckText("a timer is initialised while it is queued", 0xC7, 0, begin, begin, begin + sizeof *Timer);
    }
    KiInitializeHeader(
        &Timer->Header, Type == NotificationTimer ? KI_TIMER_NOTIFICATION : KI_TIMER_SYNCHRONIZATION, sizeof *Timer, 0);
    Timer->DueTime.QuadPart = 0;
    Timer->TimerListEntry = {};
    Timer->Dpc = nullptr;
    Timer->Period = 0;
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializetimer
VOID NTAPI KeInitializeTimer(PKTIMER Timer) { KeInitializeTimerEx(Timer, NotificationTimer); }

/// <= DISPATCH_LEVEL. DueTime negative: relative, else absolute system time; Period in milliseconds, 0: once. True: the timer
/// was queued already (and is not any more). https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesettimerex
BOOLEAN NTAPI KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc) {
    check_timer(Timer, "KeSetTimerEx");
    KiAtomic atomic;
    const BOOLEAN before = inserted(Timer);
    KiRemoveTimer(Timer);
    Timer->Dpc = Dpc;
    Timer->Period = static_cast<ULONG>(Period);
    if (KiInsertTimer(Timer, DueTime)) {
        if (Period) {
            Timer->DueTime.QuadPart = KiInterruptTime() + Timer->Period * 10000ull;
            enqueue(Timer);
        }
        signal(Timer);
    }
    return before;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesettimer
BOOLEAN NTAPI KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc) {
    return KeSetTimerEx(Timer, DueTime, 0, Dpc);
}

/// <= DISPATCH_LEVEL. The tolerable delay is not made use of.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesetcoalescabletimer
BOOLEAN NTAPI KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG TolerableDelay, PKDPC Dpc) {
    return KeSetTimerEx(Timer, DueTime, static_cast<LONG>(Period), Dpc);
}

/// <= DISPATCH_LEVEL. True: it was queued. A DPC that is queued already still runs.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kecanceltimer
BOOLEAN NTAPI KeCancelTimer(PKTIMER Timer) {
    check_timer(Timer, "KeCancelTimer");
    BOOLEAN before;
    {
        KiAtomic atomic;
        before = inserted(Timer);
        KiRemoveTimer(Timer);
    }
    KiMaybeYield();
    return before;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereadstatetimer
BOOLEAN NTAPI KeReadStateTimer(PKTIMER Timer) {
    check_timer(Timer, "KeReadStateTimer");
    return Timer->Header.SignalState != 0;
}
