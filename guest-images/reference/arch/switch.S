/* SPDX-License-Identifier: MIT
 * arch/switch.S
 *
 * Stack switching. A thread or logical processor that does not run is nothing but a stack pointer: what it needs to go on
 * lies on its stack. Interrupts are off across the switch.
 */
    .text

/* VOID KiSwapStack(ULONG64 *save, ULONG64 load) */
    .p2align 4
    .globl KiSwapStack
    .seh_proc KiSwapStack
KiSwapStack:
    pushq %rbp
    .seh_pushreg %rbp
    pushq %rbx
    .seh_pushreg %rbx
    pushq %rdi
    .seh_pushreg %rdi
    pushq %rsi
    .seh_pushreg %rsi
    pushq %r12
    .seh_pushreg %r12
    pushq %r13
    .seh_pushreg %r13
    pushq %r14
    .seh_pushreg %r14
    pushq %r15
    .seh_pushreg %r15
    subq $168, %rsp
    .seh_stackalloc 168
    .seh_endprologue
    movups %xmm6, 0(%rsp)
    movups %xmm7, 16(%rsp)
    movups %xmm8, 32(%rsp)
    movups %xmm9, 48(%rsp)
    movups %xmm10, 64(%rsp)
    movups %xmm11, 80(%rsp)
    movups %xmm12, 96(%rsp)
    movups %xmm13, 112(%rsp)
    movups %xmm14, 128(%rsp)
    movups %xmm15, 144(%rsp)
    stmxcsr 160(%rsp)
    movq %rsp, (%rcx)
    movq %rdx, %rsp
    movups 0(%rsp), %xmm6
    movups 16(%rsp), %xmm7
    movups 32(%rsp), %xmm8
    movups 48(%rsp), %xmm9
    movups 64(%rsp), %xmm10
    movups 80(%rsp), %xmm11
    movups 96(%rsp), %xmm12
    movups 112(%rsp), %xmm13
    movups 128(%rsp), %xmm14
    movups 144(%rsp), %xmm15
    ldmxcsr 160(%rsp)
    addq $168, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rsi
    popq %rdi
    popq %rbx
    popq %rbp
    ret
    .seh_endproc

/* First return address of a new thread or logical processor: calls the function in RBX, which does not return. */
    .p2align 4
    .globl KiThreadEntry
    .seh_proc KiThreadEntry
KiThreadEntry:
    subq $40, %rsp
    .seh_stackalloc 40
    .seh_endprologue
    call *%rbx
    ud2
    .seh_endproc

/* VOID KiCallOnStack(PVOID top, VOID (*function)(PVOID), PVOID argument): never comes back. */
    .p2align 4
    .globl KiCallOnStack
KiCallOnStack:
    movq %rcx, %rsp
    subq $40, %rsp
    movq %r8, %rcx
    call *%rdx
    ud2
