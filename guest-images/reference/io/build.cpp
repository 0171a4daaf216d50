// SPDX-License-Identifier: MIT
// io/build.cpp
//
// Requests that drivers have the I/O manager build for them.
#include "io/iop.hpp"

namespace {

/// The parts of IRP_MJ_READ, WRITE, FLUSH_BUFFERS, SHUTDOWN, PNP and POWER. Null: out of memory.
PIRP build_fsd(
    PIRP irp, ULONG major, PDEVICE_OBJECT device, PVOID buffer, ULONG length, PLARGE_INTEGER offset,
    PIO_STATUS_BLOCK status_block) {
    irp->UserIosb = status_block;
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = static_cast<UCHAR>(major);
    if (major != IRP_MJ_READ && major != IRP_MJ_WRITE) return irp;
    stack->Parameters.Read.Length = length;  // the same place in Write
    if (offset) stack->Parameters.Read.ByteOffset = *offset;
    if (IopAttachTransferBuffer(irp, device, static_cast<UCHAR>(major), buffer, length)) return irp;
    IopDiscardIrp(irp);
    return nullptr;
}

}  // namespace

/// PASSIVE_LEVEL. The I/O manager frees it; wait for the event if IoCallDriver returns STATUS_PENDING.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iobuilddeviceiocontrolrequest
PIRP NTAPI IoBuildDeviceIoControlRequest(
    ULONG IoControlCode, PDEVICE_OBJECT DeviceObject, PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer,
    ULONG OutputBufferLength, BOOLEAN InternalDeviceIoControl, PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock) {
    KiRequireIrqlAtMost(APC_LEVEL, "IoBuildDeviceIoControlRequest");
    PIRP irp = IopAllocateThreadedIrp(DeviceObject->StackSize, IOP_CALLER);
    if (!irp) return nullptr;
    irp->UserEvent = Event;
    irp->UserIosb = IoStatusBlock;
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = InternalDeviceIoControl ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL;
    stack->Parameters.DeviceIoControl.IoControlCode = IoControlCode;
    stack->Parameters.DeviceIoControl.InputBufferLength = InputBufferLength;
    stack->Parameters.DeviceIoControl.OutputBufferLength = OutputBufferLength;
    if (IopAttachControlBuffers(irp, IoControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength))
        return irp;
    IopDiscardIrp(irp);
    return nullptr;
}

/// PASSIVE_LEVEL. As above.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iobuildsynchronousfsdrequest
PIRP NTAPI IoBuildSynchronousFsdRequest(
    ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer, ULONG Length, PLARGE_INTEGER StartingOffset,
    PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock) {
    KiRequireIrqlAtMost(APC_LEVEL, "IoBuildSynchronousFsdRequest");
    PIRP irp = IopAllocateThreadedIrp(DeviceObject->StackSize, IOP_CALLER);
    if (!irp) return nullptr;
    irp->UserEvent = Event;
    return build_fsd(irp, MajorFunction, DeviceObject, Buffer, Length, StartingOffset, IoStatusBlock);
}

/// <= DISPATCH_LEVEL. The driver's completion routine frees it, and its MDL or buffer.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iobuildasynchronousfsdrequest
PIRP NTAPI IoBuildAsynchronousFsdRequest(
    ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer, ULONG Length, PLARGE_INTEGER StartingOffset,
    PIO_STATUS_BLOCK IoStatusBlock) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoBuildAsynchronousFsdRequest");
    // The trailer is used while the buffers are attached; the rest of the request is the driver's.
    PIRP irp = IopAllocateThreadedIrp(DeviceObject->StackSize, IOP_CALLER);
    if (!irp) return nullptr;
    irp->ApcEnvironment = IOP_IRP_ALLOCATED | IOP_IRP_ASYNCHRONOUS;
    return build_fsd(irp, MajorFunction, DeviceObject, Buffer, Length, StartingOffset, IoStatusBlock);
}

namespace {

NTSTATUS NTAPI signal_forwarded(PDEVICE_OBJECT, PIRP irp, PVOID event) {
    if (irp->PendingReturned) KeSetEvent(static_cast<PKEVENT>(event), IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

}  // namespace

/// PASSIVE_LEVEL. Sends a request to the next driver and waits until it comes back. False: no stack location is left.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioforwardirpsynchronously
BOOLEAN NTAPI IoForwardIrpSynchronously(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoForwardIrpSynchronously");
    if (Irp->CurrentLocation <= 1) return FALSE;
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, signal_forwarded, &event, TRUE, TRUE, TRUE);
    if (IoCallDriver(DeviceObject, Irp) == STATUS_PENDING)
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr);
    return TRUE;
}
