// SPDX-License-Identifier: MIT
// io/power.cpp
//
// Power requests. The guest is always in S0 and never sleeps, so what remains is passing IRP_MJ_POWER along and telling
// drivers of devices which state they are in.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/handling-irp-mj-power
#include "io/iop.hpp"

namespace {

struct PowerRequest {
    PDEVICE_OBJECT device;  ///< The one the driver named, referenced.
    UCHAR minor;
    POWER_STATE state;
    PREQUEST_POWER_COMPLETE completion;
    PVOID context;
};

constexpr ULONG kTag = 'wPoI';

NTSTATUS NTAPI power_completed(PDEVICE_OBJECT, PIRP irp, PVOID context) {
    const PowerRequest request = *static_cast<PowerRequest*>(context);
    ExFreePoolWithTag(context, kTag);
    IO_STATUS_BLOCK result = irp->IoStatus;
    if (request.completion) request.completion(request.device, request.minor, request.state, request.context, &result);
    IoFreeIrp(irp);
    ObfDereferenceObject(request.device);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

}  // namespace

/// <= DISPATCH_LEVEL. Since Windows Vista the same as IoCallDriver, and here too: requests are not serialised.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-pocalldriver
NTSTATUS NTAPI PoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp) { return IofCallDriver(DeviceObject, Irp); }

/// <= DISPATCH_LEVEL. There is no queue of power requests that would have to be told to go on.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-postartnextpowerirp
VOID NTAPI PoStartNextPowerIrp(PIRP Irp) { KiRequireIrqlAtMost(DISPATCH_LEVEL, "PoStartNextPowerIrp"); }

/// <= DISPATCH_LEVEL. Returns the state told before.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-posetpowerstate
POWER_STATE NTAPI PoSetPowerState(PDEVICE_OBJECT DeviceObject, POWER_STATE_TYPE Type, POWER_STATE State) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "PoSetPowerState");
    const IopLockGuard lock;
    IOP_DEVICE* hidden = IopDeviceOf(DeviceObject);
    POWER_STATE& kept = Type == SystemPowerState ? hidden->SystemPower : hidden->DevicePower;
    const POWER_STATE before = kept;
    kept = State;
    return before;
}

/// <= DISPATCH_LEVEL. Sends IRP_MJ_POWER to the top of the device's stack. STATUS_PENDING, or why it was not sent.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-porequestpowerirp
NTSTATUS NTAPI PoRequestPowerIrp(
    PDEVICE_OBJECT DeviceObject, UCHAR MinorFunction, POWER_STATE PowerState, PREQUEST_POWER_COMPLETE CompletionFunction,
    PVOID Context, PIRP* Irp) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "PoRequestPowerIrp");
    if (MinorFunction != IRP_MN_SET_POWER && MinorFunction != IRP_MN_QUERY_POWER && MinorFunction != IRP_MN_WAIT_WAKE)
        return STATUS_INVALID_PARAMETER_2;
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(DeviceObject);
    auto* request = static_cast<PowerRequest*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(PowerRequest), kTag));
    PIRP irp = request ? IoAllocateIrp(top->StackSize, FALSE) : nullptr;
    if (!irp) {
        if (request) ExFreePoolWithTag(request, kTag);
        ObfDereferenceObject(top);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *request = {DeviceObject, MinorFunction, PowerState, CompletionFunction, Context};
    ObfReferenceObject(DeviceObject);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = IRP_MJ_POWER;
    stack->MinorFunction = MinorFunction;
    if (MinorFunction == IRP_MN_WAIT_WAKE) {
        stack->Parameters.WaitWake.PowerState = PowerState.SystemState;
    } else {
        stack->Parameters.Power.Type = DevicePowerState;
        stack->Parameters.Power.State = PowerState;
    }
    IoSetCompletionRoutine(irp, power_completed, request, TRUE, TRUE, TRUE);
    if (Irp) *Irp = irp;
    IoCallDriver(top, irp);
    ObfDereferenceObject(top);
    return STATUS_PENDING;
}
