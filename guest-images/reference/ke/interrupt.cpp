// SPDX-License-Identifier: MIT
// ke/interrupt.cpp
//
// Device interrupts and interrupt objects. A line's service routines form a chain, called in order until one claims the
// interrupt (level triggered) or all of them (latched). While a line is in service its IOAPIC pin is masked: it has been
// acknowledged already, and would otherwise arrive again on the next logical processor.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-interrupt-service-routines
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

extern "C" VOID KiLockAtRaisedIrql(PKSPIN_LOCK lock);
extern "C" VOID KiUnlockAtRaisedIrql(PKSPIN_LOCK lock);

struct _KINTERRUPT {
    LIST_ENTRY Entry;  // in the chain of its pin
    PKSERVICE_ROUTINE ServiceRoutine;
    PVOID ServiceContext;
    PKSPIN_LOCK Lock;
    KSPIN_LOCK OwnLock;
    KIRQL SynchronizeIrql;
    BOOLEAN Latched, Shared;
    ULONG Pin;
    volatile LONG Running;  // service routines entered and not left, on any logical processor
};

namespace {

constexpr ULONG kPinsMax = 24;
constexpr ULONG kStormLimit = 20000;  // unclaimed interrupts in a row
constexpr ULONG kTag = 'tnIK';

LIST_ENTRY chains[kPinsMax];
bool initialised;
ULONG unclaimed[kPinsMax];
ULONG connected;

/// Pin to IRQL 4..11, spread; the vector's high nibble is its IRQL, as the APIC's priority classes want it.
KIRQL irql_of(ULONG pin) { return static_cast<KIRQL>(4 + pin % 8); }
UCHAR vector_of(ULONG pin) { return static_cast<UCHAR>(irql_of(pin) << 4 | (pin / 8 + 1)); }

bool pin_of(ULONG vector, ULONG* pin) {
    for (ULONG candidate = 0; candidate < kPinsMax; ++candidate)
        if (vector_of(candidate) == vector) {
            *pin = candidate;
            return true;
        }
    return false;
}

void initialise() {
    if (initialised) return;
    for (LIST_ENTRY& chain : chains) InitializeListHead(&chain);
    initialised = true;
}

bool call(PKINTERRUPT interrupt, KIRQL irql) {
    __atomic_add_fetch(&interrupt->Running, 1, __ATOMIC_ACQUIRE);
    cpu::set_irql(interrupt->SynchronizeIrql);
    KiLockAtRaisedIrql(interrupt->Lock);
    const BOOLEAN claimed = interrupt->ServiceRoutine(interrupt, interrupt->ServiceContext);
    if (cpu::irql() != interrupt->SynchronizeIrql)
        RdBugCheckText(
            "an interrupt service routine returned at another IRQL", 0xC4, 0x111, reinterpret_cast<ULONG_PTR>(interrupt->ServiceRoutine),
            interrupt->SynchronizeIrql, cpu::irql());
    KiUnlockAtRaisedIrql(interrupt->Lock);
    cpu::set_irql(irql);
    __atomic_sub_fetch(&interrupt->Running, 1, __ATOMIC_RELEASE);
    return claimed;
}

}  // namespace

extern "C" VOID KiDeviceInterrupt(KI_TRAP_FRAME* frame, UCHAR vector) {
    ULONG pin;
    KI_PCR* pcr = KiCurrentPcr();
    if (pcr->Halted) KiUpdateTime();  // nothing ticked while everybody was idle
    pcr->Halted = FALSE;
    if (!initialised || !pin_of(vector, &pin)) {
        KiEndOfInterrupt();
        return;
    }
    const KIRQL irql = irql_of(pin);
    // A level line is held by its device until that is served, so it is masked meanwhile. An edge that comes while a line is
    // masked is lost (82093AA), so an edge line is not: CR8 keeps the next one waiting in the local APIC.
    const bool level = IsListEmpty(&chains[pin]) || !CONTAINING_RECORD(chains[pin].Flink, KINTERRUPT, Entry)->Latched;
    if (level) KiSetInterruptMask(pin, TRUE);
    KiEndOfInterrupt();
    cpu::set_irql(irql);
    ++pcr->InterruptDepth;
    cpu::interrupts_on();
    bool claimed = false;
    for (PLIST_ENTRY at = chains[pin].Flink; at != &chains[pin];) {
        PKINTERRUPT interrupt = CONTAINING_RECORD(at, KINTERRUPT, Entry);
        claimed |= call(interrupt, irql);
        if (claimed && !interrupt->Latched) break;
        at = at->Flink;
    }
    cpu::interrupts_off();
    --pcr->InterruptDepth;
    unclaimed[pin] = claimed ? 0 : unclaimed[pin] + 1;
    if (unclaimed[pin] > kStormLimit) {
        KiPrint("interrupt line %u: nobody claims it; masked\n", pin);
        unclaimed[pin] = 0;
        KiSetInterruptMask(pin, TRUE);
    } else if (level && !IsListEmpty(&chains[pin])) {
        KiSetInterruptMask(pin, FALSE);
    }
}

extern "C" ULONG KiCountInterrupts() { return connected; }

/// Calls `visit` for every connected service routine. Atomic.
extern "C" VOID KiVisitInterrupts(VOID (*visit)(PKSERVICE_ROUTINE, PVOID), PVOID context) {
    if (!initialised) return;
    for (LIST_ENTRY& chain : chains)
        for (PLIST_ENTRY at = chain.Flink; at != &chain; at = at->Flink)
            visit(CONTAINING_RECORD(at, KINTERRUPT, Entry)->ServiceRoutine, context);
}

extern "C" NTSTATUS NTAPI RdTranslateInterrupt(ULONG line, PULONG vector, PKIRQL irql) {
    if (line >= KiInterruptPins()) return STATUS_INVALID_PARAMETER;
    *vector = vector_of(line);
    *irql = irql_of(line);
    return STATUS_SUCCESS;
}

/// PASSIVE_LEVEL, with the vector and IRQL of a translated resource. STATUS_INVALID_PARAMETER: no such line, or it is in use
/// and not shared by both sides.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioconnectinterrupt
NTSTATUS NTAPI IoConnectInterrupt(
    PKINTERRUPT* InterruptObject, PKSERVICE_ROUTINE ServiceRoutine, PVOID ServiceContext, PKSPIN_LOCK SpinLock,
    ULONG Vector, KIRQL Irql, KIRQL SynchronizeIrql, KINTERRUPT_MODE InterruptMode, BOOLEAN ShareVector,
    KAFFINITY ProcessorEnableMask, BOOLEAN FloatingSave) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoConnectInterrupt");
    *InterruptObject = nullptr;
    ULONG pin;
    if (!ServiceRoutine || !pin_of(Vector, &pin) || pin >= KiInterruptPins() || Irql != irql_of(pin) ||
        SynchronizeIrql < Irql || SynchronizeIrql >= KI_CLOCK_IRQL)
        return STATUS_INVALID_PARAMETER;
    auto* interrupt = static_cast<PKINTERRUPT>(ExAllocatePoolWithTag(NonPagedPool, sizeof(KINTERRUPT), kTag));
    if (!interrupt) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(interrupt, sizeof *interrupt);
    interrupt->ServiceRoutine = ServiceRoutine;
    interrupt->ServiceContext = ServiceContext;
    interrupt->Lock = SpinLock ? SpinLock : &interrupt->OwnLock;
    interrupt->SynchronizeIrql = SynchronizeIrql;
    interrupt->Latched = InterruptMode == Latched;
    interrupt->Shared = ShareVector;
    interrupt->Pin = pin;
    {
        KiAtomic atomic;
        initialise();
        const bool first = IsListEmpty(&chains[pin]);
        const auto* other = CONTAINING_RECORD(chains[pin].Flink, KINTERRUPT, Entry);
        if (first || (ShareVector && other->Shared && other->Latched == interrupt->Latched)) {
            InsertTailList(&chains[pin], &interrupt->Entry);
            ++connected;
            if (first) KiRouteInterrupt(pin, vector_of(pin), !interrupt->Latched);
            KiSetInterruptMask(pin, FALSE);
            *InterruptObject = interrupt;
            return STATUS_SUCCESS;
        }
    }
    ExFreePoolWithTag(interrupt, kTag);
    return STATUS_INVALID_PARAMETER;
}

/// PASSIVE_LEVEL. Returns when the service routine runs nowhere any more; frees the object.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iodisconnectinterrupt
VOID NTAPI IoDisconnectInterrupt(PKINTERRUPT InterruptObject) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoDisconnectInterrupt");
    for (;;) {
        {
            KiAtomic atomic;
            // Its chain may be walked by a suspended logical processor: leave only when none is in this routine, and
            // while none is in the chain at all (the pin in service is the walker's mark).
            bool walked = false;
            for (PLIST_ENTRY at = chains[InterruptObject->Pin].Flink; at != &chains[InterruptObject->Pin]; at = at->Flink)
                walked |= CONTAINING_RECORD(at, KINTERRUPT, Entry)->Running != 0;
            if (!walked) {
                RemoveEntryList(&InterruptObject->Entry);
                --connected;
                if (IsListEmpty(&chains[InterruptObject->Pin])) KiSetInterruptMask(InterruptObject->Pin, TRUE);
                break;
            }
        }
        KiYieldProcessor();
    }
    ExFreePoolWithTag(InterruptObject, kTag);
}

/// <= the interrupt's synchronisation IRQL. Calls the routine at that IRQL with the interrupt's lock held.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesynchronizeexecution
BOOLEAN NTAPI KeSynchronizeExecution(PKINTERRUPT Interrupt, PKSYNCHRONIZE_ROUTINE SynchronizeRoutine, PVOID SynchronizeContext) {
    const KIRQL irql = KeAcquireInterruptSpinLock(Interrupt);
    const BOOLEAN result = SynchronizeRoutine(SynchronizeContext);
    KeReleaseInterruptSpinLock(Interrupt, irql);
    return result;
}

/// <= the interrupt's synchronisation IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquireinterruptspinlock
KIRQL NTAPI KeAcquireInterruptSpinLock(PKINTERRUPT Interrupt) {
    const ULONG64 irql = cpu::irql();
    if (irql > Interrupt->SynchronizeIrql)
        KeBugCheckEx(0xC4, 0x30, irql, Interrupt->SynchronizeIrql, 0);
    cpu::set_irql(Interrupt->SynchronizeIrql);
    KiLockAtRaisedIrql(Interrupt->Lock);
    return static_cast<KIRQL>(irql);
}

/// At the interrupt's synchronisation IRQL.
VOID NTAPI KeReleaseInterruptSpinLock(PKINTERRUPT Interrupt, KIRQL OldIrql) {
    KiUnlockAtRaisedIrql(Interrupt->Lock);
    cpu::set_irql(OldIrql);
}
