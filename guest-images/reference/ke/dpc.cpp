// SPDX-License-Identifier: MIT
// ke/dpc.cpp
//
// Deferred procedure calls, one queue per logical processor. Threaded DPCs run at DISPATCH_LEVEL like the others, which their
// documentation allows.
//
// DPCs go before threads, unless they come so fast that threads would starve: an emulated NIC sends in no time, so a driver
// that refills its ring at every completion never ends. After kBudgetMs of nearly nothing but DPCs a logical processor lets
// its thread run for a while. No order that drivers may rely on changes: every DPC may be late.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-dpcs
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

constexpr ULONG64 kBudgetMs = 1;       // of DPCs with little else
constexpr ULONG64 kTurnUs = 1000;      // for threads, after that: an even share
constexpr ULONG64 kThreadShare = 1;    // one tick of a thread pays for so many of DPCs
constexpr USHORT kTargeted = 0x100;  // Number holds kTargeted + processor
ULONG64 queued_total[KI_PROCESSORS_MAX], finished_total[KI_PROCESSORS_MAX];

/// TIMER_OR_DPC_INVALID: the object, and the memory it lies in.
[[noreturn]] void stop(const char* text, ULONG kind, const volatile void* object, ULONG64 begin, ULONG64 end) {
    RdBugCheckText(text, 0xC7, kind, reinterpret_cast<ULONG_PTR>(object), begin, end);
    __builtin_unreachable();
}
[[noreturn]] void stop(const char* text, PRKDPC dpc) {
    const ULONG64 begin = reinterpret_cast<ULONG64>(dpc);
    stop(text, 1, dpc, begin, begin + sizeof *dpc);
}

void initialize(PRKDPC dpc, UCHAR type, PKDEFERRED_ROUTINE routine, PVOID context) {
    {
        KiAtomic atomic;
        const ULONG64 begin = reinterpret_cast<ULONG64>(dpc);
        if (KiFindDpcIn(begin, begin + 1)) stop("a DPC is initialised while it is queued", dpc);
    }
    dpc->Type = type;
    dpc->Importance = MediumImportance;
    dpc->Number = 0;
    dpc->DeferredRoutine = routine;
    dpc->DeferredContext = context;
    dpc->DpcData = nullptr;
}

void check_dpc(PRKDPC dpc, const char* function) {
    if (dpc->Type == KI_DPC || dpc->Type == KI_DPC_THREADED) return;
    KiPrint("%s: %p is not an initialised DPC\n", function, dpc);
    stop("not a DPC", dpc);
}

/// May DPCs run now, or is it the threads' turn? Atomic.
bool threads_first(KI_PCR* pcr) {
    if (pcr->CurrentThread->Idle && !pcr->Reschedule) return false;
    const ULONG64 now = KiProcessorTime(pcr);
    if (pcr->TurnEnds) {
        if (now < pcr->TurnEnds) return true;
        pcr->TurnEnds = 0;
        pcr->DpcEndedAt = now;
    }
    const ULONG64 paid = (now - pcr->DpcEndedAt) * kThreadShare;
    pcr->DpcDebt = pcr->DpcDebt > paid ? pcr->DpcDebt - paid : 0;
    if (pcr->DpcDebt < KiCounterFrequency() / 1000 * kBudgetMs) return false;
    pcr->DpcDebt = 0;
    pcr->TurnEnds = now + KiCounterFrequency() / 1000000 * kTurnUs;
    return true;
}

void call(KI_PCR* pcr, PKDPC dpc) {
    PKDEFERRED_ROUTINE routine = dpc->DeferredRoutine;
    PVOID context = dpc->DeferredContext, first = dpc->SystemArgument1, second = dpc->SystemArgument2;
    const LONG regions = pcr->CurrentThread->CriticalRegions;
    pcr->ActiveDpc = dpc;
    pcr->DpcActive = TRUE;
    cpu::interrupts_on();
    routine(dpc, context, first, second);  // may free the KDPC
    const ULONG64 irql = cpu::irql();
    if (irql != DISPATCH_LEVEL)
        RdBugCheckText(
            "a DPC routine returned at another IRQL", 0xC8, KI_UNEXPECTED_IRQL(irql, DISPATCH_LEVEL),
            reinterpret_cast<ULONG_PTR>(routine), reinterpret_cast<ULONG_PTR>(context), 0);
    cpu::interrupts_off();
    if (pcr->CurrentThread->CriticalRegions != regions)
        stop(
            "a DPC routine has changed the APC disable count", 4, reinterpret_cast<PVOID>(routine),
            static_cast<ULONG64>(LONG64{-regions}), static_cast<ULONG64>(LONG64{-pcr->CurrentThread->CriticalRegions}));
    pcr->DpcActive = FALSE;
    pcr->ActiveDpc = nullptr;
    ++finished_total[pcr->Number];
}

}  // namespace

extern "C" VOID KiRetireDpcs() {
    KiAtomic atomic;
    KI_PCR* pcr = KiCurrentPcr();
    // Timers that came due meanwhile are KiDispatchInterrupt's, which calls again.
    while (!IsListEmpty(&pcr->DpcQueue) && !pcr->TimersDue) {
        if (threads_first(pcr)) return KiArmClock();  // the clock asks again
        const ULONG64 begun = KiProcessorTime(pcr);
        PKDPC dpc = CONTAINING_RECORD(RemoveHeadList(&pcr->DpcQueue), KDPC, DpcListEntry);
        --pcr->DpcCount;
        dpc->DpcData = nullptr;
        call(pcr, dpc);
        pcr->DpcEndedAt = KiProcessorTime(pcr);
        pcr->DpcDebt += pcr->DpcEndedAt - begun;
    }
}

extern "C" VOID KiRequestDeferredDpcs() {
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        KI_PCR& pcr = KiPcr[number];
        if (pcr.TurnEnds && pcr.DpcCount && KiProcessorTime(&pcr) >= pcr.TurnEnds) KiRequestDispatch(&pcr);
    }
}

extern "C" BOOLEAN KiDpcsDeferred() {
    for (ULONG number = 0; number < KiProcessorCount; ++number)
        if (KiPcr[number].TurnEnds && KiPcr[number].DpcCount) return TRUE;
    return FALSE;
}

extern "C" PKDPC KiFindDpcIn(ULONG64 begin, ULONG64 end) {
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        PLIST_ENTRY head = &KiPcr[number].DpcQueue;
        for (PLIST_ENTRY at = head->Flink; at && at != head; at = at->Flink) {
            PKDPC dpc = CONTAINING_RECORD(at, KDPC, DpcListEntry);
            if (reinterpret_cast<ULONG64>(dpc) - begin < end - begin) return dpc;
        }
    }
    return nullptr;
}

/// Calls `visit` for every queued DPC. Atomic.
extern "C" VOID KiVisitDpcs(VOID (*visit)(PKDPC, PVOID), PVOID context) {
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        PLIST_ENTRY head = &KiPcr[number].DpcQueue;
        for (PLIST_ENTRY at = head->Flink; at != head; at = at->Flink)
            visit(CONTAINING_RECORD(at, KDPC, DpcListEntry), context);
    }
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializedpc
VOID NTAPI KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext) {
    initialize(Dpc, KI_DPC, DeferredRoutine, DeferredContext);
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializethreadeddpc
VOID NTAPI KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext) {
    initialize(Dpc, KI_DPC_THREADED, DeferredRoutine, DeferredContext);
}

/// Any IRQL. False: it was queued already, and stays so with its first arguments.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinsertqueuedpc
BOOLEAN NTAPI KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2) {
    check_dpc(Dpc, "KeInsertQueueDpc");
    KiAtomic atomic;
    if (Dpc->DpcData) return FALSE;
    if (Dpc->Number >= kTargeted + KiProcessorCount)
        stop("KeInsertQueueDpc: no such processor", 3, Dpc, Dpc->Number - kTargeted, KiProcessorCount);
    KI_PCR* pcr = Dpc->Number >= kTargeted ? &KiPcr[Dpc->Number - kTargeted] : KiCurrentPcr();
    Dpc->DpcData = pcr;
    Dpc->SystemArgument1 = SystemArgument1;
    Dpc->SystemArgument2 = SystemArgument2;
    if (Dpc->Importance == HighImportance)
        InsertHeadList(&pcr->DpcQueue, &Dpc->DpcListEntry);
    else
        InsertTailList(&pcr->DpcQueue, &Dpc->DpcListEntry);
    ++pcr->DpcCount;
    ++queued_total[pcr->Number];
    KiRequestDispatch(pcr);
    return TRUE;
}

/// Any IRQL. True: it was queued and is not any more.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keremovequeuedpc
BOOLEAN NTAPI KeRemoveQueueDpc(PRKDPC Dpc) {
    check_dpc(Dpc, "KeRemoveQueueDpc");
    KiAtomic atomic;
    auto* pcr = static_cast<KI_PCR*>(const_cast<PVOID>(Dpc->DpcData));
    if (!pcr) return FALSE;
    RemoveEntryList(&Dpc->DpcListEntry);
    Dpc->DpcData = nullptr;
    --pcr->DpcCount;
    ++finished_total[pcr->Number];
    return TRUE;
}

/// PASSIVE_LEVEL. Returns when every DPC queued before the call has run to its end, on every logical processor.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keflushqueueddpcs
VOID NTAPI KeFlushQueuedDpcs() {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "KeFlushQueuedDpcs");
    ULONG64 goal[KI_PROCESSORS_MAX];
    {
        KiAtomic atomic;
        for (ULONG number = 0; number < KiProcessorCount; ++number) goal[number] = queued_total[number];
    }
    LARGE_INTEGER moment;
    moment.QuadPart = -1000;
    for (ULONG number = 0; number < KiProcessorCount; ++number)
        while (static_cast<volatile ULONG64&>(finished_total[number]) < goal[number])
            KeDelayExecutionThread(KernelMode, FALSE, &moment);
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesetimportancedpc
VOID NTAPI KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance) { Dpc->Importance = static_cast<UCHAR>(Importance); }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesettargetprocessordpc
VOID NTAPI KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number) {
    Dpc->Number = static_cast<USHORT>(kTargeted + static_cast<UCHAR>(Number));
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesettargetprocessordpcex
NTSTATUS NTAPI KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber) {
    if (ProcNumber->Group || ProcNumber->Number >= KiProcessorCount) return STATUS_INVALID_PARAMETER;
    KeSetTargetProcessorDpc(Dpc, static_cast<CCHAR>(ProcNumber->Number));
    return STATUS_SUCCESS;
}

/// True inside a DPC routine. Any IRQL.
extern "C" LOGICAL NTAPI KeIsExecutingDpc() { return KiCurrentPcr()->DpcActive; }
