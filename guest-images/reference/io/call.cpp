// SPDX-License-Identifier: MIT
// io/call.cpp
//
// Requests on their way down a stack of drivers and up again.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/how-ntoskrnl-completes-irps (IoCompletion routines, pending)
#include "io/iop.hpp"

namespace {

void clear_location(PIO_STACK_LOCATION stack) {
    stack->MinorFunction = 0;
    stack->Flags = 0;
    stack->Control &= SL_ERROR_RETURNED;
    RtlZeroMemory(&stack->Parameters, sizeof stack->Parameters);
    stack->FileObject = nullptr;
}

PIO_STACK_LOCATION locations_of(PIRP irp) { return reinterpret_cast<PIO_STACK_LOCATION>(irp + 1); }

/// What a driver's routine must leave as it found it.
struct Surroundings {
    KIRQL irql = KeGetCurrentIrql();
    LONG apc_disable = -IopCriticalRegions();  // as Windows counts: negative while APCs are disabled
    bool interrupts = IopInterruptsOn();
};

void check_dispatch(PDEVICE_OBJECT device, PDRIVER_DISPATCH dispatch, const Surroundings& before) {
    const Surroundings after;
    const ULONG_PTR routine = reinterpret_cast<ULONG_PTR>(dispatch);
    if (!after.interrupts) RdBugCheckText("a dispatch routine returned with interrupts disabled", 0xC4, 0xC1, routine, 0, 0);
    if (after.irql != before.irql)
        IopViolation(IOP_DISPATCH_CHANGED_IRQL, "a dispatch routine returned at another IRQL", device, before.irql, after.irql);
    if (after.apc_disable != before.apc_disable)
        RdBugCheckText(
            "a dispatch routine has changed the APC disable count", 0xC4, 0xC5, routine,
            static_cast<ULONG_PTR>(LONG_PTR{after.apc_disable}), static_cast<ULONG_PTR>(LONG_PTR{before.apc_disable}));
}

NTSTATUS call_completion(PIO_COMPLETION_ROUTINE routine, PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    const Surroundings before;
    const NTSTATUS status = routine(device, irp, context);
    const Surroundings after;
    const ULONG_PTR address = reinterpret_cast<ULONG_PTR>(routine);
    if (after.irql != before.irql)
        RdBugCheckText("a completion routine returned at another IRQL", 0xC4, 0xFA, address, before.irql, after.irql);
    if (after.apc_disable != before.apc_disable)
        RdBugCheckText(
            "a completion routine has changed the APC disable count", 0xC4, 0xFB, address,
            static_cast<ULONG_PTR>(LONG_PTR{after.apc_disable}), static_cast<ULONG_PTR>(LONG_PTR{before.apc_disable}));
    return status;
}

bool wants_call(const IRP* irp, const IO_STACK_LOCATION* stack) {
    if (irp->Cancel && stack->Control & SL_INVOKE_ON_CANCEL) return true;
    return stack->Control & (NT_SUCCESS(irp->IoStatus.Status) ? SL_INVOKE_ON_SUCCESS : SL_INVOKE_ON_ERROR);
}

void check_completion(PIRP irp, ULONG64 caller) {
    const KIRQL irql = KeGetCurrentIrql();
    if (irql > DISPATCH_LEVEL)
        IopViolation(
            IOP_COMPLETED_TOO_HIGH, "IoCompleteRequest above DISPATCH_LEVEL", reinterpret_cast<void*>(ULONG_PTR{irql}),
            reinterpret_cast<ULONG_PTR>(irp), 0);
    if (irp->Type != IO_TYPE_IRP || irp->CurrentLocation > irp->StackCount)
        RdBugCheckText(
            "IoCompleteRequest: this IRP is complete already", 0x44, reinterpret_cast<ULONG_PTR>(irp), caller, 0, 0);
    if (irp->CurrentLocation < 1 || irp->Tail.Overlay.CurrentStackLocation != locations_of(irp) + irp->CurrentLocation - 1)
        RdBugCheckText(
            "IoCompleteRequest: the IRP's count of stack locations and its pointer to one contradict each other", 0x2A,
            reinterpret_cast<ULONG_PTR>(irp), 0, 0, 0);
    if (irp->CancelRoutine)
        IopViolation(
            IOP_COMPLETED_CANCELABLE, "IoCompleteRequest: the IRP still has a cancel routine",
            reinterpret_cast<void*>(irp->CancelRoutine), reinterpret_cast<ULONG_PTR>(irp), 0);
    if (irp->IoStatus.Status == STATUS_PENDING || irp->IoStatus.Status == -1)
        IopViolation(
            IOP_COMPLETED_AS_PENDING, "IoCompleteRequest: the IRP's status is no final one",
            reinterpret_cast<void*>(static_cast<LONG_PTR>(irp->IoStatus.Status)), reinterpret_cast<ULONG_PTR>(irp), 0);
}

/// Climbs the stack locations. False: a completion routine has kept the request.
bool climb(PIRP irp) {
    PIO_STACK_LOCATION stack = irp->Tail.Overlay.CurrentStackLocation;
    for (++irp->CurrentLocation, ++irp->Tail.Overlay.CurrentStackLocation; irp->CurrentLocation <= irp->StackCount + 1;
         ++stack, ++irp->CurrentLocation, ++irp->Tail.Overlay.CurrentStackLocation) {
        irp->PendingReturned = (stack->Control & SL_PENDING_RETURNED) != 0;
        const bool call = wants_call(irp, stack);
        const bool top = irp->CurrentLocation == irp->StackCount + 1;
        if (call) {
            const PIO_COMPLETION_ROUTINE routine = stack->CompletionRoutine;
            const PVOID context = stack->Context;
            clear_location(stack);
            const PDEVICE_OBJECT device = top ? nullptr : irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
            if (call_completion(routine, device, irp, context) == STATUS_MORE_PROCESSING_REQUIRED) return false;
        } else {
            if (irp->PendingReturned && !top) IoMarkIrpPending(irp);
            clear_location(stack);
        }
    }
    return true;
}

/// An associated request counts down its master, and the last one completes it.
void finish_associated(PIRP irp) {
    PIRP master = irp->AssociatedIrp.MasterIrp;
    const bool last = InterlockedDecrement(&master->AssociatedIrp.IrpCount) == 0;
    while (PMDL mdl = irp->MdlAddress) {
        irp->MdlAddress = mdl->Next;
        IoFreeMdl(mdl);
    }
    IoFreeIrp(irp);
    if (last) IofCompleteRequest(master, IO_NO_INCREMENT);
}

}  // namespace

/// <= DISPATCH_LEVEL (as the driver's dispatch routine may be called). No stack location left: bug check 0x35.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofcalldriver
NTSTATUS FASTCALL IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoCallDriver");
    if (!IopInterruptsOn())
        RdBugCheckText("IoCallDriver with interrupts disabled", 0xC4, 0xC0, reinterpret_cast<ULONG_PTR>(Irp), 0, 0);
    if (Irp->Type != IO_TYPE_IRP) IopViolation(IOP_CALL_WITH_NO_IRP, "IoCallDriver: this is no IRP", Irp, 0, 0);
    if (!DeviceObject || DeviceObject->Type != IO_TYPE_DEVICE)
        IopViolation(IOP_CALL_OF_NO_DEVICE, "IoCallDriver: this is no device object", DeviceObject, 0, 0);
    if (--Irp->CurrentLocation <= 0)
        RdBugCheckText(
            "IoCallDriver: the IRP has no stack location left", 0x35, reinterpret_cast<ULONG_PTR>(Irp),
            reinterpret_cast<ULONG_PTR>(DeviceObject), IOP_CALLER, 0);
    PIO_STACK_LOCATION stack = --Irp->Tail.Overlay.CurrentStackLocation;
    stack->DeviceObject = DeviceObject;
    if (stack->MajorFunction > IRP_MJ_MAXIMUM_FUNCTION)
        IopViolation(IOP_CALL_WITH_NO_IRP, "IoCallDriver: no such major function", Irp, stack->MajorFunction, IOP_CALLER);
    Irp->ApcEnvironment |= IOP_IRP_SENT;
    const PDRIVER_DISPATCH dispatch = DeviceObject->DriverObject->MajorFunction[stack->MajorFunction];
    if (!dispatch) {
        Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
        Irp->IoStatus.Information = 0;
        IofCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    const Surroundings before;
    const NTSTATUS status = dispatch(DeviceObject, Irp);
    check_dispatch(DeviceObject, dispatch, before);
    return status;
}

/// <= DISPATCH_LEVEL. Twice for one request: bug check 0x44; as pending or with a cancel routine set: 0xC9.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofcompleterequest
VOID FASTCALL IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost) {
    check_completion(Irp, IOP_CALLER);
    Irp->ApcEnvironment &= ~IOP_IRP_SENT;
    if (!climb(Irp)) return;
    if (Irp->Flags & IRP_ASSOCIATED_IRP)
        finish_associated(Irp);
    else if (Irp->ApcEnvironment & (IOP_IRP_THREADED | IOP_IRP_ASYNCHRONOUS))
        IopFinishIrp(Irp);
    else
        IopViolation(
            IOP_NOBODY_STOPPED, "IoCompleteRequest: no completion routine has taken back this driver's own IRP", Irp,
            IOP_CALLER, 0);
}
