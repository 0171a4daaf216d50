// SPDX-License-Identifier: MIT
// ke/clock.cpp
//
// Time. The time stamp counter is the performance counter; its frequency is measured once against the APIC timer, which
// counts nanoseconds. There is no periodic tick: the one-shot timer fires for the next KTIMER, the end of a seeded quantum,
// or after 15.6 ms to keep KUSER_SHARED_DATA fresh, whichever comes first.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

extern "C" volatile ULONG* KiApicTimerCount(void);

namespace {

constexpr ULONG64 kTickUnits = 156250;        // 100 ns units of a clock tick
constexpr ULONG64 kCalibrationNs = 400000;
constexpr ULONG64 kIdleNs = 2000000000;

ULONG64 frequency = 1000000000;
ULONG64 boot_counter;
ULONG64 unit_multiplier;                       // counter ticks to 100 ns units, 64.64 fixed point's upper part
ULONG64 boot_system_time;
ULONG64 armed_for = ~0ull;                     // interrupt time the timer is set for
ULONG64 quantum_end = ~0ull;
ULONG64 quantum_shortest_ns, quantum_doublings;
bool timers_posted;

KUSER_SHARED_DATA* shared() { return reinterpret_cast<KUSER_SHARED_DATA*>(KI_USER_SHARED_DATA); }

void store(volatile KSYSTEM_TIME* where, ULONG64 value) {
    // High2, low, high1: the order drivers rely on; one 8-byte store keeps the part they read directly whole.
    where->High2Time = static_cast<LONG>(value >> 32);
    __atomic_store_n(reinterpret_cast<volatile ULONG64*>(where), value, __ATOMIC_RELEASE);
}

/// Real time clock of the PC, read once at boot (MC146818, BCD). Seconds since 1601 in 100 ns units.
ULONG64 read_rtc() {
    const auto read = [](UCHAR index) {
        cpu::out8(0x70, index);
        const UCHAR value = cpu::in8(0x71);
        return static_cast<ULONG64>((value >> 4) * 10 + (value & 15));
    };
    const ULONG64 second = read(0), minute = read(2), hour = read(4), day = read(7), month = read(8);
    const ULONG64 year = 2000 + read(9);
    const ULONG64 y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;  // March first
    const ULONG64 days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 584694;  // since 1601-01-01
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 10000000;
}

ULONG64 scale(ULONG64 ticks) {
    return static_cast<ULONG64>(static_cast<unsigned __int128>(ticks) * unit_multiplier >> 64);
}

/// Both clocks at one moment. The host may deschedule us between two reads, so the closest pair of several is taken.
struct Moment {
    ULONG64 counter;
    ULONG nanoseconds_left;
};
Moment sample() {
    Moment best = {};
    ULONG64 best_gap = ~0ull;
    for (int attempt = 0; attempt < 5; ++attempt) {
        const ULONG64 before = KiCounter();
        const ULONG left = *KiApicTimerCount();
        const ULONG64 gap = KiCounter() - before;
        if (gap >= best_gap) continue;
        best_gap = gap;
        best = {before + gap / 2, left};
    }
    return best;
}

/// Log-uniform, so that both very short and long stretches happen: shortest << 0..doublings, plus a random part.
ULONG64 draw_quantum() {
    const ULONG64 base = quantum_shortest_ns << KiRandomBelow(RD_RANDOM_SCHEDULER, static_cast<ULONG>(quantum_doublings));
    return base + KiRandomBelow(RD_RANDOM_SCHEDULER, static_cast<ULONG>(base));
}

bool contended() {
    ULONG busy = 0;
    for (ULONG number = 0; number < KiProcessorCount; ++number) busy += !KiPcr[number].Halted || KiPcr[number].Requested;
    return busy > 1 || KiReadyThreadWaits(1, 0) || KiDpcsDeferred();
}

}  // namespace

extern "C" VOID KiInitializeClock() {
    KiArmApicTimer(0xFFFFFFFF);
    const Moment begin = sample();
    while (begin.nanoseconds_left - *KiApicTimerCount() < kCalibrationNs) cpu::pause();
    const Moment end = sample();
    frequency = (end.counter - begin.counter) * 1000000000ull / (begin.nanoseconds_left - end.nanoseconds_left);
    frequency = (frequency + 50000) / 100000 * 100000;  // what is below that is noise
    if (!frequency) frequency = 1000000000;
    unit_multiplier = static_cast<ULONG64>((static_cast<unsigned __int128>(10000000) << 64) / frequency);
    boot_counter = begin.counter;
    boot_system_time = read_rtc();
    quantum_shortest_ns = RdCommandLineNumber("quantum_ns", 40000);
    if (quantum_shortest_ns < 5000) quantum_shortest_ns = 5000;
    quantum_doublings = 6;
    KUSER_SHARED_DATA* data = shared();
    data->TickCountMultiplier = 0x0FA00000;
    data->NtMajorVersion = 6;
    data->NtMinorVersion = 1;
    data->NtProductType = NtProductWinNt;
    data->ProductTypeIsValid = TRUE;
    data->ImageNumberLow = data->ImageNumberHigh = 0x8664;
    static const WCHAR root[] = L"C:\\Windows";
    RtlCopyMemory(data->NtSystemRoot, root, sizeof root);
    KiUpdateTime();
}

extern "C" ULONG64 KiCounterFrequency() { return frequency; }
extern "C" ULONG64 KiInterruptTime() { return scale(KiCounter() - boot_counter); }
extern "C" ULONG64 KiSystemTime() { return boot_system_time + KiInterruptTime(); }
extern "C" ULONG64 KiMilliseconds() { return KiInterruptTime() / 10000; }

extern "C" volatile ULONG64 KeTickCount;
volatile ULONG64 KeTickCount;

extern "C" VOID KiUpdateTime() {
    const ULONG64 now = KiInterruptTime();
    store(&shared()->InterruptTime, now);
    store(&shared()->SystemTime, boot_system_time + now);
    store(reinterpret_cast<volatile KSYSTEM_TIME*>(&shared()->TickCountQuad), now / kTickUnits);
    shared()->TickCountLowDeprecated = static_cast<ULONG>(now / kTickUnits);
    KeTickCount = now / kTickUnits;
}

/// The dispatcher calls this when something that needs the timer has changed; the timer is only ever set earlier.
extern "C" VOID KiArmClock() {
    if (!KiSystemReady) return;
    const ULONG64 now = KiInterruptTime();
    ULONG64 until = KiCurrentPcr()->Halted ? now + kIdleNs / 100 : now + kTickUnits;
    const ULONG64 due = timers_posted ? ~0ull : KiNextTimerDue();
    if (due < until) until = due;
    if (contended()) {
        if (quantum_end <= now || quantum_end == ~0ull) quantum_end = now + draw_quantum() / 100;
        if (quantum_end < until) until = quantum_end;
    } else {
        quantum_end = ~0ull;
    }
    if (until >= armed_for && armed_for > now) return;
    armed_for = until;
    KiArmApicTimer(until > now ? (until - now) * 100 : 0);
}

extern "C" VOID KiTimersTaken() { timers_posted = false; }

extern "C" VOID KiClockInterrupt() {
    KiUpdateTime();
    armed_for = ~0ull;
    quantum_end = ~0ull;
    const ULONG64 now = KiInterruptTime();
    if (!timers_posted && KiNextTimerDue() <= now) {
        KI_PCR* pcr = &KiPcr[KiRandomBelow(RD_RANDOM_SCHEDULER, KiProcessorCount)];
        timers_posted = true;
        pcr->TimersDue = TRUE;
        KiRequestDispatch(pcr);
    }
    KiRequestDeferredDpcs();
    KiQuantumEnd();
    KI_PCR* target = KiChooseProcessor(FALSE);
    KiArmClock();
    if (target) KiSwitchProcessor(target);
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequerytimeincrement
ULONG NTAPI KeQueryTimeIncrement() { return kTickUnits; }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequeryunbiasedinterrupttime
ULONGLONG NTAPI KeQueryUnbiasedInterruptTime() { return KiInterruptTime(); }

// On x64 these three are macros over KUSER_SHARED_DATA; the exports serve callers that import them.
extern "C" VOID NTAPI KiExportQuerySystemTime(PLARGE_INTEGER now) { now->QuadPart = static_cast<LONGLONG>(KiSystemTime()); }
extern "C" ULONG64 NTAPI KiExportQueryInterruptTime() { return KiInterruptTime(); }
extern "C" VOID NTAPI KiExportQueryTickCount(PLARGE_INTEGER ticks) {
    ticks->QuadPart = static_cast<LONGLONG>(KiInterruptTime() / kTickUnits);
}

/// The counter of KeQueryPerformanceCounter (hal.dll forwards here) and of the trace. Any IRQL.
extern "C" ULONG64 NTAPI RdQueryCounter(PULONG64 Frequency) {
    if (Frequency) *Frequency = frequency;
    return KiCounter();
}

/// Busy-waits; other logical processors run meanwhile. Any IRQL.
extern "C" VOID NTAPI RdStall(ULONG microseconds) {
    const ULONG64 end = KiCounter() + frequency * microseconds / 1000000;
    while (KiCounter() < end) {
        if (microseconds >= 5 && (cpu::flags() & cpu::kInterruptFlag)) KiYieldProcessor();
        cpu::pause();
    }
}
