// SPDX-License-Identifier: MIT
// io/device_queue.cpp
//
// Device queues, and the StartIo routines that are fed from them.
#include "io/iop.hpp"

namespace {

struct QueueLock {
    explicit QueueLock(PKDEVICE_QUEUE queue) : queue_(queue) { KeAcquireSpinLockAtDpcLevel(&queue->Lock); }
    ~QueueLock() { KeReleaseSpinLockFromDpcLevel(&queue_->Lock); }
    PKDEVICE_QUEUE queue_;
};

void require_dispatch(const char* function) { KiRequireIrqlExactly(DISPATCH_LEVEL, function); }

PKDEVICE_QUEUE_ENTRY take(PKDEVICE_QUEUE queue, PLIST_ENTRY at) {
    auto* entry = CONTAINING_RECORD(at, KDEVICE_QUEUE_ENTRY, DeviceListEntry);
    RemoveEntryList(at);
    entry->Inserted = FALSE;
    return entry;
}

}  // namespace

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializedevicequeue
VOID NTAPI KeInitializeDeviceQueue(PKDEVICE_QUEUE DeviceQueue) {
    RtlZeroMemory(DeviceQueue, sizeof *DeviceQueue);
    DeviceQueue->Type = IO_TYPE_DEVICE_QUEUE;
    DeviceQueue->Size = sizeof *DeviceQueue;
    InitializeListHead(&DeviceQueue->DeviceListHead);
    KeInitializeSpinLock(&DeviceQueue->Lock);
}

/// DISPATCH_LEVEL. False: the queue was idle and is busy now; the entry is the caller's to start.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinsertdevicequeue
BOOLEAN NTAPI KeInsertDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry) {
    require_dispatch("KeInsertDeviceQueue");
    const QueueLock lock(DeviceQueue);
    DeviceQueueEntry->Inserted = DeviceQueue->Busy;
    if (DeviceQueue->Busy) InsertTailList(&DeviceQueue->DeviceListHead, &DeviceQueueEntry->DeviceListEntry);
    DeviceQueue->Busy = TRUE;
    return DeviceQueueEntry->Inserted;
}

/// DISPATCH_LEVEL. The same, in the order of keys.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinsertbykeydevicequeue
BOOLEAN NTAPI KeInsertByKeyDeviceQueue(
    PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry, ULONG SortKey) {
    require_dispatch("KeInsertByKeyDeviceQueue");
    const QueueLock lock(DeviceQueue);
    DeviceQueueEntry->SortKey = SortKey;
    DeviceQueueEntry->Inserted = DeviceQueue->Busy;
    if (DeviceQueue->Busy) {
        PLIST_ENTRY at = DeviceQueue->DeviceListHead.Flink;
        while (at != &DeviceQueue->DeviceListHead &&
               CONTAINING_RECORD(at, KDEVICE_QUEUE_ENTRY, DeviceListEntry)->SortKey <= SortKey)
            at = at->Flink;
        InsertTailList(at, &DeviceQueueEntry->DeviceListEntry);
    }
    DeviceQueue->Busy = TRUE;
    return DeviceQueueEntry->Inserted;
}

/// DISPATCH_LEVEL. Null: the queue was empty and is idle now.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keremovedevicequeue
PKDEVICE_QUEUE_ENTRY NTAPI KeRemoveDeviceQueue(PKDEVICE_QUEUE DeviceQueue) {
    require_dispatch("KeRemoveDeviceQueue");
    const QueueLock lock(DeviceQueue);
    if (!IsListEmpty(&DeviceQueue->DeviceListHead)) return take(DeviceQueue, DeviceQueue->DeviceListHead.Flink);
    DeviceQueue->Busy = FALSE;
    return nullptr;
}

/// DISPATCH_LEVEL. The first entry with at least this key, or the first of all.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keremovebykeydevicequeue
PKDEVICE_QUEUE_ENTRY NTAPI KeRemoveByKeyDeviceQueue(PKDEVICE_QUEUE DeviceQueue, ULONG SortKey) {
    require_dispatch("KeRemoveByKeyDeviceQueue");
    const QueueLock lock(DeviceQueue);
    PLIST_ENTRY head = &DeviceQueue->DeviceListHead;
    if (IsListEmpty(head)) {
        DeviceQueue->Busy = FALSE;
        return nullptr;
    }
    PLIST_ENTRY at = head->Flink;
    while (at != head && CONTAINING_RECORD(at, KDEVICE_QUEUE_ENTRY, DeviceListEntry)->SortKey < SortKey) at = at->Flink;
    return take(DeviceQueue, at == head ? head->Flink : at);
}

/// <= DISPATCH_LEVEL. False: it was not in the queue.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keremoveentrydevicequeue
BOOLEAN NTAPI KeRemoveEntryDeviceQueue(PKDEVICE_QUEUE DeviceQueue, PKDEVICE_QUEUE_ENTRY DeviceQueueEntry) {
    KIRQL irql;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    BOOLEAN was_there;
    {
        const QueueLock lock(DeviceQueue);
        was_there = DeviceQueueEntry->Inserted;
        if (was_there) take(DeviceQueue, &DeviceQueueEntry->DeviceListEntry);
    }
    KeLowerIrql(irql);
    return was_there;
}

namespace {

void start(PDEVICE_OBJECT device, PIRP irp) {
    KIRQL irql;
    IoAcquireCancelSpinLock(&irql);
    device->CurrentIrp = irp;
    IoReleaseCancelSpinLock(irql);
    device->DriverObject->DriverStartIo(device, irp);
}

void start_next(PDEVICE_OBJECT device, BOOLEAN cancelable, PKDEVICE_QUEUE_ENTRY (*next)(PKDEVICE_QUEUE, ULONG), ULONG key) {
    KIRQL irql = DISPATCH_LEVEL;
    if (cancelable) IoAcquireCancelSpinLock(&irql);
    device->CurrentIrp = nullptr;
    PKDEVICE_QUEUE_ENTRY entry = next(&device->DeviceQueue, key);
    PIRP irp = entry ? CONTAINING_RECORD(entry, IRP, Tail.Overlay.DeviceQueueEntry) : nullptr;
    device->CurrentIrp = irp;
    if (cancelable) IoReleaseCancelSpinLock(irql);
    if (irp) device->DriverObject->DriverStartIo(device, irp);
}

PKDEVICE_QUEUE_ENTRY in_order(PKDEVICE_QUEUE queue, ULONG) { return KeRemoveDeviceQueue(queue); }
PKDEVICE_QUEUE_ENTRY by_key(PKDEVICE_QUEUE queue, ULONG key) { return KeRemoveByKeyDeviceQueue(queue, key); }

}  // namespace

/// <= DISPATCH_LEVEL. Calls StartIo, or queues the request behind the one that runs.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iostartpacket
VOID NTAPI IoStartPacket(PDEVICE_OBJECT DeviceObject, PIRP Irp, PULONG Key, PDRIVER_CANCEL CancelFunction) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoStartPacket");
    KIRQL irql, cancel_irql = DISPATCH_LEVEL;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    if (CancelFunction) {
        IoAcquireCancelSpinLock(&cancel_irql);
        IoSetCancelRoutine(Irp, CancelFunction);
    }
    KDEVICE_QUEUE_ENTRY* entry = &Irp->Tail.Overlay.DeviceQueueEntry;
    const BOOLEAN queued = Key ? KeInsertByKeyDeviceQueue(&DeviceObject->DeviceQueue, entry, *Key)
                               : KeInsertDeviceQueue(&DeviceObject->DeviceQueue, entry);
    PDRIVER_CANCEL cancel = nullptr;
    if (CancelFunction) {
        // Cancelled before its routine was set: its cancellation is ours to run, if it waits in the queue.
        if (queued && Irp->Cancel) cancel = IoSetCancelRoutine(Irp, nullptr);
        if (cancel) {
            Irp->CancelIrql = cancel_irql;
            cancel(DeviceObject, Irp);
        } else {
            IoReleaseCancelSpinLock(cancel_irql);
        }
    }
    if (!queued) start(DeviceObject, Irp);
    KeLowerIrql(irql);
}

/// DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iostartnextpacket
VOID NTAPI IoStartNextPacket(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable) {
    require_dispatch("IoStartNextPacket");
    start_next(DeviceObject, Cancelable, in_order, 0);
}

/// DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iostartnextpacketbykey
VOID NTAPI IoStartNextPacketByKey(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable, ULONG Key) {
    require_dispatch("IoStartNextPacketByKey");
    start_next(DeviceObject, Cancelable, by_key, Key);
}
