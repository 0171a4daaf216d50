// SPDX-License-Identifier: MIT
// selftest/provoke_irps.cpp
//
// Crimes with requests and devices.
#include "selftest/provoke.hpp"

namespace {

PDEVICE_OBJECT device;
PIRP request;

void raise(KIRQL irql) {
    KIRQL before;
    KeRaiseIrql(irql, &before);
}

NTSTATUS complete(PIRP irp, NTSTATUS status = STATUS_SUCCESS) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS NTAPI keep(PDEVICE_OBJECT, PIRP irp, PVOID) { return STATUS_MORE_PROCESSING_REQUIRED; }

/// A device whose IRP_MJ_DEVICE_CONTROL is `dispatch`.
PDEVICE_OBJECT make_device(PDRIVER_DISPATCH dispatch) {
    IoCreateDevice(provoke::driver(), 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    provoke::driver()->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return device;
}

/// A request of the driver's own for it, whose completion routine takes it back.
PIRP make_request(CCHAR locations = 1) {
    request = IoAllocateIrp(locations, FALSE);
    IoGetNextIrpStackLocation(request)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    IoSetCompletionRoutine(request, keep, nullptr, TRUE, TRUE, TRUE);
    return request;
}

/// `inside`: the crime is noticed while the dispatch routine runs, not after it.
void send(PDRIVER_DISPATCH dispatch, bool inside) {
    make_device(dispatch);
    if (inside) provoke::guilty(dispatch);
    make_request();
    provoke::value(1, device);
    provoke::value(2, request);
    provoke::value(3, reinterpret_cast<ULONG64>(dispatch));
    IoCallDriver(device, request);
}

NTSTATUS NTAPI complete_well(PDEVICE_OBJECT, PIRP irp) { return complete(irp); }
NTSTATUS NTAPI complete_twice(PDEVICE_OBJECT, PIRP irp) {
    complete(irp);
    return complete(irp);
}
NTSTATUS NTAPI complete_as_pending(PDEVICE_OBJECT, PIRP irp) { return complete(irp, STATUS_PENDING); }
VOID NTAPI on_cancel(PDEVICE_OBJECT, PIRP) {}
NTSTATUS NTAPI complete_cancelable(PDEVICE_OBJECT, PIRP irp) {
    IoSetCancelRoutine(irp, on_cancel);
    provoke::value(4, reinterpret_cast<ULONG64>(&on_cancel));
    return complete(irp);
}
NTSTATUS NTAPI complete_raised(PDEVICE_OBJECT, PIRP irp) {
    raise(5);
    return complete(irp);
}
NTSTATUS NTAPI complete_inconsistent(PDEVICE_OBJECT, PIRP irp) {
    ++irp->Tail.Overlay.CurrentStackLocation;
    return complete(irp);
}
NTSTATUS NTAPI return_raised(PDEVICE_OBJECT, PIRP irp) {
    complete(irp);
    raise(DISPATCH_LEVEL);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI return_in_region(PDEVICE_OBJECT, PIRP irp) {
    complete(irp);
    KeEnterCriticalRegion();
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI return_with_interrupts_off(PDEVICE_OBJECT, PIRP irp) {
    complete(irp);
    asm volatile("cli");
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI completion_raises(PDEVICE_OBJECT, PIRP, PVOID) {
    raise(DISPATCH_LEVEL);
    return STATUS_MORE_PROCESSING_REQUIRED;
}
NTSTATUS NTAPI completion_enters_region(PDEVICE_OBJECT, PIRP, PVOID) {
    KeEnterCriticalRegion();
    return STATUS_MORE_PROCESSING_REQUIRED;
}

void send_with_completion(PIO_COMPLETION_ROUTINE routine) {
    make_device(complete_well);
    provoke::value(1, reinterpret_cast<ULONG64>(routine));
    make_request();
    IoSetCompletionRoutine(request, routine, nullptr, TRUE, TRUE, TRUE);
    IoCallDriver(device, request);
}

VOID NTAPI on_tick(PDEVICE_OBJECT, PVOID) {}

}  // namespace

extern "C" VOID provoke_irp_completed_twice() { send(complete_twice, true); }
extern "C" VOID provoke_irp_completed_as_pending() { send(complete_as_pending, true); }
extern "C" VOID provoke_irp_completed_with_cancel_routine() { send(complete_cancelable, true); }
extern "C" VOID provoke_irp_completed_above_dispatch() { send(complete_raised, true); }
extern "C" VOID provoke_irp_inconsistent() { send(complete_inconsistent, true); }
extern "C" VOID provoke_dispatch_returns_raised() { send(return_raised, false); }
extern "C" VOID provoke_dispatch_changes_apc_count() { send(return_in_region, false); }
extern "C" VOID provoke_dispatch_returns_with_interrupts_off() { send(return_with_interrupts_off, false); }
extern "C" VOID provoke_completion_returns_raised() { send_with_completion(completion_raises); }
extern "C" VOID provoke_completion_changes_apc_count() { send_with_completion(completion_enters_region); }

extern "C" VOID provoke_irp_without_stack_locations() {
    make_device(complete_well);
    make_request();
    provoke::value(1, request);
    IoCallDriver(device, request);
    request->CurrentLocation = 1;
    IoCallDriver(device, request);
}

extern "C" VOID provoke_irp_sent_above_dispatch() {
    make_device(complete_well);
    make_request();
    raise(5);
    IoCallDriver(device, request);
}

extern "C" VOID provoke_irp_sent_with_interrupts_off() {
    make_device(complete_well);
    make_request();
    provoke::value(1, request);
    asm volatile("cli");
    IoCallDriver(device, request);
}

extern "C" VOID provoke_no_irp_sent() {
    static ULONG64 memory[64];
    provoke::value(1, memory);
    IoCallDriver(make_device(complete_well), reinterpret_cast<PIRP>(memory));
}

extern "C" VOID provoke_irp_sent_to_no_device() {
    static ULONG64 memory[64];
    provoke::value(1, memory);
    IoCallDriver(reinterpret_cast<PDEVICE_OBJECT>(memory), make_request());
}

extern "C" VOID provoke_no_irp_freed() {
    static ULONG64 memory[64];
    provoke::value(1, memory);
    IoFreeIrp(reinterpret_cast<PIRP>(memory));
}

NTSTATUS NTAPI hold(PDEVICE_OBJECT, PIRP irp) {
    IoMarkIrpPending(irp);
    return STATUS_PENDING;
}
extern "C" VOID provoke_irp_freed_while_sent() {
    make_device(hold);
    make_request();
    provoke::value(1, request);
    IoCallDriver(device, request);
    IoFreeIrp(request);
}

extern "C" VOID provoke_irp_freed_as_pool() {
    make_request();
    provoke::value(1, request);
    ExFreePool(request);
}

extern "C" VOID provoke_own_irp_never_taken_back() {
    make_device(complete_well);
    request = IoAllocateIrp(1, FALSE);
    IoGetNextIrpStackLocation(request)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    provoke::guilty(complete_well);
    IoCallDriver(device, request);
}

extern "C" VOID provoke_device_timer_initialised_twice() {
    make_device(complete_well);
    provoke::value(1, device);
    IoInitializeTimer(device, on_tick, nullptr);
    IoInitializeTimer(device, on_tick, nullptr);
}

extern "C" VOID provoke_device_deleted_twice() {
    make_device(complete_well);
    ObReferenceObject(device);
    provoke::value(1, device);
    IoDeleteDevice(device);
    IoDeleteDevice(device);
}

extern "C" VOID provoke_remove_lock_released_too_often() {
    static IO_REMOVE_LOCK lock;
    IoInitializeRemoveLock(&lock, provoke::kTag, 0, 0);
    provoke::value(1, &lock);
    IoReleaseRemoveLock(&lock, &lock);
}

VOID NTAPI on_io_work(PDEVICE_OBJECT, PVOID) {}
extern "C" VOID provoke_io_work_item_freed_while_queued() {
    make_device(complete_well);
    PIO_WORKITEM item = IoAllocateWorkItem(device);
    provoke::value(1, item);
    provoke::keep_workers_busy();
    IoQueueWorkItem(item, on_io_work, DelayedWorkQueue, nullptr);
    IoFreeWorkItem(item);
}

VOID NTAPI cancel_without_release(PDEVICE_OBJECT, PIRP) {}
extern "C" VOID provoke_cancel_routine_keeps_the_lock() {
    make_device(hold);
    make_request();
    IoCallDriver(device, request);
    provoke::value(1, reinterpret_cast<ULONG64>(&cancel_without_release));
    IoSetCancelRoutine(request, cancel_without_release);
    IoCancelIrp(request);
}

extern "C" VOID provoke_completed_irp_cancelled() {
    make_device(complete_well);
    make_request();
    IoCallDriver(device, request);
    provoke::value(1, request);
    provoke::value(2, reinterpret_cast<ULONG64>(&on_cancel));
    request->CurrentLocation = static_cast<CHAR>(request->StackCount + 2);  // as completion leaves it when nobody takes it back
    IoSetCancelRoutine(request, on_cancel);
    IoCancelIrp(request);
}

extern "C" VOID provoke_io_work_item_queued_twice() {
    make_device(complete_well);
    PIO_WORKITEM item = IoAllocateWorkItem(device);
    provoke::value(1, device);
    provoke::keep_workers_busy();
    IoQueueWorkItem(item, on_io_work, DelayedWorkQueue, nullptr);
    IoQueueWorkItem(item, on_io_work, DelayedWorkQueue, nullptr);
}

extern "C" VOID provoke_detach_from_nothing() {
    make_device(complete_well);
    provoke::value(1, device);
    IoDetachDevice(device);
}

extern "C" VOID provoke_driver_entry_returns_raised() {
    provoke::value(1, provoke::driver());
    raise(DISPATCH_LEVEL);
}
