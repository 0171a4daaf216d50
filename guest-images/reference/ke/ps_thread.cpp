// SPDX-License-Identifier: MIT
// ke/ps_thread.cpp
//
// System threads as drivers create and end them, and what they may ask about threads.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

extern "C" VOID KiSetPriority(PKTHREAD thread, UCHAR priority);
extern "C" POBJECT_TYPE* PsThreadType;

/// PASSIVE_LEVEL. The handle refers to a thread object that is signalled when the thread has ended.
/// STATUS_INSUFFICIENT_RESOURCES when there is no memory for its stack.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-pscreatesystemthread
NTSTATUS NTAPI PsCreateSystemThread(
    PHANDLE ThreadHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle,
    PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine, PVOID StartContext) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "PsCreateSystemThread");
    PKTHREAD thread;
    NTSTATUS status = ObCreateObject(
        KernelMode, *PsThreadType, ObjectAttributes, KernelMode, nullptr, KI_THREAD_BYTES, 0, 0,
        reinterpret_cast<PVOID*>(&thread));
    if (!NT_SUCCESS(status)) return status;
    RtlZeroMemory(thread, KI_THREAD_BYTES);
    thread->Managed = TRUE;
    status = KiInitializeThread(thread, StartRoutine, StartContext, KI_PRIORITY_DEFAULT, nullptr);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(thread);
        return status;
    }
    ObfReferenceObject(thread);  // the running thread's own; ObInsertObject consumes the first one
    const ULONG64 id = thread->Id;
    status = ObInsertObject(thread, nullptr, DesiredAccess, 0, nullptr, ThreadHandle);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(thread);
        return status;
    }
    if (ClientId) {
        ClientId->UniqueProcess = reinterpret_cast<HANDLE>(4);
        ClientId->UniqueThread = reinterpret_cast<HANDLE>(id);
    }
    KiStartThread(thread);
    return STATUS_SUCCESS;
}

/// PASSIVE_LEVEL, by the thread that ends. Does not return.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-psterminatesystemthread
NTSTATUS NTAPI PsTerminateSystemThread(NTSTATUS ExitStatus) { KiExitThread(ExitStatus); }

/// Any IRQL.
HANDLE NTAPI PsGetCurrentThreadId() { return reinterpret_cast<HANDLE>(KeGetCurrentThread()->Id); }
HANDLE NTAPI PsGetThreadId(PETHREAD Thread) { return reinterpret_cast<HANDLE>(Thread->Tcb.Id); }
HANDLE NTAPI PsGetCurrentProcessId() { return reinterpret_cast<HANDLE>(4); }
/// Null: system threads have no thread environment block.
extern "C" PVOID NTAPI PsGetCurrentThreadTeb() { return nullptr; }
extern "C" BOOLEAN NTAPI PsIsSystemThread(PETHREAD) { return TRUE; }
extern "C" BOOLEAN NTAPI PsIsThreadTerminating(PETHREAD thread) { return thread->Tcb.State == KI_THREAD_TERMINATED; }
extern "C" PKTHREAD NTAPI KiExportGetCurrentThread() { return KeGetCurrentThread(); }

/// PASSIVE_LEVEL. Returns the old priority; LOW_PRIORITY (0) is refused with bug check 0xC4.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesetprioritythread
KPRIORITY NTAPI KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "KeSetPriorityThread");
    if (Priority < 1 || Priority > KI_PRIORITY_HIGH)
        RdBugCheckText("KeSetPriorityThread: priority out of range", 0xC4, 0x52440306, static_cast<ULONG_PTR>(Priority), 0, KI_CALLER);
    KiAtomic atomic;
    const KPRIORITY before = Thread->Priority;
    Thread->BasePriority = static_cast<UCHAR>(Priority);
    KiSetPriority(Thread, static_cast<UCHAR>(Priority));
    return before;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-kesetbaseprioritythread
LONG NTAPI KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment) {
    LONG priority = KI_PRIORITY_DEFAULT + Increment;
    priority = priority < 1 ? 1 : priority > KI_PRIORITY_HIGH ? KI_PRIORITY_HIGH : priority;
    return KeSetPriorityThread(Thread, priority) - KI_PRIORITY_DEFAULT;
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequeryprioritythread
KPRIORITY NTAPI KeQueryPriorityThread(PRKTHREAD Thread) { return Thread->Priority; }

extern "C" KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY affinity) {
    PKTHREAD self = KeGetCurrentThread();
    const KAFFINITY before = self->Affinity;
    const ULONG wanted = static_cast<ULONG>(affinity & KeQueryActiveProcessors());
    if (!wanted) return 0;
    const ULONG64 irql = cpu::irql();
    {
        KiAtomic atomic;
        self->Affinity = wanted;
        // On a processor outside the mask: go through the ready queue, which moves the thread to one inside it.
        if (irql <= APC_LEVEL && !(wanted >> KiCurrentPcr()->Number & 1)) {
            cpu::set_irql(DISPATCH_LEVEL);
            KiReadyThread(self);
            KiBlockCurrentThread();
        }
    }
    cpu::set_irql(irql);
    return before == ~0u ? 0 : before;
}

/// <= APC_LEVEL to move at once; at DISPATCH_LEVEL the move happens later. The thread runs only there until
/// KeRevertToUserAffinityThread. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesetsystemaffinitythread
VOID NTAPI KeSetSystemAffinityThread(KAFFINITY Affinity) { KeSetSystemAffinityThreadEx(Affinity); }
extern "C" VOID NTAPI KeRevertToUserAffinityThread() { KeGetCurrentThread()->Affinity = ~0u; }
extern "C" VOID NTAPI KeRevertToUserAffinityThreadEx(KAFFINITY affinity) {
    KeGetCurrentThread()->Affinity = affinity ? static_cast<ULONG>(affinity) : ~0u;
}
