// SPDX-License-Identifier: MIT
// io/cancel.cpp
//
// Cancellation. https://learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-cancel-routines
#include "io/iop.hpp"

namespace {

KSPIN_LOCK cancel_lock;

}  // namespace

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioacquirecancelspinlock
VOID NTAPI IoAcquireCancelSpinLock(PKIRQL Irql) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoAcquireCancelSpinLock");
    KeAcquireSpinLock(&cancel_lock, Irql);
}

/// DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioreleasecancelspinlock
VOID NTAPI IoReleaseCancelSpinLock(KIRQL Irql) {
    KiRequireIrqlExactly(DISPATCH_LEVEL, "IoReleaseCancelSpinLock");
    KeReleaseSpinLock(&cancel_lock, Irql);
}

/// <= DISPATCH_LEVEL. True: the request had a cancel routine, which has been called. A completed request with one: bug
/// check 0x48. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocancelirp
BOOLEAN NTAPI IoCancelIrp(PIRP Irp) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoCancelIrp");
    if (Irp->Type != IO_TYPE_IRP) IopViolation(IOP_CALL_WITH_NO_IRP, "IoCancelIrp: this is no IRP", Irp, IOP_CALLER, 0);
    KIRQL irql;
    IoAcquireCancelSpinLock(&irql);
    Irp->Cancel = TRUE;
    const PDRIVER_CANCEL routine = IoSetCancelRoutine(Irp, nullptr);
    if (!routine) {
        IoReleaseCancelSpinLock(irql);
        return FALSE;
    }
    if (Irp->CurrentLocation > Irp->StackCount + 1)
        RdBugCheckText(
            "IoCancelIrp: a completed IRP has a cancel routine", 0x48, reinterpret_cast<ULONG_PTR>(Irp),
            reinterpret_cast<ULONG_PTR>(routine), IOP_CALLER, 0);
    Irp->CancelIrql = irql;
    const PDEVICE_OBJECT device =
        Irp->CurrentLocation <= Irp->StackCount ? IoGetCurrentIrpStackLocation(Irp)->DeviceObject : nullptr;
    routine(device, Irp);  // releases the lock
    if (KeGetCurrentIrql() != irql)
        IopViolation(
            IOP_CANCEL_CHANGED_IRQL, "a cancel routine did not release the cancel spin lock to Irp->CancelIrql",
            reinterpret_cast<void*>(routine), irql, KeGetCurrentIrql());
    return TRUE;
}
