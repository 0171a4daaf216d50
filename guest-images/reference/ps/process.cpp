// SPDX-License-Identifier: MIT
// ps/process.cpp
//
// The one process there is, System, and threads as objects.
#include "ke/ki.hpp"
#include "ps/ps.hpp"

struct _EPROCESS {
    DISPATCHER_HEADER Header;  // never signalled: the system process does not end
    HANDLE Id;
};

extern "C" {

PEPROCESS PsInitialSystemProcess;

VOID PsInitSystem() {
    OB_TYPE_INFO info = {};
    info.Tag = 'erhT';
    info.MinimumBody = KI_THREAD_BYTES;
    info.ValidAccess = THREAD_ALL_ACCESS;
    info.Delete = KiDeleteThread;
    NTSTATUS status = ObCreateType(L"Thread", &info, PsThreadType);
    info = {};
    info.Tag = 'corP';
    info.MinimumBody = sizeof(_EPROCESS);
    if (NT_SUCCESS(status)) status = ObCreateType(L"Process", &info, PsProcessType);
    // Drivers import these three; no object has them, and a handle of anything else is refused.
    info = {};
    info.WaitOffset = OB_NOT_WAITABLE;
    if (NT_SUCCESS(status)) status = ObCreateType(L"Token", &info, SeTokenObjectType);
    if (NT_SUCCESS(status)) status = ObCreateType(L"Adapter", &info, IoAdapterObjectType);
    if (NT_SUCCESS(status)) status = ObCreateType(L"Controller", &info, IoControllerObjectType);
    PVOID process = nullptr;
    if (NT_SUCCESS(status))
        status = ObCreateObject(KernelMode, *PsProcessType, nullptr, KernelMode, nullptr, sizeof(_EPROCESS), 0, 0, &process);
    if (!NT_SUCCESS(status)) KiFatal("no memory for the process structure", 0x60, static_cast<ULONG>(status), 0, 0, 0);
    PsInitialSystemProcess = static_cast<PEPROCESS>(process);
    RtlZeroMemory(process, sizeof(_EPROCESS));
    KiInitializeHeader(&PsInitialSystemProcess->Header, 3 /* ProcessObject */, sizeof(_EPROCESS), 0);
    PsInitialSystemProcess->Id = reinterpret_cast<HANDLE>(4);
}

/// Any IRQL. Every thread is the system process's.
PEPROCESS NTAPI IoGetCurrentProcess() { return PsInitialSystemProcess; }
HANDLE NTAPI PsGetProcessId(PEPROCESS Process) { return Process->Id; }

/// References the thread of that id; STATUS_INVALID_PARAMETER: there is none, it has ended, or it is one of the kernel's own few
/// that are no objects. Free with ObDereferenceObject. PASSIVE_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-pslookupthreadbythreadid
NTSTATUS NTAPI PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD* Thread) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "PsLookupThreadByThreadId");
    KiAtomic atomic;
    for (PLIST_ENTRY at = KiAllThreads.Flink; at != &KiAllThreads; at = at->Flink) {
        PKTHREAD thread = CONTAINING_RECORD(at, KTHREAD, AllEntry);
        if (!thread->Managed || reinterpret_cast<HANDLE>(thread->Id) != ThreadId) continue;
        if (!ObReferenceObjectSafe(thread)) break;
        *Thread = CONTAINING_RECORD(thread, ETHREAD, Tcb);
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_PARAMETER;
}

/// References the process of that id, which can only be 4. Free with ObDereferenceObject. PASSIVE_LEVEL.
NTSTATUS NTAPI PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS* Process) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "PsLookupProcessByProcessId");
    if (ProcessId != PsInitialSystemProcess->Id) return STATUS_INVALID_PARAMETER;
    ObfReferenceObject(PsInitialSystemProcess);
    *Process = PsInitialSystemProcess;
    return STATUS_SUCCESS;
}

/// Any IRQL.
HANDLE NTAPI PsGetThreadProcessId(PETHREAD Thread) { return PsInitialSystemProcess->Id; }

/// ThreadPriority and ThreadBasePriority of a thread handle; anything else: STATUS_INVALID_INFO_CLASS. PASSIVE_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwsetinformationthread
NTSTATUS NTAPI ZwSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS InformationClass, PVOID Information, ULONG Length) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwSetInformationThread");
    if (InformationClass != ThreadPriority && InformationClass != ThreadBasePriority) return STATUS_INVALID_INFO_CLASS;
    if (Length != sizeof(LONG)) return STATUS_INFO_LENGTH_MISMATCH;
    ob::Reference<_ETHREAD> thread;
    const NTSTATUS status =
        ObReferenceObjectByHandle(ThreadHandle, 0x20 /* THREAD_SET_INFORMATION */, *PsThreadType, KernelMode, thread.receive(), nullptr);
    if (!NT_SUCCESS(status)) return status;
    const LONG value = *static_cast<const LONG*>(Information);
    if (InformationClass == ThreadBasePriority) {
        KeSetBasePriorityThread(&thread->Tcb, value);
        return STATUS_SUCCESS;
    }
    if (value < 1 || value > KI_PRIORITY_HIGH) return STATUS_INVALID_PARAMETER;
    KeSetPriorityThread(&thread->Tcb, value);
    return STATUS_SUCCESS;
}

}  // extern "C"
