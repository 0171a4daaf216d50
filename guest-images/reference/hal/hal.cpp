// SPDX-License-Identifier: MIT
// hal/hal.cpp
//
// Time, interrupt lines and bus addresses.
#include "rd_exports.hpp"

extern "C" {

/// Nothing calls it: hal.dll has no state. PE images want an entry point.
NTSTATUS NTAPI HalInitialize(PVOID, PVOID) { return STATUS_SUCCESS; }

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-kequeryperformancecounter
LARGE_INTEGER NTAPI KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency) {
    ULONG64 frequency;
    LARGE_INTEGER now;
    now.QuadPart = static_cast<LONGLONG>(RdQueryCounter(&frequency));
    if (PerformanceFrequency) PerformanceFrequency->QuadPart = static_cast<LONGLONG>(frequency);
    return now;
}

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kestallexecutionprocessor
VOID NTAPI KeStallExecutionProcessor(ULONG MicroSeconds) { RdStall(MicroSeconds); }

VOID NTAPI KeFlushWriteBuffer() { asm volatile("lock; orl $0, (%%rsp)" ::: "memory"); }

/// PASSIVE_LEVEL. The vector and IRQL of an interrupt line; 0 when there is no such line.
ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE, ULONG, ULONG level, ULONG, PKIRQL irql, PKAFFINITY affinity) {
    ULONG vector;
    if (!NT_SUCCESS(RdTranslateInterrupt(level, &vector, irql))) return 0;
    *affinity = KeQueryActiveProcessors();
    return vector;
}

/// Any IRQL. Bus addresses are physical addresses; AddressSpace (0 memory, 1 ports) stays.
BOOLEAN NTAPI HalTranslateBusAddress(
    INTERFACE_TYPE InterfaceType, ULONG BusNumber, PHYSICAL_ADDRESS BusAddress, PULONG AddressSpace,
    PPHYSICAL_ADDRESS TranslatedAddress) {
    *TranslatedAddress = BusAddress;
    return *AddressSpace <= 1;
}

/// PASSIVE_LEVEL. Text on the debug channel.
VOID NTAPI HalDisplayString(PUCHAR text) { RdPutString(reinterpret_cast<const char*>(text)); }

}  // extern "C"
