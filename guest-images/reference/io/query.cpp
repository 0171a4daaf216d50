// SPDX-License-Identifier: MIT
// io/query.cpp
//
// What drivers ask about requests, threads and the system. Every requestor is a thread of the System process.
#include "io/iop.hpp"

namespace {

constexpr UCHAR kWdmMajor = 1, kWdmMinor = 0x30;  // Windows Server 2003

}  // namespace

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iois32bitprocess
extern "C" BOOLEAN IoIs32bitProcess(PIRP Irp) { return FALSE; }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iogetrequestorprocessid
ULONG NTAPI IoGetRequestorProcessId(PIRP Irp) { return Irp->Tail.Overlay.Thread ? 4 : 0; }

/// Any IRQL. Null: the request belongs to no thread.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iogetrequestorprocess
PEPROCESS NTAPI IoGetRequestorProcess(PIRP Irp) { return Irp->Tail.Overlay.Thread ? IoGetCurrentProcess() : nullptr; }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iothreadtoprocess
PEPROCESS NTAPI IoThreadToProcess(PETHREAD Thread) { return IoGetCurrentProcess(); }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ioissystemthread
BOOLEAN NTAPI IoIsSystemThread(PETHREAD Thread) { return TRUE; }

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ioisoperationsynchronous
BOOLEAN NTAPI IoIsOperationSynchronous(PIRP Irp) {
    const PFILE_OBJECT file = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    return (file && file->Flags & FO_SYNCHRONOUS_IO) || Irp->Flags & IRP_SYNCHRONOUS_API;
}

/// PASSIVE_LEVEL. WDM 1.30, as Windows Server 2003 says.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioiswdmversionavailable
BOOLEAN NTAPI IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion) {
    return MajorVersion < kWdmMajor || (MajorVersion == kWdmMajor && MinorVersion <= kWdmMinor);
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iogetfileobjectgenericmapping
PGENERIC_MAPPING NTAPI IoGetFileObjectGenericMapping(VOID) {
    static GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    return &mapping;
}

namespace {

struct CompletionHook {
    PIO_COMPLETION_ROUTINE routine;
    PVOID context;
    PDEVICE_OBJECT device;  ///< Referenced: its driver stays until the routine has run.
};

NTSTATUS NTAPI run_hook(PDEVICE_OBJECT device, PIRP irp, PVOID context) {
    const CompletionHook hook = *static_cast<CompletionHook*>(context);
    ExFreePoolWithTag(context, 'hCoI');
    const NTSTATUS status = hook.routine(device, irp, hook.context);
    ObfDereferenceObject(hook.device);
    return status;
}

}  // namespace

/// <= DISPATCH_LEVEL. Like IoSetCompletionRoutine, and the device is referenced until the routine has run.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iosetcompletionroutineex
NTSTATUS NTAPI IoSetCompletionRoutineEx(
    PDEVICE_OBJECT DeviceObject, PIRP Irp, PIO_COMPLETION_ROUTINE CompletionRoutine, PVOID Context,
    BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError, BOOLEAN InvokeOnCancel) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoSetCompletionRoutineEx");
    auto* hook = static_cast<CompletionHook*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(CompletionHook), 'hCoI'));
    if (!hook) return STATUS_INSUFFICIENT_RESOURCES;
    *hook = {CompletionRoutine, Context, DeviceObject};
    ObfReferenceObject(DeviceObject);
    IoSetCompletionRoutine(Irp, run_hook, hook, InvokeOnSuccess, InvokeOnError, InvokeOnCancel);
    return STATUS_SUCCESS;
}
