// SPDX-License-Identifier: MIT
// ke/thread.cpp
//
// The life of a thread: its first instruction, its end, and the reaper that frees what is left of it at PASSIVE_LEVEL.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

extern "C" {
LIST_ENTRY KiAllThreads = {&KiAllThreads, &KiAllThreads};
ULONG KiThreadCount;
}

namespace {

constexpr SIZE_T kSwitchAreaBytes = 168;  // vector registers of KiSwapStack
constexpr ULONG kMxCsrOffset = 160;

LIST_ENTRY dead = {&dead, &dead};
KEVENT somebody_died;
ULONG64 next_id = 8;  // 4 is the system thread's neighbourhood on Windows; ours begin at 8

[[noreturn]] void run_thread() {
    KiAfterSwap();
    cpu::set_irql(PASSIVE_LEVEL);
    cpu::interrupts_on();
    PKTHREAD self = KeGetCurrentThread();
    self->StartRoutine(self->StartContext);
    KiExitThread(STATUS_SUCCESS);
}

/// What KiSwapStack pops at the thread's first run.
ULONG64 first_stack(PVOID top) {
    ULONG64* at = static_cast<ULONG64*>(top) - 4;  // shadow space; the zero above the return address ends stack walks
    *--at = 0;
    *--at = reinterpret_cast<ULONG64>(&KiThreadEntry);
    *--at = 0;                                       // rbp
    *--at = reinterpret_cast<ULONG64>(&run_thread);  // rbx
    for (int reg = 0; reg < 6; ++reg) *--at = 0;     // rdi rsi r12 r13 r14 r15
    UCHAR* area = reinterpret_cast<UCHAR*>(at) - kSwitchAreaBytes;
    RtlZeroMemory(area, kSwitchAreaBytes);
    *reinterpret_cast<ULONG*>(area + kMxCsrOffset) = 0x1F80;
    return reinterpret_cast<ULONG64>(area);
}

VOID NTAPI reap(PVOID) {
    for (;;) {
        KeWaitForSingleObject(&somebody_died, Executive, KernelMode, FALSE, nullptr);
        for (;;) {
            PKTHREAD thread = nullptr;
            {
                KiAtomic atomic;
                if (!IsListEmpty(&dead)) thread = CONTAINING_RECORD(RemoveHeadList(&dead), KTHREAD, QueueEntry);
            }
            if (!thread) break;
            MiFreeStack(thread->StackLimit);
            thread->StackLimit = nullptr;
            if (thread->Managed)
                ObfDereferenceObject(thread);
            else
                ExFreePoolWithTag(thread, 'erhT');
        }
    }
}

}  // namespace

extern "C" NTSTATUS KiInitializeThread(
    PKTHREAD thread, PKSTART_ROUTINE routine, PVOID context, UCHAR priority, const char* name) {
    KiInitializeHeader(&thread->Header, KI_THREAD, sizeof *thread, 0);
    InitializeListHead(&thread->Mutants);
    KeInitializeTimerEx(&thread->Timer, NotificationTimer);
    thread->StackBase = MiAllocateStack(&thread->StackLimit);
    if (!thread->StackBase) return STATUS_INSUFFICIENT_RESOURCES;
    thread->StackPointer = first_stack(thread->StackBase);
    thread->StartRoutine = routine;
    thread->StartContext = context;
    thread->Priority = thread->BasePriority = priority;
    thread->Affinity = ~0u;
    thread->Name = name;
    KiAtomic atomic;
    thread->Id = next_id;
    next_id += 4;
    InsertTailList(&KiAllThreads, &thread->AllEntry);
    ++KiThreadCount;
    return STATUS_SUCCESS;
}

extern "C" VOID KiStartThread(PKTHREAD thread) {
    KiAtomic atomic;
    KiReadyThread(thread);
}

extern "C" PKTHREAD KiCreateKernelThread(PKSTART_ROUTINE routine, PVOID context, UCHAR priority, const char* name) {
    auto* thread = static_cast<PKTHREAD>(ExAllocatePoolWithTag(NonPagedPool, KI_THREAD_BYTES, 'erhT'));
    if (!thread) return nullptr;
    RtlZeroMemory(thread, KI_THREAD_BYTES);
    if (KiInitializeThread(thread, routine, context, priority, name) < 0) {
        ExFreePoolWithTag(thread, 'erhT');
        return nullptr;
    }
    return thread;
}

extern "C" [[noreturn]] VOID KiExitThread(NTSTATUS status) {
    PKTHREAD self = KeGetCurrentThread();
    if (cpu::irql() != PASSIVE_LEVEL)
        RdBugCheckText(
            "thread ended above PASSIVE_LEVEL", 0xC8, KI_UNEXPECTED_IRQL(cpu::irql(), PASSIVE_LEVEL),
            reinterpret_cast<ULONG_PTR>(self->StartRoutine), 0, 0);
    if (self->Worker)  // ACTIVE_EX_WORKER_THREAD_TERMINATION
        RdBugCheckText("a work item ends the system worker thread it runs on", 0xE9, reinterpret_cast<ULONG_PTR>(self), 0, 0, 0);
    if (!IsListEmpty(&self->Mutants))  // THREAD_TERMINATE_HELD_MUTEX
        KiBugCheckFrame(
            0x4000008A, reinterpret_cast<ULONG64>(self),
            reinterpret_cast<ULONG64>(CONTAINING_RECORD(self->Mutants.Flink, KMUTANT, MutantListEntry)), 0, 0, nullptr);
    if (self->CriticalRegions)  // KERNEL_APC_PENDING_DURING_EXIT: the count is negative while APCs are disabled
        RdBugCheckText(
            "thread ended in a critical region", 0x20, 0, static_cast<ULONG_PTR>(static_cast<LONG_PTR>(-self->CriticalRegions)),
            cpu::irql(), 0);
    cpu::interrupts_off();
    self->ExitStatus = status;
    self->State = KI_THREAD_TERMINATED;
    RemoveEntryList(&self->AllEntry);
    --KiThreadCount;
    self->Header.SignalState = 1;
    KiWaitTest(&self->Header);
    KiCurrentPcr()->Dead = self;
    cpu::set_irql(DISPATCH_LEVEL);
    KiBlockCurrentThread();
    __builtin_unreachable();
}

extern "C" VOID KiAfterSwap() {
    KI_PCR* pcr = KiCurrentPcr();
    PKTHREAD gone = pcr->Dead;
    if (!gone) return;
    pcr->Dead = nullptr;
    InsertTailList(&dead, &gone->QueueEntry);
    somebody_died.Header.SignalState = 1;
    KiWaitTest(&somebody_died.Header);
}

extern "C" VOID KiInitializeReaper() {
    KeInitializeEvent(&somebody_died, SynchronizationEvent, FALSE);
    if (PKTHREAD thread = KiCreateKernelThread(reap, nullptr, KI_PRIORITY_DEFAULT + 4, "reaper")) KiStartThread(thread);
}

/// A thread object that never ran to its end still has its stack.
extern "C" VOID NTAPI KiDeleteThread(PVOID object) {
    auto* thread = static_cast<PKTHREAD>(object);
    if (!thread->StackLimit) return;
    {
        KiAtomic atomic;
        RemoveEntryList(&thread->AllEntry);
        --KiThreadCount;
    }
    MiFreeStack(thread->StackLimit);
    thread->StackLimit = nullptr;
}

extern "C" VOID NTAPI RdNameThread(const char* name) { KeGetCurrentThread()->Name = name; }
