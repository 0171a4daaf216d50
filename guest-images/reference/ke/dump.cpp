// SPDX-License-Identifier: MIT
// ke/dump.cpp
//
// What every logical processor and thread is doing, as text on the debug channel: for a guest that hangs (the host sends an
// NMI, which ends in bug check 0x80 with this in front) and for failed self-tests.
#include "arch/cpu.hpp"
#include "arch/exception.hpp"
#include "ke/ki.hpp"

namespace {

constexpr int kFramesMax = 14;
constexpr ULONG kSwitchAreaBytes = 168;  // vector registers KiSwapStack saved

const char* const states[] = {"initialized", "ready", "running", "?", "terminated", "waiting"};

/// Where a stack that KiSwapStack left will go on.
CONTEXT suspended_context(ULONG64 stack_pointer) {
    CONTEXT context = {};
    if (!MmIsAddressValid(reinterpret_cast<PVOID>(stack_pointer + kSwitchAreaBytes + 64))) return context;
    const auto* saved = reinterpret_cast<const ULONG64*>(stack_pointer + kSwitchAreaBytes);
    context.R15 = saved[0], context.R14 = saved[1], context.R13 = saved[2], context.R12 = saved[3];
    context.Rsi = saved[4], context.Rdi = saved[5], context.Rbx = saved[6], context.Rbp = saved[7];
    context.Rip = saved[8];
    context.Rsp = reinterpret_cast<ULONG64>(saved + 9);
    return context;
}

void print_suspended(ULONG64 stack_pointer) {
    CONTEXT context = suspended_context(stack_pointer);
    for (int depth = 0; depth < kFramesMax && context.Rip; ++depth) {
        char where[96];
        KiDescribeAddress(context.Rip, where, sizeof where);
        KiPrint("    %s\n", where);
        if (!KiUnwindFrame(&context)) break;
    }
}

void print_thread(const KTHREAD* thread) {
    char where[96];
    KiDescribeAddress(reinterpret_cast<ULONG64>(thread->StartRoutine), where, sizeof where);
    KiPrint(
        "  thread %llu %s (%s) %s, priority %u, processor %u\n", thread->Id, thread->Name ? thread->Name : "", where,
        thread->State < 6 ? states[thread->State] : "?", thread->Priority, thread->Processor);
    if (thread->State == KI_THREAD_WAITING)
        for (ULONG index = 0; index < thread->WaitCount; ++index)
            KiPrint("    waits for %p\n", thread->WaitBlocks[index].Object);
    if (thread->State == KI_THREAD_WAITING || thread->State == KI_THREAD_READY) print_suspended(thread->StackPointer);
}

}  // namespace

/// Any IRQL; for the bug check path too.
extern "C" VOID KiDumpState() {
    KiAtomic atomic;
    const KI_PCR* self = KiCurrentPcr();
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        const KI_PCR& pcr = KiPcr[number];
        const KTHREAD* thread = pcr.CurrentThread;
        KiPrint(
            "processor %u: thread %llu %s, IRQL %u%s%s%s%s%s, %u DPCs queued\n", number, thread->Id, thread->Name ? thread->Name : "",
            static_cast<ULONG>(&pcr == self ? cpu::irql() : pcr.Irql), &pcr == self ? ", has the vCPU" : "",
            pcr.Halted ? ", idle" : "", pcr.Requested ? ", interrupt requested" : "", pcr.Reschedule ? ", reschedule" : "",
            pcr.DpcActive ? ", in a DPC" : "", pcr.DpcCount);
        if (pcr.ActiveDpc) KiPrint("    DPC routine %p\n", pcr.ActiveDpc->DeferredRoutine);
        if (&pcr != self && !pcr.Halted) print_suspended(pcr.StackPointer);
    }
    for (PLIST_ENTRY at = KiAllThreads.Flink; at != &KiAllThreads; at = at->Flink)
        print_thread(CONTAINING_RECORD(at, KTHREAD, AllEntry));
}
