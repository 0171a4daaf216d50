// SPDX-License-Identifier: MIT
// arch/trap.cpp
//
// Where every interrupt and exception arrives. Interrupts are acknowledged at the APIC at once, and what keeps others
// out afterwards is CR8 alone: an interrupt's service may be suspended half-way while another logical processor has the
// vCPU, and the APIC's in-service register would hold that one's interrupts back.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

void dispatch_interrupt() {
    KiEndOfInterrupt();
    KI_PCR* pcr = KiCurrentPcr();
    pcr->Halted = FALSE;
    if (!pcr->Requested) return;  // asked for by a logical processor that has lost the vCPU since; it asks again
    cpu::set_irql(DISPATCH_LEVEL);
    cpu::interrupts_on();
    KiDispatchInterrupt();
    cpu::interrupts_off();
}

void clock_interrupt() {
    KiEndOfInterrupt();
    KiCurrentPcr()->Halted = FALSE;
    KiClockInterrupt();
}

}  // namespace

extern "C" VOID KiTrap(KI_TRAP_FRAME* frame) {
    const ULONG64 vector = frame->Vector;
    if (vector == KI_VECTOR_CLOCK)
        clock_interrupt();
    else if (vector == KI_VECTOR_DISPATCH)
        dispatch_interrupt();
    else if (vector == KI_VECTOR_SPURIOUS)
        return;
    else if (vector < 0x20 || vector == 0x29 || vector == 0x2C || vector == 0x2D)
        KiFault(frame);
    else
        KiDeviceInterrupt(frame, static_cast<UCHAR>(vector));
}

extern "C" VOID KiFrameToContext(const KI_TRAP_FRAME* frame, PCONTEXT context) {
    RtlZeroMemory(context, sizeof *context);
    context->ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_SEGMENTS;
    context->Rax = frame->Rax, context->Rcx = frame->Rcx, context->Rdx = frame->Rdx, context->Rbx = frame->Rbx;
    context->Rsp = frame->Rsp, context->Rbp = frame->Rbp, context->Rsi = frame->Rsi, context->Rdi = frame->Rdi;
    context->R8 = frame->R8, context->R9 = frame->R9, context->R10 = frame->R10, context->R11 = frame->R11;
    context->R12 = frame->R12, context->R13 = frame->R13, context->R14 = frame->R14, context->R15 = frame->R15;
    context->Rip = frame->Rip;
    context->EFlags = static_cast<ULONG>(frame->Rflags);
    context->SegCs = static_cast<USHORT>(frame->Cs);
    context->SegSs = static_cast<USHORT>(frame->Ss);
    context->MxCsr = frame->MxCsr;
    RtlCopyMemory(&context->Xmm0, frame->Xmm, sizeof frame->Xmm);
    // The compiler of this kernel uses no vector registers, so XMM6 to XMM15 still hold what they held at the trap.
    asm volatile(
        "movups %%xmm6, 0(%0)\n\tmovups %%xmm7, 16(%0)\n\tmovups %%xmm8, 32(%0)\n\tmovups %%xmm9, 48(%0)\n\t"
        "movups %%xmm10, 64(%0)\n\tmovups %%xmm11, 80(%0)\n\tmovups %%xmm12, 96(%0)\n\tmovups %%xmm13, 112(%0)\n\t"
        "movups %%xmm14, 128(%0)\n\tmovups %%xmm15, 144(%0)" ::"r"(&context->Xmm6)
        : "memory");
}

extern "C" VOID KiContextToFrame(const CONTEXT* context, KI_TRAP_FRAME* frame) {
    frame->Rax = context->Rax, frame->Rcx = context->Rcx, frame->Rdx = context->Rdx, frame->Rbx = context->Rbx;
    frame->Rsp = context->Rsp, frame->Rbp = context->Rbp, frame->Rsi = context->Rsi, frame->Rdi = context->Rdi;
    frame->R8 = context->R8, frame->R9 = context->R9, frame->R10 = context->R10, frame->R11 = context->R11;
    frame->R12 = context->R12, frame->R13 = context->R13, frame->R14 = context->R14, frame->R15 = context->R15;
    frame->Rip = context->Rip;
    frame->Rflags = (context->EFlags & 0xCD5) | (frame->Rflags & 0x200) | 2;
    frame->MxCsr = context->MxCsr;
    RtlCopyMemory(frame->Xmm, &context->Xmm0, sizeof frame->Xmm);
    asm volatile(
        "movups 0(%0), %%xmm6\n\tmovups 16(%0), %%xmm7\n\tmovups 32(%0), %%xmm8\n\tmovups 48(%0), %%xmm9\n\t"
        "movups 64(%0), %%xmm10\n\tmovups 80(%0), %%xmm11\n\tmovups 96(%0), %%xmm12\n\tmovups 112(%0), %%xmm13\n\t"
        "movups 128(%0), %%xmm14\n\tmovups 144(%0), %%xmm15" ::"r"(&context->Xmm6)
        : "memory");
}
