// SPDX-License-Identifier: MIT
// arch/descriptors.cpp
//
// GDT, IDT and TSS. One set serves all logical processors: there is one vCPU, and nothing runs in user mode. Double
// faults, NMIs and machine checks get stacks of their own, so that running off a kernel stack is reported.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

#pragma pack(push, 1)
struct Gate {
    USHORT offset_low, selector;
    UCHAR stack, type;
    USHORT offset_middle;
    ULONG offset_high, reserved;
};
struct TaskState {
    ULONG reserved0;
    ULONG64 rsp[3], reserved1, ist[7], reserved2;
    USHORT reserved3, io_map;
};
struct TablePointer {
    USHORT limit;
    ULONG64 base;
};
#pragma pack(pop)

constexpr USHORT kCode = 0x10, kData = 0x18, kTaskState = 0x40;  // Windows' selectors
constexpr UCHAR kInterruptGate = 0x8E;

alignas(16) ULONG64 gdt[12];
alignas(16) Gate idt[256];
alignas(16) TaskState task_state;
alignas(16) UCHAR fault_stack[16384];
alignas(16) UCHAR nmi_stack[16384];

extern "C" UCHAR KiTrapEntries[];

void set_gate(ULONG vector, UCHAR stack) {
    const ULONG64 entry = reinterpret_cast<ULONG64>(KiTrapEntries) + vector * 16ull;
    Gate& gate = idt[vector];
    gate.offset_low = static_cast<USHORT>(entry);
    gate.offset_middle = static_cast<USHORT>(entry >> 16);
    gate.offset_high = static_cast<ULONG>(entry >> 32);
    gate.selector = kCode;
    gate.stack = stack;
    gate.type = kInterruptGate;
}

}  // namespace

extern "C" VOID KiInitializeDescriptors() {
    gdt[kCode / 8] = 0x00AF9B000000FFFF;
    gdt[kData / 8] = 0x00CF93000000FFFF;
    const ULONG64 base = reinterpret_cast<ULONG64>(&task_state);
    gdt[kTaskState / 8] = (sizeof(TaskState) - 1) | (base & 0xFFFFFF) << 16 | 0x89ull << 40 | (base >> 24 & 0xFF) << 56;
    gdt[kTaskState / 8 + 1] = base >> 32;
    task_state.ist[0] = reinterpret_cast<ULONG64>(fault_stack + sizeof fault_stack);
    task_state.ist[1] = reinterpret_cast<ULONG64>(nmi_stack + sizeof nmi_stack);
    task_state.io_map = sizeof(TaskState);
    const TablePointer gdt_pointer{sizeof gdt - 1, reinterpret_cast<ULONG64>(gdt)};
    asm volatile(
        "lgdt %0\n\t"
        "pushq %1\n\t"
        "leaq 1f(%%rip), %%rax\n\t"
        "pushq %%rax\n\t"
        "lretq\n"
        "1: movl %2, %%eax\n\t"
        "movl %%eax, %%ds\n\t"
        "movl %%eax, %%es\n\t"
        "movl %%eax, %%ss\n\t"
        "xorl %%eax, %%eax\n\t"
        "movl %%eax, %%fs\n\t"
        "movl %%eax, %%gs\n\t"
        "ltr %w3" ::"m"(gdt_pointer),
        "i"(kCode), "i"(kData), "r"(kTaskState)
        : "rax", "memory");
    for (ULONG vector = 0; vector < 256; ++vector) set_gate(vector, vector == 8 ? 1 : vector == 2 || vector == 18 ? 2 : 0);
    const TablePointer idt_pointer{sizeof idt - 1, reinterpret_cast<ULONG64>(idt)};
    asm volatile("lidt %0" ::"m"(idt_pointer));
}

extern "C" VOID KiSetGsBase(PVOID base) { cpu::write_msr(0xC0000101, reinterpret_cast<ULONG64>(base)); }
