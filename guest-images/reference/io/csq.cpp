// SPDX-License-Identifier: MIT
// io/csq.cpp
//
// Cancel-safe queues: who takes a request out owns it, be it the driver or its cancellation.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/cancel-safe-irp-queues
//
// A request in a queue refers to it through Tail.Overlay.DriverContext[3]: the queue itself, or the caller's context, which
// names the queue in turn. Both begin with their type.
#include "io/iop.hpp"

namespace {

PVOID& link_of(PIRP irp) { return irp->Tail.Overlay.DriverContext[3]; }

PIO_CSQ queue_of(PVOID link) {
    if (*static_cast<PULONG>(link) != IO_TYPE_CSQ_IRP_CONTEXT) return static_cast<PIO_CSQ>(link);
    return static_cast<PIO_CSQ_IRP_CONTEXT>(link)->Csq;
}

/// The request is nobody's but the caller's from now on. By the queue's lock.
void disconnect(PIRP irp) {
    PVOID link = link_of(irp);
    link_of(irp) = nullptr;
    if (*static_cast<PULONG>(link) == IO_TYPE_CSQ_IRP_CONTEXT) static_cast<PIO_CSQ_IRP_CONTEXT>(link)->Irp = nullptr;
}

VOID NTAPI cancel_queued(PDEVICE_OBJECT, PIRP irp) {
    IoReleaseCancelSpinLock(irp->CancelIrql);
    PIO_CSQ queue = queue_of(link_of(irp));
    KIRQL irql;
    queue->CsqAcquireLock(queue, &irql);
    queue->CsqRemoveIrp(queue, irp);
    disconnect(irp);
    queue->CsqReleaseLock(queue, irql);
    queue->CsqCompleteCanceledIrp(queue, irp);
}

NTSTATUS insert(PIO_CSQ queue, PIRP irp, PVOID insert_context) {
    if (queue->Type == IO_TYPE_CSQ_EX) {
        const PVOID routine = reinterpret_cast<PVOID>(queue->CsqInsertIrp);
        return reinterpret_cast<PIO_CSQ_INSERT_IRP_EX>(routine)(queue, irp, insert_context);
    }
    queue->CsqInsertIrp(queue, irp);
    return STATUS_SUCCESS;
}

NTSTATUS insert_locked(PIO_CSQ queue, PIRP irp, PIO_CSQ_IRP_CONTEXT context, PVOID insert_context, bool* canceled) {
    if (context) {
        *context = {IO_TYPE_CSQ_IRP_CONTEXT, irp, queue};
        link_of(irp) = context;
    } else {
        link_of(irp) = queue;
    }
    const NTSTATUS status = insert(queue, irp, insert_context);
    if (!NT_SUCCESS(status)) {
        disconnect(irp);
        return status;
    }
    IoMarkIrpPending(irp);
    IoSetCancelRoutine(irp, cancel_queued);
    // Cancelled before the routine was there: whoever takes the routine back completes the request.
    if (irp->Cancel && IoSetCancelRoutine(irp, nullptr)) {
        queue->CsqRemoveIrp(queue, irp);
        disconnect(irp);
        *canceled = true;
    }
    return status;
}

NTSTATUS initialize(
    PIO_CSQ queue, ULONG type, PVOID insert, PIO_CSQ_REMOVE_IRP remove, PIO_CSQ_PEEK_NEXT_IRP peek,
    PIO_CSQ_ACQUIRE_LOCK acquire, PIO_CSQ_RELEASE_LOCK release, PIO_CSQ_COMPLETE_CANCELED_IRP complete) {
    queue->Type = type;
    queue->CsqInsertIrp = reinterpret_cast<PIO_CSQ_INSERT_IRP>(insert);
    queue->CsqRemoveIrp = remove;
    queue->CsqPeekNextIrp = peek;
    queue->CsqAcquireLock = acquire;
    queue->CsqReleaseLock = release;
    queue->CsqCompleteCanceledIrp = complete;
    queue->ReservePointer = nullptr;
    return STATUS_SUCCESS;
}

}  // namespace

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocsqinitialize
NTSTATUS NTAPI IoCsqInitialize(
    PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp, PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
    PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock, PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
    PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp) {
    return initialize(
        Csq, IO_TYPE_CSQ, reinterpret_cast<PVOID>(CsqInsertIrp), CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock,
        CsqReleaseLock, CsqCompleteCanceledIrp);
}

/// Any IRQL. The insert routine may refuse a request.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocsqinitializeex
NTSTATUS NTAPI IoCsqInitializeEx(
    PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
    PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock, PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
    PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp) {
    return initialize(
        Csq, IO_TYPE_CSQ_EX, reinterpret_cast<PVOID>(CsqInsertIrp), CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock,
        CsqReleaseLock, CsqCompleteCanceledIrp);
}

/// <= DISPATCH_LEVEL. Marks the request pending.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocsqinsertirpex
NTSTATUS NTAPI IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context, PVOID InsertContext) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoCsqInsertIrpEx");
    bool canceled = false;
    KIRQL irql;
    Csq->CsqAcquireLock(Csq, &irql);
    const NTSTATUS status = insert_locked(Csq, Irp, Context, InsertContext, &canceled);
    Csq->CsqReleaseLock(Csq, irql);
    if (canceled) Csq->CsqCompleteCanceledIrp(Csq, Irp);
    return status;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocsqinsertirp
VOID NTAPI IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context) {
    IoCsqInsertIrpEx(Csq, Irp, Context, nullptr);
}

/// <= DISPATCH_LEVEL. Null: the request was cancelled.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocsqremoveirp
PIRP NTAPI IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoCsqRemoveIrp");
    KIRQL irql;
    Csq->CsqAcquireLock(Csq, &irql);
    PIRP irp = Context->Irp;
    if (irp && IoSetCancelRoutine(irp, nullptr)) {
        Csq->CsqRemoveIrp(Csq, irp);
        disconnect(irp);
    } else {
        irp = nullptr;  // its cancellation has it
    }
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}

/// <= DISPATCH_LEVEL. Null: none is left that was not cancelled.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocsqremovenextirp
PIRP NTAPI IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoCsqRemoveNextIrp");
    KIRQL irql;
    Csq->CsqAcquireLock(Csq, &irql);
    PIRP irp = Csq->CsqPeekNextIrp(Csq, nullptr, PeekContext);
    while (irp && !IoSetCancelRoutine(irp, nullptr)) irp = Csq->CsqPeekNextIrp(Csq, irp, PeekContext);
    if (irp) {
        Csq->CsqRemoveIrp(Csq, irp);
        disconnect(irp);
    }
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}
