// SPDX-License-Identifier: MIT
// io/irp.cpp
//
// I/O request packets: memory and initial state.
#include "io/iop.hpp"

namespace {

constexpr ULONG kTag = ' prI';

SIZE_T size_of(CCHAR stack_size) { return IoSizeOfIrp(stack_size); }

void initialize(PIRP irp, SIZE_T bytes, CCHAR stack_size) {
    RtlZeroMemory(irp, bytes);
    irp->Type = IO_TYPE_IRP;
    irp->Size = static_cast<USHORT>(size_of(stack_size));
    irp->StackCount = stack_size;
    irp->CurrentLocation = static_cast<CHAR>(stack_size + 1);
    irp->Tail.Overlay.CurrentStackLocation = reinterpret_cast<PIO_STACK_LOCATION>(irp + 1) + stack_size;
    InitializeListHead(&irp->ThreadListEntry);
}

PIRP allocate(CCHAR stack_size, SIZE_T more, ULONG64 caller) {
    if (stack_size <= 0) return nullptr;
    const SIZE_T bytes = size_of(stack_size) + more;
    auto* irp = static_cast<PIRP>(MiAllocatePool(NonPagedPool, bytes, kTag, caller));
    if (!irp) return nullptr;
    initialize(irp, bytes, stack_size);
    irp->ApcEnvironment = IOP_IRP_ALLOCATED;
    IopCount(&IopIrpCount, 1);
    return irp;
}

}  // namespace

/// <= DISPATCH_LEVEL. Null: out of memory. The driver frees it with IoFreeIrp.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocateirp
PIRP NTAPI IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoAllocateIrp");
    return allocate(StackSize, 0, IOP_CALLER);
}

PIRP IopAllocateThreadedIrp(CCHAR stack_size, ULONG64 caller) {
    PIRP irp = allocate(stack_size, sizeof(IOP_IRP_TRAILER), caller);
    if (!irp) return nullptr;
    irp->ApcEnvironment |= IOP_IRP_THREADED;
    irp->Tail.Overlay.Thread = reinterpret_cast<PETHREAD>(KeGetCurrentThread());
    return irp;
}

/// <= DISPATCH_LEVEL. Stops with bug check 0xC9 for what is no request, or one that a driver still has.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofreeirp
VOID NTAPI IoFreeIrp(PIRP Irp) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoFreeIrp");
    if (Irp->Type != IO_TYPE_IRP)
        IopViolation(IOP_FREE_OF_NO_IRP, "IoFreeIrp: this is no IRP", Irp, 0, 0);
    if (Irp->ApcEnvironment & IOP_IRP_SENT || !IsListEmpty(&Irp->ThreadListEntry))
        IopViolation(IOP_FREE_OF_BUSY_IRP, "IoFreeIrp: a driver still has this IRP", Irp, 0, 0);
    if (!(Irp->ApcEnvironment & IOP_IRP_ALLOCATED))
        IopViolation(IOP_FREE_OF_NO_IRP, "IoFreeIrp: not allocated by IoAllocateIrp", Irp, 0, 0);
    Irp->Type = 0;
    IopCount(&IopIrpCount, -1);
    ExFreePoolWithTag(Irp, kTag);
}

/// <= DISPATCH_LEVEL. For memory of the driver's own; IoReuseIrp is for requests of IoAllocateIrp.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioinitializeirp
VOID NTAPI IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoInitializeIrp");
    initialize(Irp, PacketSize, StackSize);
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioreuseirp
VOID NTAPI IoReuseIrp(PIRP Irp, NTSTATUS Iostatus) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoReuseIrp");
    if (Irp->ApcEnvironment & (IOP_IRP_SENT | IOP_IRP_THREADED))
        IopViolation(IOP_FREE_OF_BUSY_IRP, "IoReuseIrp: this IRP is not its caller's to reuse", Irp, 0, 0);
    const CCHAR kept = Irp->ApcEnvironment & IOP_IRP_ALLOCATED;
    const UCHAR flags = Irp->AllocationFlags;
    initialize(Irp, size_of(Irp->StackCount), Irp->StackCount);
    Irp->ApcEnvironment = kept;
    Irp->AllocationFlags = flags;
    Irp->IoStatus.Status = Iostatus;
}

/// <= DISPATCH_LEVEL. A request whose completion counts down its master's IrpCount.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-iomakeassociatedirp
PIRP NTAPI IoMakeAssociatedIrp(PIRP Irp, CCHAR StackSize) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoMakeAssociatedIrp");
    PIRP made = allocate(StackSize, 0, IOP_CALLER);
    if (!made) return nullptr;
    made->Flags |= IRP_ASSOCIATED_IRP;
    made->AssociatedIrp.MasterIrp = Irp;
    made->Tail.Overlay.Thread = Irp->Tail.Overlay.Thread;
    return made;
}
