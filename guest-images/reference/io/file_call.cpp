// SPDX-License-Identifier: MIT
// io/file_call.cpp
//
// What all Zw functions on a file handle share: taking handles apart, the lock of synchronous files, sending and waiting.
#include "io/iop.hpp"

/// Busy counts owner and waiters; whoever makes it 1 has the file, and an owner that leaves waiters wakes one.
VOID IopLockFile(PFILE_OBJECT file) {
    if (InterlockedIncrement(reinterpret_cast<volatile LONG*>(&file->Busy)) == 1) return;
    KeWaitForSingleObject(&file->Lock, Executive, KernelMode, FALSE, nullptr);
}

VOID IopUnlockFile(PFILE_OBJECT file) {
    if (InterlockedDecrement(reinterpret_cast<volatile LONG*>(&file->Busy)) != 0)
        KeSetEvent(&file->Lock, IO_NO_INCREMENT, FALSE);
}

NTSTATUS IopBeginFileCall(
    HANDLE file, ACCESS_MASK access, HANDLE event, PIO_APC_ROUTINE apc, PIO_STATUS_BLOCK status_block,
    IOP_FILE_CALL* call) {
    *call = {};
    if (apc) {
        RdPutString("io: an APC routine was given to a file function; this guest has no APCs\n");
        return STATUS_NOT_SUPPORTED;
    }
    ob::Reference<FILE_OBJECT> object;
    ob::Reference<KEVENT> signal;
    NTSTATUS status = ObReferenceObjectByHandle(file, access, IopFileType, KernelMode, object.receive(), nullptr);
    if (NT_SUCCESS(status) && event)
        status = ObReferenceObjectByHandle(
            event, EVENT_MODIFY_STATE, *ExEventObjectType, KernelMode, signal.receive(), nullptr);
    if (!NT_SUCCESS(status)) return status;
    call->File = object.release();
    call->Event = signal.release();
    call->StatusBlock = status_block;
    call->Synchronous = (call->File->Flags & FO_SYNCHRONOUS_IO) != 0;
    if (call->Synchronous) IopLockFile(call->File);
    call->Device = IoGetRelatedDeviceObject(call->File);
    if (call->Event) KeClearEvent(call->Event);
    KeClearEvent(&call->File->Event);
    return STATUS_SUCCESS;
}

namespace {

void end_call(IOP_FILE_CALL* call) {
    if (call->Synchronous) IopUnlockFile(call->File);
    ObfDereferenceObject(call->File);
}

}  // namespace

NTSTATUS IopAbandonFileCall(IOP_FILE_CALL* call, NTSTATUS status) {
    if (call->Event) ObfDereferenceObject(call->Event);
    end_call(call);
    return status;
}

NTSTATUS IopSendFileCall(IOP_FILE_CALL* call, PIRP irp, bool wait) {
    PFILE_OBJECT file = call->File;
    irp->RequestorMode = KernelMode;
    irp->UserIosb = call->StatusBlock;
    irp->UserEvent = call->Event;
    irp->Tail.Overlay.OriginalFileObject = file;
    if (call->Synchronous) irp->Flags |= IRP_SYNCHRONOUS_API;
    IopTrailerOf(irp)->EventReferenced = call->Event != nullptr;
    IopTrailerOf(irp)->File = file;
    ObfReferenceObject(file);
    IoGetNextIrpStackLocation(irp)->FileObject = file;
    KIRQL irql;
    KeAcquireSpinLock(&file->IrpListLock, &irql);
    InsertTailList(&file->IrpList, &irp->ThreadListEntry);
    KeReleaseSpinLock(&file->IrpListLock, irql);
    // On an asynchronous file other requests signal the file too: whoever waits nevertheless needs an event of its own.
    const bool own_event = wait && !call->Synchronous;
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    if (own_event) irp->UserEvent = &done;
    NTSTATUS status = IoCallDriver(call->Device, irp);
    if (status == STATUS_PENDING && own_event) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
        status = call->StatusBlock->Status;
    } else if (status == STATUS_PENDING && call->Synchronous) {
        KeWaitForSingleObject(&file->Event, Executive, KernelMode, FALSE, nullptr);
        status = file->FinalStatus;
    }
    end_call(call);
    return status;
}

/// PASSIVE_LEVEL. Cancels this file's requests that are on their way.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntcancelsynchronousiofile (NtCancelIoFile)
extern "C" NTSTATUS NTAPI ZwCancelIoFile(HANDLE file, PIO_STATUS_BLOCK status_block) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwCancelIoFile");
    ob::Reference<FILE_OBJECT> object;
    const NTSTATUS status = ObReferenceObjectByHandle(file, 0, IopFileType, KernelMode, object.receive(), nullptr);
    if (!NT_SUCCESS(status)) return status;
    // While the list's lock is held no request on it can be freed. Whoever has taken a request's cancel routine owns its
    // completion, so the routine is called after that lock has been released.
    for (;;) {
        PIRP found = nullptr;
        KIRQL irql, list_irql;
        IoAcquireCancelSpinLock(&irql);
        KeAcquireSpinLock(&object->IrpListLock, &list_irql);
        for (PLIST_ENTRY at = object->IrpList.Flink; at != &object->IrpList && !found; at = at->Flink) {
            PIRP irp = CONTAINING_RECORD(at, IRP, ThreadListEntry);
            if (!irp->Cancel) found = irp;
        }
        PDRIVER_CANCEL routine = nullptr;
        if (found) {
            found->Cancel = TRUE;
            routine = IoSetCancelRoutine(found, nullptr);
            found->CancelIrql = irql;
        }
        KeReleaseSpinLock(&object->IrpListLock, list_irql);
        if (routine)
            routine(IoGetCurrentIrpStackLocation(found)->DeviceObject, found);  // releases the cancel spin lock
        else
            IoReleaseCancelSpinLock(irql);
        if (!found) break;
    }
    // As on Windows, the call returns when the cancelled requests have come back.
    for (;;) {
        KIRQL irql;
        KeAcquireSpinLock(&object->IrpListLock, &irql);
        const bool empty = IsListEmpty(&object->IrpList);
        KeReleaseSpinLock(&object->IrpListLock, irql);
        if (empty) break;
        LARGE_INTEGER pause;
        pause.QuadPart = -10 * 1000;
        KeDelayExecutionThread(KernelMode, FALSE, &pause);
    }
    *status_block = {};
    return STATUS_SUCCESS;
}
