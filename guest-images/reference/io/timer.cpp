// SPDX-License-Identifier: MIT
// io/timer.cpp
//
// Device timers: a routine per device, once a second at DISPATCH_LEVEL, all driven by one kernel timer.
#include "io/iop.hpp"

struct _IO_TIMER {
    CSHORT Type;
    BOOLEAN Running;
    LIST_ENTRY Entry;  ///< Among the running ones; by timer_lock.
    PIO_TIMER_ROUTINE Routine;
    PVOID Context;
    PDEVICE_OBJECT DeviceObject;
    ULONG64 LastTick;  ///< By timer_lock.
};

namespace {

constexpr ULONG kTag = 'miTI';
constexpr LONGLONG kSecond = 10 * 1000 * 1000;

KSPIN_LOCK timer_lock;
LIST_ENTRY running = {&running, &running};
KTIMER second;
KDPC second_dpc;
bool ready;
ULONG64 ticks;  ///< Seconds that were up; changed by the DPC only.

/// A running timer that has not had its turn in this second, with its device referenced. Null: all have.
PDEVICE_OBJECT next_due(_IO_TIMER* copy) {
    PDEVICE_OBJECT device = nullptr;
    KeAcquireSpinLockAtDpcLevel(&timer_lock);
    for (PLIST_ENTRY at = running.Flink; at != &running && !device; at = at->Flink) {
        auto* timer = CONTAINING_RECORD(at, _IO_TIMER, Entry);
        if (timer->LastTick == ticks) continue;
        timer->LastTick = ticks;
        *copy = *timer;
        device = timer->DeviceObject;
        ObfReferenceObject(device);
    }
    KeReleaseSpinLockFromDpcLevel(&timer_lock);
    return device;
}

/// A routine may start and stop timers, so the list is looked at anew after each.
VOID NTAPI tick(PKDPC, PVOID, PVOID, PVOID) {
    ++ticks;
    _IO_TIMER due;
    while (PDEVICE_OBJECT device = next_due(&due)) {
        due.Routine(device, due.Context);
        ObfDereferenceObject(device);
    }
}

void start_second() {
    if (!ready) {
        KeInitializeTimerEx(&second, SynchronizationTimer);
        KeInitializeDpc(&second_dpc, tick, nullptr);
        ready = true;
    }
    LARGE_INTEGER due;
    due.QuadPart = -kSecond;
    KeSetTimerEx(&second, due, 1000, &second_dpc);
}

void stop(PIO_TIMER timer) {
    KIRQL irql;
    KeAcquireSpinLock(&timer_lock, &irql);
    if (timer->Running) {
        RemoveEntryList(&timer->Entry);
        timer->Running = FALSE;
        if (IsListEmpty(&running)) KeCancelTimer(&second);
    }
    KeReleaseSpinLock(&timer_lock, irql);
}

}  // namespace

/// PASSIVE_LEVEL, once a device: bug check 0xC9, 0xA.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioinitializetimer
NTSTATUS NTAPI IoInitializeTimer(PDEVICE_OBJECT DeviceObject, PIO_TIMER_ROUTINE TimerRoutine, PVOID Context) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoInitializeTimer");
    if (DeviceObject->Timer) IopViolation(IOP_TIMER_TWICE, "IoInitializeTimer: the device has a timer already", DeviceObject, 0, 0);
    auto* timer = static_cast<PIO_TIMER>(ExAllocatePoolWithTag(NonPagedPool, sizeof(_IO_TIMER), kTag));
    if (!timer) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(timer, sizeof *timer);
    timer->Type = IO_TYPE_TIMER;
    timer->DeviceObject = DeviceObject;
    timer->Routine = TimerRoutine;
    timer->Context = Context;
    DeviceObject->Timer = timer;
    return STATUS_SUCCESS;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iostarttimer
VOID NTAPI IoStartTimer(PDEVICE_OBJECT DeviceObject) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoStartTimer");
    PIO_TIMER timer = DeviceObject->Timer;
    KIRQL irql;
    KeAcquireSpinLock(&timer_lock, &irql);
    if (!timer->Running) {
        if (IsListEmpty(&running)) start_second();
        timer->LastTick = ticks;
        InsertTailList(&running, &timer->Entry);
        timer->Running = TRUE;
    }
    KeReleaseSpinLock(&timer_lock, irql);
}

/// <= DISPATCH_LEVEL. A routine that runs already may still be running.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iostoptimer
VOID NTAPI IoStopTimer(PDEVICE_OBJECT DeviceObject) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoStopTimer");
    stop(DeviceObject->Timer);
}

VOID IopRemoveTimer(PDEVICE_OBJECT device) {
    PIO_TIMER timer = device->Timer;
    if (!timer) return;
    stop(timer);
    KeFlushQueuedDpcs();  // nobody is inside tick() with this device any more
    device->Timer = nullptr;
    ExFreePoolWithTag(timer, kTag);
}
