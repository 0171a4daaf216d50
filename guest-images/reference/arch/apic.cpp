// SPDX-License-Identifier: MIT
// arch/apic.cpp
//
// The local APIC (software interrupts, the one-shot timer, end of interrupt) and the IOAPIC (device lines). The 8259s are
// masked for good. Intel SDM volume 3, chapter 10; 82093AA data sheet. On the "pc" machine every PCI line arrives at the
// pin its Interrupt Line register names, level triggered.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

constexpr ULONG kEndOfInterrupt = 0xB0, kSpurious = 0xF0, kCommandLow = 0x300, kTimer = 0x320, kTimerInitial = 0x380,
                kTimerDivide = 0x3E0, kLocal0 = 0x350, kLocal1 = 0x360, kError = 0x370, kDestinationFormat = 0xE0,
                kLogicalDestination = 0xD0;
constexpr ULONG kMasked = 1u << 16, kLevel = 1u << 15, kActiveLow = 1u << 13;
constexpr ULONG kSelf = 1u << 18;
constexpr ULONG kPinsMax = 24;

volatile ULONG* local_apic;
volatile ULONG* io_apic;  // [0] register select, [4] window
ULONG pins;
ULONG redirection[kPinsMax];  // low halves as written

void write_io(ULONG reg, ULONG value) {
    io_apic[0] = reg;
    io_apic[4] = value;
}

}  // namespace

extern "C" VOID KiInitializeApic() {
    cpu::out8(0x21, 0xFF);
    cpu::out8(0xA1, 0xFF);
    PHYSICAL_ADDRESS at;
    at.QuadPart = static_cast<LONGLONG>(cpu::read_msr(0x1B) & 0xFFFFFF000);
    local_apic = static_cast<volatile ULONG*>(MmMapIoSpace(at, PAGE_SIZE, MmNonCached));
    at.QuadPart = 0xFEC00000;
    io_apic = static_cast<volatile ULONG*>(MmMapIoSpace(at, PAGE_SIZE, MmNonCached));
    local_apic[kDestinationFormat / 4] = 0xFFFFFFFF;
    local_apic[kLogicalDestination / 4] = 1u << 24;
    local_apic[kSpurious / 4] = 0x100 | KI_VECTOR_SPURIOUS;
    local_apic[kLocal0 / 4] = kMasked;
    local_apic[kLocal1 / 4] = 0x400;  // NMI
    local_apic[kError / 4] = kMasked;
    local_apic[kTimerDivide / 4] = 0xB;  // by 1: one count a nanosecond in QEMU and KVM
    local_apic[kTimer / 4] = KI_VECTOR_CLOCK;
    io_apic[0] = 1;
    pins = (io_apic[4] >> 16 & 0xFF) + 1;
    if (pins > kPinsMax) pins = kPinsMax;
    for (ULONG pin = 0; pin < pins; ++pin) KiSetInterruptMask(pin, TRUE);
}

extern "C" VOID KiEndOfInterrupt() { local_apic[kEndOfInterrupt / 4] = 0; }

extern "C" VOID KiSelfInterrupt(UCHAR vector) { local_apic[kCommandLow / 4] = kSelf | vector; }

extern "C" VOID KiArmApicTimer(ULONG64 nanoseconds) {
    if (nanoseconds < 1000) nanoseconds = 1000;
    if (nanoseconds > 0xFFFFFFFF) nanoseconds = 0xFFFFFFFF;
    local_apic[kTimerInitial / 4] = static_cast<ULONG>(nanoseconds);
}

extern "C" ULONG KiInterruptPins() { return pins; }

extern "C" VOID KiSetInterruptMask(ULONG pin, BOOLEAN masked) {
    redirection[pin] = masked ? redirection[pin] | kMasked : redirection[pin] & ~kMasked;
    write_io(0x10 + pin * 2, redirection[pin]);
}

/// Masked until KiSetInterruptMask. PCI lines are active low on the bus, yet QEMU's IOAPIC takes the level as asserted
/// either way; ISA lines are edge triggered, active high.
extern "C" VOID KiRouteInterrupt(ULONG pin, UCHAR vector, BOOLEAN level) {
    redirection[pin] = kMasked | vector | (level ? kLevel | kActiveLow : 0);
    write_io(0x11 + pin * 2, 0);  // destination: physical APIC 0
    write_io(0x10 + pin * 2, redirection[pin]);
}

/// The running count of the one-shot timer.
extern "C" volatile ULONG* KiApicTimerCount() { return local_apic + 0x390 / 4; }
