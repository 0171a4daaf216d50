// SPDX-License-Identifier: MIT
// io/finish.cpp
//
// The last stage of a request that the I/O manager made: its result reaches the issuer's buffer, status block and event.
// Windows does this in an APC of the issuing thread; here every thread is a system thread and no memory is pageable, so
// the thread that completes the request does it.
#include "io/iop.hpp"

namespace {

constexpr ULONG kTag = 'fuBI';

void return_data(PIRP irp, const IOP_IRP_TRAILER* trailer) {
    constexpr ULONG buffered_input = IRP_BUFFERED_IO | IRP_INPUT_OPERATION;
    if ((irp->Flags & buffered_input) != buffered_input || NT_ERROR(irp->IoStatus.Status)) return;
    const ULONG_PTR bytes = irp->IoStatus.Information;
    if (bytes > trailer->OutputLength)
        IopViolation(
            IOP_TOO_MANY_BYTES, "a driver completed a buffered request with more bytes than the caller has room for",
            irp, bytes, trailer->OutputLength);
    if (bytes) RtlCopyMemory(irp->UserBuffer, irp->AssociatedIrp.SystemBuffer, bytes);
}

void free_carried(PIRP irp) {
    if (irp->Flags & IRP_DEALLOCATE_BUFFER) ExFreePool(irp->AssociatedIrp.SystemBuffer);
    irp->Flags &= ~IRP_DEALLOCATE_BUFFER;
    while (PMDL mdl = irp->MdlAddress) {
        irp->MdlAddress = mdl->Next;
        if (mdl->MdlFlags & MDL_PAGES_LOCKED) MmUnlockPages(mdl);
        IoFreeMdl(mdl);
    }
}

void unlink_from_file(PIRP irp, PFILE_OBJECT file) {
    KIRQL irql;
    KeAcquireSpinLock(&file->IrpListLock, &irql);
    RemoveEntryList(&irp->ThreadListEntry);
    InitializeListHead(&irp->ThreadListEntry);
    KeReleaseSpinLock(&file->IrpListLock, irql);
}

/// An error told by the return value of the call alone touches neither status block nor event.
bool told_by_return(const IRP* irp) { return NT_ERROR(irp->IoStatus.Status) && !irp->PendingReturned; }

}  // namespace

VOID IopFinishIrp(PIRP irp) {
    if (irp->ApcEnvironment & IOP_IRP_ASYNCHRONOUS) {
        free_carried(irp);
        IoFreeIrp(irp);
        return;
    }
    const IOP_IRP_TRAILER trailer = *IopTrailerOf(irp);
    return_data(irp, &trailer);
    free_carried(irp);
    PKEVENT event = irp->UserEvent;
    const IO_STATUS_BLOCK result = irp->IoStatus;
    const bool quiet = told_by_return(irp);
    if (irp->UserIosb && !quiet) *irp->UserIosb = result;
    if (trailer.File) unlink_from_file(irp, trailer.File);
    IoFreeIrp(irp);
    if (trailer.File) {
        trailer.File->FinalStatus = result.Status;
        KeSetEvent(&trailer.File->Event, IO_NO_INCREMENT, FALSE);
    }
    if (event && !quiet) KeSetEvent(event, IO_NO_INCREMENT, FALSE);
    if (event && trailer.EventReferenced) ObfDereferenceObject(event);
    if (trailer.File) ObfDereferenceObject(trailer.File);
}

VOID IopDiscardIrp(PIRP irp) {
    free_carried(irp);
    IoFreeIrp(irp);
}

namespace {

/// Copies the input into a system buffer big enough for the output too.
bool attach_buffered(PIRP irp, PVOID input, ULONG input_bytes, PVOID output, ULONG output_bytes) {
    const ULONG bytes = input_bytes > output_bytes ? input_bytes : output_bytes;
    IopTrailerOf(irp)->OutputLength = output_bytes;
    irp->UserBuffer = output;
    if (!bytes) return true;
    irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPool, bytes, kTag);
    if (!irp->AssociatedIrp.SystemBuffer) return false;
    if (input_bytes) RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, input, input_bytes);
    irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | (output_bytes ? IRP_INPUT_OPERATION : 0);
    return true;
}

bool attach_mdl(PIRP irp, PVOID buffer, ULONG bytes, LOCK_OPERATION operation) {
    if (!bytes) return true;
    PMDL mdl = IoAllocateMdl(buffer, bytes, FALSE, FALSE, irp);
    if (!mdl) return false;
    MmProbeAndLockPages(mdl, KernelMode, operation);
    return true;
}

}  // namespace

bool IopAttachControlBuffers(
    PIRP irp, ULONG code, PVOID input, ULONG input_bytes, PVOID output, ULONG output_bytes) {
    switch (METHOD_FROM_CTL_CODE(code)) {
    case METHOD_BUFFERED: return attach_buffered(irp, input, input_bytes, output, output_bytes);
    case METHOD_IN_DIRECT:
    case METHOD_OUT_DIRECT:
        if (!attach_buffered(irp, input, input_bytes, nullptr, 0)) return false;
        irp->UserBuffer = output;
        return attach_mdl(
            irp, output, output_bytes,
            METHOD_FROM_CTL_CODE(code) == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess);
    default:
        irp->UserBuffer = output;
        IoGetNextIrpStackLocation(irp)->Parameters.DeviceIoControl.Type3InputBuffer = input;
        return true;
    }
}

bool IopAttachTransferBuffer(PIRP irp, PDEVICE_OBJECT device, UCHAR major, PVOID buffer, ULONG bytes) {
    const bool write = major == IRP_MJ_WRITE;
    irp->Flags |= write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION;
    if (device->Flags & DO_BUFFERED_IO)
        return write ? attach_buffered(irp, buffer, bytes, nullptr, 0) : attach_buffered(irp, nullptr, 0, buffer, bytes);
    if (device->Flags & DO_DIRECT_IO) return attach_mdl(irp, buffer, bytes, write ? IoReadAccess : IoWriteAccess);
    irp->UserBuffer = buffer;
    return true;
}
