// SPDX-License-Identifier: MIT
// ke/event.cpp
//
// Events and semaphores. https://learn.microsoft.com/windows-hardware/drivers/kernel/kernel-dispatcher-objects
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

void check_event(PRKEVENT event, const char* function) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, function);
    KiCheckObject(event, KI_EVENT_NOTIFICATION, KI_EVENT_SYNCHRONIZATION, function);
}

LONG set_event(PRKEVENT event) {
    KiAtomic atomic;
    const LONG before = event->Header.SignalState;
    event->Header.SignalState = 1;
    KiWaitTest(&event->Header);
    return before;
}

}  // namespace

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializeevent
VOID NTAPI KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State) {
    KiInitializeHeader(
        &Event->Header, Type == NotificationEvent ? KI_EVENT_NOTIFICATION : KI_EVENT_SYNCHRONIZATION, sizeof *Event,
        State != FALSE);
}

/// <= DISPATCH_LEVEL; with Wait TRUE <= APC_LEVEL. Returns the previous state. Wait is a hint this scheduler has no use
/// for: the caller's wait follows on its own.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesetevent
LONG NTAPI KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait) {
    if (cpu::irql() > DISPATCH_LEVEL) KeBugCheckEx(0xC4, 0x80, cpu::irql(), reinterpret_cast<ULONG_PTR>(Event), 0);
    if (Wait) KiRequireIrqlAtMost(APC_LEVEL, "KeSetEvent(Wait)");
    check_event(Event, "KeSetEvent");
    const LONG before = set_event(Event);
    KiMaybeYield();
    return before;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keresetevent
LONG NTAPI KeResetEvent(PRKEVENT Event) {
    check_event(Event, "KeResetEvent");
    KiAtomic atomic;
    const LONG before = Event->Header.SignalState;
    Event->Header.SignalState = 0;
    return before;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keclearevent
VOID NTAPI KeClearEvent(PRKEVENT Event) {
    check_event(Event, "KeClearEvent");
    Event->Header.SignalState = 0;
}

/// <= DISPATCH_LEVEL. Wakes who waits now and leaves the event not signalled.
LONG NTAPI KePulseEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait) {
    check_event(Event, "KePulseEvent");
    KiAtomic atomic;
    const LONG before = Event->Header.SignalState;
    Event->Header.SignalState = 1;
    KiWaitTest(&Event->Header);
    Event->Header.SignalState = 0;
    return before;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereadstateevent
LONG NTAPI KeReadStateEvent(PRKEVENT Event) {
    check_event(Event, "KeReadStateEvent");
    return Event->Header.SignalState;
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializesemaphore
VOID NTAPI KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit) {
    KiInitializeHeader(&Semaphore->Header, KI_SEMAPHORE, sizeof *Semaphore, Count);
    Semaphore->Limit = Limit;
}

/// <= DISPATCH_LEVEL. Raises STATUS_SEMAPHORE_LIMIT_EXCEEDED when the count would pass the limit. Returns the previous
/// count. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasesemaphore
LONG NTAPI KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait) {
    KiRequireIrqlAtMost(Wait ? APC_LEVEL : DISPATCH_LEVEL, "KeReleaseSemaphore");
    KiCheckObject(Semaphore, KI_SEMAPHORE, KI_SEMAPHORE, "KeReleaseSemaphore");
    LONG before;
    {
        KiAtomic atomic;
        before = Semaphore->Header.SignalState;
        const LONGLONG after = LONGLONG{before} + Adjustment;
        if (Adjustment > 0 && after <= Semaphore->Limit) {
            Semaphore->Header.SignalState = static_cast<LONG>(after);
            KiWaitTest(&Semaphore->Header);
            return before;
        }
    }
    ExRaiseStatus(STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    return before;
}

/// <= DISPATCH_LEVEL.
LONG NTAPI KeReadStateSemaphore(PRKSEMAPHORE Semaphore) {
    KiCheckObject(Semaphore, KI_SEMAPHORE, KI_SEMAPHORE, "KeReadStateSemaphore");
    return Semaphore->Header.SignalState;
}
