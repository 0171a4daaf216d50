// SPDX-License-Identifier: MIT
// ke/processor.cpp
//
// Logical processors on the one vCPU. Switching between them is switching stacks, GS base and CR8, which can happen at any
// instruction below CLOCK_LEVEL: in the clock interrupt, while spinning for a lock, at the edges of locks, and when a
// logical processor has nothing to do. Which one goes next is drawn from the run's seed.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

extern "C" {
KI_PCR KiPcr[KI_PROCESSORS_MAX];
ULONG KiProcessorCount = 1;
ULONG64 KiProcessorSwitches;
}

namespace {

ULONG yield_period;  // one lock operation in so many lets another logical processor run

bool has_work(const KI_PCR& pcr) { return !pcr.Halted || pcr.Requested; }

}  // namespace

extern "C" VOID KiInitializeProcessors(ULONG count) {
    KiProcessorCount = count < 1 ? 1 : count > KI_PROCESSORS_MAX ? KI_PROCESSORS_MAX : count;
    yield_period = static_cast<ULONG>(RdCommandLineNumber("yield", 48));
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        KI_PCR& pcr = KiPcr[number];
        pcr.Self = &pcr;
        pcr.CurrentPrcb = &pcr.MxCsr;
        pcr.MxCsr = 0x1F80;
        pcr.Number = static_cast<UCHAR>(number);
        InitializeListHead(&pcr.DpcQueue);
    }
}

extern "C" KI_PCR* KiChooseProcessor(BOOLEAN other) {
    const KI_PCR* self = KiCurrentPcr();
    KI_PCR* candidates[KI_PROCESSORS_MAX];
    ULONG count = 0;
    for (ULONG number = 0; number < KiProcessorCount; ++number)
        if (has_work(KiPcr[number]) && !(other && &KiPcr[number] == self)) candidates[count++] = &KiPcr[number];
    if (!count) return nullptr;
    return candidates[count == 1 ? 0 : KiRandomBelow(RD_RANDOM_SCHEDULER, count)];
}

extern "C" VOID KiSwitchProcessor(KI_PCR* target) {
    KI_PCR* self = KiCurrentPcr();
    if (target == self) return;
    ++KiProcessorSwitches;
    self->Irql = cpu::irql();
    const ULONG64 now = KiCounter();
    self->RunTicks += now - self->SwitchedInAt;
    target->SwitchedInAt = now;
    KiSetGsBase(target);
    KiSwapStack(&self->StackPointer, target->StackPointer);
    // This logical processor has the vCPU again.
    cpu::set_irql(self->Irql);
    if (self->Requested) KiSelfInterrupt(KI_VECTOR_DISPATCH);
}

extern "C" ULONG64 KiProcessorTime(const KI_PCR* pcr) {
    return pcr->RunTicks + (pcr == KiCurrentPcr() ? KiCounter() - pcr->SwitchedInAt : 0);
}

extern "C" VOID KiRequestDispatch(KI_PCR* pcr) {
    pcr->Requested = TRUE;
    if (!KiSystemReady) return;
    if (pcr == KiCurrentPcr())
        KiSelfInterrupt(KI_VECTOR_DISPATCH);
    else
        KiArmClock();  // it must get a turn, even if this one never blocks
}

extern "C" VOID KiYieldProcessor() {
    if (!KiSystemReady) return;
    KiAtomic atomic;
    if (KI_PCR* target = KiChooseProcessor(TRUE)) KiSwitchProcessor(target);
}

extern "C" VOID KiMaybeYield() {
    if (!KiSystemReady || !yield_period || !(cpu::flags() & cpu::kInterruptFlag)) return;
    if (KiRandomBelow(RD_RANDOM_SCHEDULER, yield_period) == 0) KiYieldProcessor();
}

/// Body of every idle thread, at PASSIVE_LEVEL.
extern "C" VOID KiIdleLoop(PVOID) {
    KI_PCR* pcr = KiCurrentPcr();
    for (;;) {
        cpu::interrupts_off();
        pcr->Halted = FALSE;  // at its first turn too, or the thread it picks would look like an idle processor
        if (pcr->Requested || pcr->DpcCount) {
            cpu::set_irql(DISPATCH_LEVEL);
            cpu::interrupts_on();
            KiDispatchInterrupt();
            cpu::set_irql(PASSIVE_LEVEL);
            continue;
        }
        pcr->Halted = TRUE;
        KI_PCR* target = KiChooseProcessor(TRUE);
        // Everybody idle: which logical processor takes the next device interrupt is a draw too.
        if (!target && KiRandomBelow(RD_RANDOM_SCHEDULER, 4) == 0)
            target = &KiPcr[KiRandomBelow(RD_RANDOM_SCHEDULER, KiProcessorCount)];
        if (target) {
            KiSwitchProcessor(target);
        } else {
            KiArmClock();
            cpu::wait_for_interrupt();
        }
        pcr->Halted = FALSE;  // before interrupts: one may start a thread here
        cpu::interrupts_on();
    }
}

/// The dispatch software interrupt: expired timers, DPCs, then a better thread if there is one.
extern "C" VOID KiDispatchInterrupt() {
    for (;;) {
        cpu::interrupts_off();
        KI_PCR* pcr = KiCurrentPcr();
        pcr->Requested = FALSE;
        const BOOLEAN timers = pcr->TimersDue;
        pcr->TimersDue = FALSE;
        cpu::interrupts_on();
        if (timers) KiExpireTimers();
        KiRetireDpcs();
        cpu::interrupts_off();
        if (pcr->Reschedule) KiReschedule();  // comes back when this thread runs again, maybe on another processor
        const BOOLEAN again = KiCurrentPcr()->Requested;
        cpu::interrupts_on();
        if (!again) return;
    }
}

extern "C" ULONG64 KiEnterAtomic() {
    const ULONG64 saved = cpu::flags();
    cpu::interrupts_off();
    return saved;
}

extern "C" VOID KiLeaveAtomic(ULONG64 saved) {
    if (saved & cpu::kInterruptFlag) cpu::interrupts_on();
}

extern "C" ULONG NTAPI KiExportGetCurrentProcessorNumber() { return KiCurrentPcr()->Number; }

/// Bit mask of the logical processors. Any IRQL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-kequeryactiveprocessors
KAFFINITY NTAPI KeQueryActiveProcessors() { return (1ull << KiProcessorCount) - 1; }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequeryactiveprocessorcount
ULONG NTAPI KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors) {
    if (ActiveProcessors) *ActiveProcessors = KeQueryActiveProcessors();
    return KiProcessorCount;
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequeryactiveprocessorcountex
ULONG NTAPI KeQueryActiveProcessorCountEx(USHORT GroupNumber) {
    return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? KiProcessorCount : 0;
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequerymaximumprocessorcount
ULONG NTAPI KeQueryMaximumProcessorCount() { return KiProcessorCount; }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequerymaximumprocessorcountex
ULONG NTAPI KeQueryMaximumProcessorCountEx(USHORT GroupNumber) { return KeQueryActiveProcessorCountEx(GroupNumber); }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequeryactivegroupcount
USHORT NTAPI KeQueryActiveGroupCount() { return 1; }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-kegetcurrentprocessornumberex
ULONG NTAPI KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber) {
    const ULONG number = KiCurrentPcr()->Number;
    if (ProcNumber) *ProcNumber = {0, static_cast<UCHAR>(number), 0};
    return number;
}
