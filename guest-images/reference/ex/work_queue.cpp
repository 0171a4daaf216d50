// SPDX-License-Identifier: MIT
// ex/work_queue.cpp
//
// System worker threads. Three queues as Windows has them; a thread that waits inside a work item does not keep others from
// being served until all threads of its queue wait, so there are several.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/system-worker-threads
#include "ex/ex.hpp"
#include "ke/ki.hpp"

namespace {

struct Queue {
    const char* name;
    UCHAR priority;
    ULONG threads;
    LIST_ENTRY items;
    KSEMAPHORE ready;
};

// Priorities as Windows gives them.
Queue queues[] = {
    {"worker (critical)", 13, 4, {}, {}},
    {"worker (delayed)", 12, 8, {}, {}},
    {"worker (hypercritical)", 15, 2, {}, {}},
};

LONG item_count;  // queued or running; under KiEnterAtomic
KEVENT all_done;

Queue& queue_of(WORK_QUEUE_TYPE type) {
    switch (type) {
        case DelayedWorkQueue: return queues[1];
        case HyperCriticalWorkQueue: return queues[2];
        default: return queues[0];
    }
}

PWORK_QUEUE_ITEM take(Queue& queue) {
    KiAtomic atomic;
    PWORK_QUEUE_ITEM item = CONTAINING_RECORD(RemoveHeadList(&queue.items), WORK_QUEUE_ITEM, List);
    item->List.Flink = nullptr;  // may be queued again from here on, by its own routine too
    return item;
}

void done() {
    KiAtomic atomic;
    if (--item_count == 0) KeSetEvent(&all_done, IO_NO_INCREMENT, FALSE);
}

/// A routine must leave its thread as it found it: the next one would suffer.
void check_after(PVOID routine, PVOID parameter, PWORK_QUEUE_ITEM item) {
    if (KeGetCurrentIrql() != PASSIVE_LEVEL)
        KeBugCheckEx(
            0xE1, reinterpret_cast<ULONG_PTR>(routine), KeGetCurrentIrql(), reinterpret_cast<ULONG_PTR>(parameter),
            reinterpret_cast<ULONG_PTR>(item));
    if (const LONG regions = KeGetCurrentThread()->CriticalRegions)
        RdBugCheckText(
            "a work item returned in a critical region", 0x20, 0, static_cast<ULONG_PTR>(LONG_PTR{-regions}), KeGetCurrentIrql(),
            reinterpret_cast<ULONG_PTR>(routine));
}

VOID NTAPI worker(PVOID context) {
    auto& queue = *static_cast<Queue*>(context);
    RdNameThread(queue.name);
    KeGetCurrentThread()->Worker = TRUE;
    for (;;) {
        KeWaitForSingleObject(&queue.ready, Executive, KernelMode, FALSE, nullptr);
        const PWORK_QUEUE_ITEM item = take(queue);
        const PWORKER_THREAD_ROUTINE routine = item->WorkerRoutine;
        const PVOID parameter = item->Parameter;
        routine(parameter);  // the item may be gone afterwards
        check_after(reinterpret_cast<PVOID>(routine), parameter, item);
        done();
    }
}

}  // namespace

extern "C" {

/// Starts the threads. Once, PASSIVE_LEVEL.
VOID ExpInitializeWorkers() {
    KeInitializeEvent(&all_done, NotificationEvent, TRUE);
    for (Queue& queue : queues) {
        InitializeListHead(&queue.items);
        KeInitializeSemaphore(&queue.ready, 0, MAXLONG);
        for (ULONG i = 0; i < queue.threads; ++i) {
            HANDLE thread;
            PVOID object;
            NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, worker, &queue);
            if (NT_SUCCESS(status))
                status = ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &object, nullptr);
            if (!NT_SUCCESS(status)) KiFatal("no memory for system worker threads", 0x31, static_cast<ULONG>(status), 0, 0, 0);
            KeSetPriorityThread(static_cast<PKTHREAD>(object), queue.priority);
            ObfDereferenceObject(object);
            ZwClose(thread);
        }
    }
}

/// The item is the system's until its routine is called; queueing it again before that stops the guest with 0x96
/// (INVALID_WORK_QUEUE_ITEM). <= DISPATCH_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exqueueworkitem
VOID NTAPI ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "ExQueueWorkItem");
    if (QueueType >= MaximumWorkQueue) KeBugCheckEx(0x96, reinterpret_cast<ULONG_PTR>(WorkItem), QueueType, reinterpret_cast<ULONG_PTR>(queues), reinterpret_cast<ULONG_PTR>(WorkItem->WorkerRoutine));
    if (WorkItem->List.Flink || !WorkItem->WorkerRoutine)
        KeBugCheckEx(
            0x96, reinterpret_cast<ULONG_PTR>(WorkItem), reinterpret_cast<ULONG_PTR>(&queue_of(QueueType)),
            reinterpret_cast<ULONG_PTR>(queues), reinterpret_cast<ULONG_PTR>(WorkItem->WorkerRoutine));
    Queue& queue = queue_of(QueueType);
    {
        KiAtomic atomic;
        InsertTailList(&queue.items, &WorkItem->List);
        if (item_count++ == 0) KeClearEvent(&all_done);
    }
    KeReleaseSemaphore(&queue.ready, IO_NO_INCREMENT, 1, FALSE);
}

ULONG ExQueryWorkItemCount() { return static_cast<ULONG>(item_count); }

BOOLEAN ExWaitForWorkers(ULONG milliseconds) {
    LARGE_INTEGER timeout = {.QuadPart = -static_cast<LONGLONG>(milliseconds) * 10000};
    return KeWaitForSingleObject(&all_done, Executive, KernelMode, FALSE, &timeout) == STATUS_SUCCESS;
}

}  // extern "C"
