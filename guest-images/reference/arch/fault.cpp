// SPDX-License-Identifier: MIT
// arch/fault.cpp
//
// Processor exceptions. What a driver may catch (a bad user address, a division by zero...) goes to the frame-based
// handlers found through .pdata; everything else is told apart as Windows tells it apart, and stops the guest:
// 0xD1/0xA at raised IRQL, 0x50 for system addresses, 0xBE for read-only memory, 0xFC for data that is no code, 0xCE for
// code of an unloaded driver, 0x7F for double faults, 0x139 for fast fail. (learn.microsoft.com, "Bug Check Code Reference")
#include "arch/cpu.hpp"
#include "arch/exception.hpp"
#include "ke/ki.hpp"
#include "mm/mi.hpp"

namespace {

constexpr ULONG64 kPresent = 1, kWrite = 2, kFetch = 16;  // page fault error code
constexpr ULONG64 kUserLimit = 0x7FFFFFFEFFFF;

bool in_kernel(ULONG64 address) {
    return address - reinterpret_cast<ULONG64>(KiLoaderBlock.KernelBase) < KiLoaderBlock.KernelSize;
}

/// Exception record of a fault a handler may deal with; 0 when the vector is not one of those.
NTSTATUS exception_of(ULONG64 vector) {
    switch (vector) {
    case 0: return STATUS_INTEGER_DIVIDE_BY_ZERO;
    case 1: return STATUS_SINGLE_STEP;
    case 3: return STATUS_BREAKPOINT;
    case 4: return STATUS_INTEGER_OVERFLOW;
    case 5: return STATUS_ARRAY_BOUNDS_EXCEEDED;
    case 6: return STATUS_ILLEGAL_INSTRUCTION;
    case 13: return STATUS_ACCESS_VIOLATION;
    case 16: return STATUS_FLOAT_INVALID_OPERATION;
    case 17: return STATUS_DATATYPE_MISALIGNMENT;
    case 19: return STATUS_FLOAT_MULTIPLE_TRAPS;
    case 0x2C: return STATUS_ASSERTION_FAILURE;
    default: return STATUS_SUCCESS;
    }
}

/// A pointer that was read from freed pool is not canonical, so its use is a general protection fault without an address.
void say_poison(const KI_TRAP_FRAME* frame) {
    constexpr ULONG64 kPoison = 0xDDDDDDDDDDDDDDDD, kNear = 0x10000;
    const struct {
        const char* name;
        ULONG64 value;
    } registers[] = {
        {"rax", frame->Rax}, {"rcx", frame->Rcx}, {"rdx", frame->Rdx}, {"rbx", frame->Rbx}, {"rbp", frame->Rbp},
        {"rsi", frame->Rsi}, {"rdi", frame->Rdi}, {"r8", frame->R8},   {"r9", frame->R9},   {"r10", frame->R10},
        {"r11", frame->R11}, {"r12", frame->R12}, {"r13", frame->R13}, {"r14", frame->R14}, {"r15", frame->R15},
    };
    for (const auto& each : registers)
        if (each.value - (kPoison - kNear) < 2 * kNear)
            KiPrint("%s holds %llx: a pointer that was read from freed pool\n", each.name, each.value);
}

void raise_from(KI_TRAP_FRAME* frame, EXCEPTION_RECORD* record) {
    CONTEXT context;
    KiFrameToContext(frame, &context);
    if (frame->Rflags & cpu::kInterruptFlag) cpu::interrupts_on();
    KiRaise(record, &context);  // comes back only when a filter said "continue execution"
    cpu::interrupts_off();
    KiContextToFrame(&context, frame);
}

void page_fault(KI_TRAP_FRAME* frame) {
    const ULONG64 address = cpu::read_cr2(), error = frame->ErrorCode;
    const ULONG64 operation = error & kFetch ? 8 : error & kWrite ? 1 : 0;
    KI_MODULE module;
    if (KiFindModule(address, &module) && module.Unloaded)
        KiBugCheckFrame(0xCE, address, operation, frame->Rip, 0, frame);
    if (error & kPresent) {
        ULONG64 physical = 0, flags = 0;
        MiTranslate(address, &physical, &flags);
        const ULONG64 entry = (physical & ~0xFFFull) | flags;
        if (error & kFetch) KiBugCheckFrame(0xFC, address, entry, reinterpret_cast<ULONG64>(frame), 0, frame);
        if (error & kWrite) KiBugCheckFrame(0xBE, address, entry, reinterpret_cast<ULONG64>(frame), 0xB, frame);
    }
    if (const PKTHREAD thread = KiCurrentPcr()->CurrentThread;
        thread && thread->StackLimit && address - (reinterpret_cast<ULONG64>(thread->StackLimit) - PAGE_SIZE) < PAGE_SIZE) {
        KiPrint("kernel stack overflow of thread %s\n", thread->Name ? thread->Name : "?");
        KiBugCheckFrame(0x7F, 8, address, frame->Rsp, frame->Rip, frame);
    }
    if (frame->Irql >= DISPATCH_LEVEL)
        KiBugCheckFrame(in_kernel(frame->Rip) ? 0xA : 0xD1, address, frame->Irql, operation, frame->Rip, frame);
    if (address > kUserLimit) KiBugCheckFrame(0x50, address, operation, frame->Rip, 0, frame);
    EXCEPTION_RECORD record = {};
    record.ExceptionCode = STATUS_ACCESS_VIOLATION;
    record.ExceptionAddress = reinterpret_cast<PVOID>(frame->Rip);
    record.NumberParameters = 2;
    record.ExceptionInformation[0] = operation;
    record.ExceptionInformation[1] = address;
    raise_from(frame, &record);
}

}  // namespace

extern "C" VOID KiFault(KI_TRAP_FRAME* frame) {
    if (frame->Vector == 13) say_poison(frame);
    if (frame->Vector == 14) return page_fault(frame);
    if (frame->Vector == 0x29) {
        static EXCEPTION_RECORD record;
        record.ExceptionCode = STATUS_STACK_BUFFER_OVERRUN;
        record.ExceptionAddress = reinterpret_cast<PVOID>(frame->Rip);
        record.NumberParameters = 1;
        record.ExceptionInformation[0] = frame->Rcx;
        KiBugCheckFrame(
            0x139, frame->Rcx, reinterpret_cast<ULONG64>(frame), reinterpret_cast<ULONG64>(&record), 0, frame);
    }
    if (frame->Vector == 2) {  // the host asks a guest that hangs what it is doing
        KiDumpState();
        KiBugCheckFrame(0x80, 0x4F4454, 0, 0, 0, frame);
    }
    if (frame->Vector == 8) {
        // Almost always a kernel stack that ran into its guard page.
        KiPrint("double fault; last page fault at %llx\n", cpu::read_cr2());
        KiBugCheckFrame(0x7F, 8, frame->Rsp, cpu::read_cr2(), frame->Rip, frame);
    }
    if (frame->Vector == 0x2D) {  // debug service without a debugger: DbgPrint's and DbgBreakPoint's; nothing to do
        frame->Rip += 1;
        return;
    }
    const NTSTATUS code = exception_of(frame->Vector);
    if (code == STATUS_SUCCESS) KiBugCheckFrame(0x7F, frame->Vector, frame->ErrorCode, frame->Rsp, frame->Rip, frame);
    EXCEPTION_RECORD record = {};
    record.ExceptionCode = code;
    if (frame->Vector == 3) frame->Rip -= 1;
    record.ExceptionAddress = reinterpret_cast<PVOID>(frame->Rip);
    if (code == STATUS_ACCESS_VIOLATION) {  // a general protection fault has no address; Windows says -1
        record.NumberParameters = 2;
        record.ExceptionInformation[1] = ~0ull;
    }
    raise_from(frame, &record);
}
