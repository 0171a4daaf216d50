// SPDX-License-Identifier: MIT
// selftest/provoke_waits.cpp
//
// Crimes with waits, dispatcher objects, threads and worker threads.
#include "selftest/provoke.hpp"

namespace {

KEVENT event;
KMUTEX mutex;
WORK_QUEUE_ITEM item;

void raise(KIRQL irql) {
    KIRQL before;
    KeRaiseIrql(irql, &before);
}

VOID NTAPI wait_in_dpc(PKDPC, PVOID, PVOID, PVOID) {
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr);
}

VOID NTAPI die_with_mutex(PVOID) {
    provoke::value(1, KeGetCurrentThread());
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, nullptr);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

VOID NTAPI die_in_region(PVOID) {
    KeEnterCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

VOID NTAPI die_raised(PVOID) {
    raise(DISPATCH_LEVEL);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

VOID NTAPI wait_for_event(PVOID) { KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr); }

VOID NTAPI end_worker(PVOID) { PsTerminateSystemThread(STATUS_SUCCESS); }
VOID NTAPI return_raised(PVOID) { raise(APC_LEVEL); }
VOID NTAPI return_in_region(PVOID) { KeEnterCriticalRegion(); }
VOID NTAPI do_nothing(PVOID) {}

template <class Routine>
void queue(Routine routine, PVOID parameter) {
    provoke::value(1, reinterpret_cast<ULONG64>(routine));
    provoke::value(2, parameter);
    provoke::value(3, &item);
    ExInitializeWorkItem(&item, routine, parameter);
    ExQueueWorkItem(&item, DelayedWorkQueue);
    provoke::pause(5000);
}

}  // namespace

extern "C" VOID provoke_wait_at_dispatch() {
    LARGE_INTEGER timeout = {.QuadPart = -10000};
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    provoke::value(1, &event);
    provoke::value(2, &timeout);
    raise(DISPATCH_LEVEL);
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &timeout);
}

extern "C" VOID provoke_wait_in_dpc() {
    static KDPC dpc;
    KeInitializeEvent(&event, NotificationEvent, TRUE);  // signalled: it is the call that is forbidden
    provoke::value(1, &event);
    provoke::guilty(wait_in_dpc);
    KeInitializeDpc(&dpc, wait_in_dpc, nullptr);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    provoke::pause(5000);
}

extern "C" VOID provoke_wait_for_no_object() {
    static ULONG64 memory[8];
    provoke::value(1, memory);
    KeWaitForSingleObject(memory, Executive, KernelMode, FALSE, nullptr);
}

extern "C" VOID provoke_wait_for_too_many_objects() {
    PVOID objects[THREAD_WAIT_OBJECTS + 1];
    KeInitializeEvent(&event, NotificationEvent, TRUE);
    for (PVOID& object : objects) object = &event;
    KeWaitForMultipleObjects(THREAD_WAIT_OBJECTS + 1, objects, WaitAny, Executive, KernelMode, FALSE, nullptr, nullptr);
}

extern "C" VOID provoke_delay_at_dispatch() {
    LARGE_INTEGER due = {.QuadPart = -10000};
    raise(DISPATCH_LEVEL);
    KeDelayExecutionThread(KernelMode, FALSE, &due);
}

extern "C" VOID provoke_set_event_above_dispatch() {
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    provoke::value(1, &event);
    raise(5);
    KeSetEvent(&event, 0, FALSE);
}

extern "C" VOID provoke_event_initialised_while_waited_for() {
    HANDLE handle;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    provoke::value(1, &event);
    PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, wait_for_event, nullptr);
    provoke::pause(20);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
}

extern "C" VOID provoke_mutex_not_owned() {
    KeInitializeMutex(&mutex, 0);
    KeReleaseMutex(&mutex, FALSE);
}

extern "C" VOID provoke_semaphore_beyond_its_limit() {
    static KSEMAPHORE semaphore;
    KeInitializeSemaphore(&semaphore, 1, 2);
    KeReleaseSemaphore(&semaphore, 0, 2, FALSE);
}

extern "C" VOID provoke_thread_ends_with_mutex() {
    KeInitializeMutex(&mutex, 0);
    provoke::value(2, &mutex);
    provoke::guilty(die_with_mutex);
    provoke::on_thread(die_with_mutex, nullptr);
}

extern "C" VOID provoke_thread_ends_in_critical_region() {
    provoke::guilty(die_in_region);
    provoke::on_thread(die_in_region, nullptr);
}

extern "C" VOID provoke_thread_ends_at_dispatch() {
    provoke::value(1, reinterpret_cast<ULONG64>(&die_raised));
    provoke::guilty(die_raised);
    provoke::on_thread(die_raised, nullptr);
}

extern "C" VOID provoke_worker_thread_ended() {
    provoke::guilty(end_worker);
    queue(end_worker, nullptr);
}

extern "C" VOID provoke_work_item_returns_raised() { queue(return_raised, reinterpret_cast<PVOID>(0x77)); }

extern "C" VOID provoke_work_item_returns_in_critical_region() { queue(return_in_region, nullptr); }

extern "C" VOID provoke_work_item_queued_twice() {
    ExInitializeWorkItem(&item, do_nothing, nullptr);
    provoke::value(1, &item);
    provoke::value(2, reinterpret_cast<ULONG64>(&do_nothing));
    raise(DISPATCH_LEVEL);  // no worker takes it in between, on this processor at least
    for (int again = 0; again < 1000; ++again) ExQueueWorkItem(&item, DelayedWorkQueue);
}

extern "C" VOID provoke_priority_out_of_range() { KeSetPriorityThread(KeGetCurrentThread(), 40); }
