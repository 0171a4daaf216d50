// SPDX-License-Identifier: MIT
// io/work_item.cpp
//
// Work items of devices. While one is queued or runs, its device is referenced and its driver's image stays; a driver whose
// Unload returns with one outstanding is told of in the trace (unload.cpp).
#include "io/iop.hpp"

struct _IO_WORKITEM {
    WORK_QUEUE_ITEM Item;
    PVOID IoObject;  ///< A device or a driver object.
    PIO_WORKITEM_ROUTINE Routine;
    PIO_WORKITEM_ROUTINE_EX RoutineEx;
    PVOID Context;
    volatile LONG Queued;
};

namespace {

constexpr ULONG kTag = 'tkwI';

IOP_DRIVER* driver_of(PVOID io_object) {
    if (*static_cast<CSHORT*>(io_object) == IO_TYPE_DRIVER) return IopDriverOf(static_cast<PDRIVER_OBJECT>(io_object));
    return IopDriverOf(static_cast<PDEVICE_OBJECT>(io_object)->DriverObject);
}

VOID NTAPI run(PVOID parameter) {
    auto* item = static_cast<PIO_WORKITEM>(parameter);
    const _IO_WORKITEM copy = {item->Item, item->IoObject, item->Routine, item->RoutineEx, item->Context, 0};
    InterlockedExchange(&item->Queued, 0);  // the routine may queue or free it
    if (copy.RoutineEx)
        copy.RoutineEx(copy.IoObject, copy.Context, item);
    else
        copy.Routine(static_cast<PDEVICE_OBJECT>(copy.IoObject), copy.Context);
    InterlockedDecrement(&driver_of(copy.IoObject)->WorkItems);
    ObfDereferenceObject(copy.IoObject);
}

void queue(PIO_WORKITEM item, WORK_QUEUE_TYPE type) {
    if (InterlockedExchange(&item->Queued, 1))
        RdBugCheckText(
            "IoQueueWorkItem: this item is queued already", 0x96, reinterpret_cast<ULONG_PTR>(&item->Item),
            reinterpret_cast<ULONG_PTR>(item->IoObject), 0, reinterpret_cast<ULONG_PTR>(item->Routine));
    ObfReferenceObject(item->IoObject);
    InterlockedIncrement(&driver_of(item->IoObject)->WorkItems);
    ExInitializeWorkItem(&item->Item, run, item);
    ExQueueWorkItem(&item->Item, type);
}

}  // namespace

/// <= DISPATCH_LEVEL. Null: out of memory.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocateworkitem
PIO_WORKITEM NTAPI IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoAllocateWorkItem");
    auto* item = static_cast<PIO_WORKITEM>(MiAllocatePool(NonPagedPool, sizeof(_IO_WORKITEM), kTag, IOP_CALLER));
    if (item) IoInitializeWorkItem(DeviceObject, item);
    return item;
}

/// <= DISPATCH_LEVEL. An item that is queued: bug check 0xC9.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofreeworkitem
VOID NTAPI IoFreeWorkItem(PIO_WORKITEM IoWorkItem) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoFreeWorkItem");
    IoUninitializeWorkItem(IoWorkItem);
    ExFreePoolWithTag(IoWorkItem, kTag);
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iosizeofworkitem
ULONG NTAPI IoSizeofWorkItem(VOID) { return sizeof(_IO_WORKITEM); }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioinitializeworkitem
VOID NTAPI IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem) {
    RtlZeroMemory(IoWorkItem, sizeof *IoWorkItem);
    IoWorkItem->IoObject = IoObject;
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iouninitializeworkitem
VOID NTAPI IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem) {
    if (IoWorkItem->Queued)
        IopViolation(IOP_FREE_OF_BUSY_IRP, "IoFreeWorkItem: this item is queued", IoWorkItem, IOP_CALLER, 0);
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioqueueworkitem
VOID NTAPI IoQueueWorkItem(
    PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoQueueWorkItem");
    IoWorkItem->Routine = WorkerRoutine;
    IoWorkItem->RoutineEx = nullptr;
    IoWorkItem->Context = Context;
    queue(IoWorkItem, QueueType);
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioqueueworkitemex
VOID NTAPI IoQueueWorkItemEx(
    PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoQueueWorkItemEx");
    IoWorkItem->Routine = nullptr;
    IoWorkItem->RoutineEx = WorkerRoutine;
    IoWorkItem->Context = Context;
    queue(IoWorkItem, QueueType);
}
