// SPDX-License-Identifier: MIT
// arch/cpu.hpp
//
// Instructions that have no C++ name.
#pragma once
#include "nt_ddk.hpp"

namespace cpu {

constexpr ULONG64 kInterruptFlag = 0x200;

inline void out8(USHORT port, UCHAR value) { asm volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
inline void out16(USHORT port, USHORT value) { asm volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
inline void out32(USHORT port, ULONG value) { asm volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
inline UCHAR in8(USHORT port) {
    UCHAR value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
inline USHORT in16(USHORT port) {
    USHORT value;
    asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
inline ULONG in32(USHORT port) {
    ULONG value;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

inline void write_msr(ULONG number, ULONG64 value) {
    asm volatile("wrmsr" ::"c"(number), "a"(static_cast<ULONG>(value)), "d"(static_cast<ULONG>(value >> 32))
                 : "memory");
}
inline ULONG64 read_msr(ULONG number) {
    ULONG low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return ULONG64{high} << 32 | low;
}
inline ULONG64 read_cr2() {
    ULONG64 value;
    asm volatile("movq %%cr2, %0" : "=r"(value));
    return value;
}
inline ULONG64 read_cr3() {
    ULONG64 value;
    asm volatile("movq %%cr3, %0" : "=r"(value));
    return value;
}
inline void write_cr3(ULONG64 value) { asm volatile("movq %0, %%cr3" ::"r"(value) : "memory"); }
inline ULONG64 irql() {
    ULONG64 value;
    asm volatile("movq %%cr8, %0" : "=r"(value)::"memory");
    return value;
}
inline void set_irql(ULONG64 value) { asm volatile("movq %0, %%cr8" ::"r"(value) : "memory"); }
inline void invalidate_page(ULONG64 address) { asm volatile("invlpg (%0)" ::"r"(address) : "memory"); }
inline void interrupts_on() { asm volatile("sti" ::: "memory"); }
inline void interrupts_off() { asm volatile("cli" ::: "memory"); }
/// Interrupts on and wait for one, with no gap between the two.
inline void wait_for_interrupt() { asm volatile("sti; hlt; cli" ::: "memory"); }
inline ULONG64 flags() {
    ULONG64 value;
    asm volatile("pushfq; popq %0" : "=r"(value)::"memory");
    return value;
}
inline void pause() { asm volatile("pause" ::: "memory"); }

}  // namespace cpu
