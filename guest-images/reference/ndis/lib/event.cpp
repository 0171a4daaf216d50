// SPDX-License-Identifier: MIT
// ndis/lib/event.cpp
//
// Events, sleeping, work items.
#include "ndis/lib/ndis_lib.hpp"

using namespace ndis;

namespace {

constexpr LONGLONG kHundredNanosecondsPerMillisecond = 10000, kHundredNanosecondsPerMicrosecond = 10;

/// NDIS_WORK_ITEM::WrapperReserved.
struct QueuedWork {
    WORK_QUEUE_ITEM item;
};
static_assert(sizeof(QueuedWork) <= sizeof(NDIS_WORK_ITEM::WrapperReserved));

/// On a system worker thread. The item is the driver's again before its routine runs: it may free or schedule it.
VOID NTAPI run_work_item(PVOID context) {
    auto* item = static_cast<PNDIS_WORK_ITEM>(context);
    const NDIS_PROC routine = item->Routine;
    PVOID driver_context = item->Context;
    routine(item, driver_context);
}

}  // namespace

/// Not signalled. Any IRQL.
VOID NTAPI NdisInitializeEvent(PNDIS_EVENT Event) { KeInitializeEvent(&Event->Event, NotificationEvent, FALSE); }
/// <= DISPATCH_LEVEL.
VOID NTAPI NdisSetEvent(PNDIS_EVENT Event) { KeSetEvent(&Event->Event, IO_NO_INCREMENT, FALSE); }
VOID NTAPI NdisResetEvent(PNDIS_EVENT Event) { KeResetEvent(&Event->Event); }

/// True: signalled; false: the time is over. 0 milliseconds waits for ever. PASSIVE_LEVEL, else bug check 0x7C, 0x14, IRQL
/// (as documented for BUGCODE_NDIS_DRIVER).
BOOLEAN NTAPI NdisWaitEvent(PNDIS_EVENT Event, UINT MsToWait) {
    if (const KIRQL irql = KeGetCurrentIrql(); irql > PASSIVE_LEVEL)
        RdBugCheckText("NdisWaitEvent: called above PASSIVE_LEVEL", 0x7C, 0x14, irql, 0, 0);
    LARGE_INTEGER timeout;
    timeout.QuadPart = -static_cast<LONGLONG>(MsToWait) * kHundredNanosecondsPerMillisecond;
    return KeWaitForSingleObject(&Event->Event, Executive, KernelMode, FALSE, MsToWait ? &timeout : nullptr) == STATUS_SUCCESS;
}

/// PASSIVE_LEVEL.
VOID NTAPI NdisMSleep(ULONG MicrosecondsToSleep) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMSleep", NDIS_CALLER);
    LARGE_INTEGER interval;
    interval.QuadPart = -static_cast<LONGLONG>(MicrosecondsToSleep) * kHundredNanosecondsPerMicrosecond;
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
}

/// The routine runs once at PASSIVE_LEVEL on a system thread; the item must stay until then. <= DISPATCH_LEVEL.
NDIS_STATUS NTAPI NdisScheduleWorkItem(PNDIS_WORK_ITEM WorkItem) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisScheduleWorkItem", NDIS_CALLER);
    auto* work = reinterpret_cast<QueuedWork*>(WorkItem->WrapperReserved);
    ExInitializeWorkItem(&work->item, run_work_item, WorkItem);
    ExQueueWorkItem(&work->item, CriticalWorkQueue);
    return NDIS_STATUS_SUCCESS;
}
