// SPDX-License-Identifier: MIT
// ke/scheduler.cpp
//
// Which thread a logical processor runs: the highest priority that is ready, and among equals a draw from the run's seed.
// Every function is called with interrupts off; stacks are swapped at DISPATCH_LEVEL.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

extern "C" ULONG64 KiContextSwitches;
ULONG64 KiContextSwitches;

namespace {

constexpr ULONG kPriorities = 32;
LIST_ENTRY ready[kPriorities];
ULONG ready_mask;                // bit per priority with ready threads
bool quantum_over[KI_PROCESSORS_MAX];

bool allowed(const KTHREAD* thread, ULONG processor) { return thread->Affinity >> processor & 1; }

void enqueue(PKTHREAD thread) {
    thread->State = KI_THREAD_READY;
    InsertTailList(&ready[thread->Priority], &thread->QueueEntry);
    ready_mask |= 1u << thread->Priority;
}

/// Takes a ready thread of at least `priority` that may run on `processor`; null: none.
PKTHREAD dequeue(ULONG priority, ULONG processor) {
    for (ULONG level = kPriorities; level-- > priority;) {
        if (!(ready_mask >> level & 1)) continue;
        PKTHREAD candidates[16];
        ULONG count = 0;
        for (PLIST_ENTRY at = ready[level].Flink; at != &ready[level] && count < 16; at = at->Flink) {
            PKTHREAD thread = CONTAINING_RECORD(at, KTHREAD, QueueEntry);
            if (allowed(thread, processor)) candidates[count++] = thread;
        }
        if (!count) continue;
        PKTHREAD thread = candidates[count == 1 ? 0 : KiRandomBelow(RD_RANDOM_SCHEDULER, count)];
        RemoveEntryList(&thread->QueueEntry);
        if (IsListEmpty(&ready[level])) ready_mask &= ~(1u << level);
        return thread;
    }
    return nullptr;
}

/// Finds a logical processor for a thread in the ready queue: an idle one, else the one with the least important thread,
/// if that is less important. Nobody: the thread waits for its turn.
void place(const KTHREAD* thread) {
    KI_PCR* idle[KI_PROCESSORS_MAX];
    KI_PCR* weakest = nullptr;
    ULONG idle_count = 0;
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        KI_PCR& pcr = KiPcr[number];
        if (!allowed(thread, number) || pcr.Reschedule) continue;
        if (pcr.CurrentThread->Idle)
            idle[idle_count++] = &pcr;
        else if (pcr.CurrentThread->Priority < thread->Priority &&
                 (!weakest || pcr.CurrentThread->Priority < weakest->CurrentThread->Priority))
            weakest = &pcr;
    }
    KI_PCR* chosen = idle_count ? idle[idle_count == 1 ? 0 : KiRandomBelow(RD_RANDOM_SCHEDULER, idle_count)] : weakest;
    if (!chosen) {
        KiArmClock();  // it is owed a quantum
        return;
    }
    chosen->Reschedule = TRUE;
    KiRequestDispatch(chosen);
}

void swap_to(KI_PCR* pcr, PKTHREAD next) {
    PKTHREAD self = pcr->CurrentThread;
    ++KiContextSwitches;
    next->State = KI_THREAD_RUNNING;
    next->Processor = pcr->Number;
    pcr->CurrentThread = next;
    KiSwapStack(&self->StackPointer, next->StackPointer);
    KiAfterSwap();
}

}  // namespace

extern "C" VOID KiInitializeScheduler() {
    for (LIST_ENTRY& list : ready) InitializeListHead(&list);
}

extern "C" VOID KiReadyThread(PKTHREAD thread) {
    enqueue(thread);
    place(thread);
}

extern "C" VOID KiBlockCurrentThread() {
    KI_PCR* pcr = KiCurrentPcr();
    if (pcr->DpcActive || pcr->CurrentThread->Idle)
        KiBugCheckFrame(0xB8, reinterpret_cast<ULONG64>(pcr->CurrentThread), 0, 0, 0, nullptr);
    PKTHREAD next = dequeue(1, pcr->Number);
    pcr->Reschedule = FALSE;
    swap_to(pcr, next ? next : pcr->IdleThread);
}

extern "C" VOID KiReschedule() {
    KI_PCR* pcr = KiCurrentPcr();
    PKTHREAD self = pcr->CurrentThread;
    pcr->Reschedule = FALSE;
    const bool equal_too = quantum_over[pcr->Number];
    quantum_over[pcr->Number] = false;
    PKTHREAD next = dequeue(self->Idle ? 1 : self->Priority + (equal_too ? 0 : 1), pcr->Number);
    if (!next) return;
    if (!self->Idle) enqueue(self);
    pcr->CurrentThread = next;  // so that place() sees this processor as taken
    if (!self->Idle) place(self);
    pcr->CurrentThread = self;
    swap_to(pcr, next);
}

extern "C" BOOLEAN KiReadyThreadWaits(UCHAR priority, ULONG) { return priority < kPriorities && ready_mask >> priority != 0; }

extern "C" VOID KiQuantumEnd() {
    KI_PCR* pcr = KiCurrentPcr();
    if (!ready_mask || pcr->CurrentThread->Idle || ready_mask >> pcr->CurrentThread->Priority == 0) return;
    quantum_over[pcr->Number] = true;
    pcr->Reschedule = TRUE;
    KiRequestDispatch(pcr);
}

/// Moves a thread to another priority, wherever it is. Atomic.
extern "C" VOID KiSetPriority(PKTHREAD thread, UCHAR priority) {
    if (thread->State != KI_THREAD_READY) {
        thread->Priority = priority;
        return;
    }
    RemoveEntryList(&thread->QueueEntry);
    if (IsListEmpty(&ready[thread->Priority])) ready_mask &= ~(1u << thread->Priority);
    thread->Priority = priority;
    KiReadyThread(thread);
}
