/* SPDX-License-Identifier: MIT
 * arch/trap_entry.S
 *
 * 256 interrupt entries. Each pushes an error code where the processor does not, and its vector; the common part builds
 * a KI_TRAP_FRAME on the interrupted stack (volatile XMM registers included, since drivers may use them anywhere),
 * calls KiTrap and goes back. The .seh directives let the unwinder walk through an interrupted frame.
 */
    .text
    .p2align 4
    .globl KiTrapEntries
KiTrapEntries:
    .set vector, 0
    .rept 256
    .p2align 4
    .if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21)
    .else
    pushq $0
    .endif
    pushq $vector
    jmp KiTrapCommon
    .set vector, vector + 1
    .endr

    .p2align 4
    .globl KiTrapCommon
    .seh_proc KiTrapCommon
KiTrapCommon:
    .seh_pushframe code
    .seh_stackalloc 8
    pushq %r15
    .seh_pushreg %r15
    pushq %r14
    .seh_pushreg %r14
    pushq %r13
    .seh_pushreg %r13
    pushq %r12
    .seh_pushreg %r12
    pushq %r11
    .seh_stackalloc 8
    pushq %r10
    .seh_stackalloc 8
    pushq %r9
    .seh_stackalloc 8
    pushq %r8
    .seh_stackalloc 8
    pushq %rdi
    .seh_pushreg %rdi
    pushq %rsi
    .seh_pushreg %rsi
    pushq %rbp
    .seh_pushreg %rbp
    pushq %rbx
    .seh_pushreg %rbx
    pushq %rdx
    .seh_stackalloc 8
    pushq %rcx
    .seh_stackalloc 8
    pushq %rax
    .seh_stackalloc 8
    subq $144, %rsp
    .seh_stackalloc 144
    .seh_endprologue
    movups %xmm0, 32(%rsp)
    movups %xmm1, 48(%rsp)
    movups %xmm2, 64(%rsp)
    movups %xmm3, 80(%rsp)
    movups %xmm4, 96(%rsp)
    movups %xmm5, 112(%rsp)
    stmxcsr 128(%rsp)
    movq %cr8, %rax
    movq %rax, 136(%rsp)
    cld
    leaq 32(%rsp), %rcx             /* above the shadow space; the processor aligned the stack */
    call KiTrap
    cli
    movq 136(%rsp), %rax
    movq %rax, %cr8
    movups 32(%rsp), %xmm0
    movups 48(%rsp), %xmm1
    movups 64(%rsp), %xmm2
    movups 80(%rsp), %xmm3
    movups 96(%rsp), %xmm4
    movups 112(%rsp), %xmm5
    ldmxcsr 128(%rsp)
    addq $144, %rsp
    popq %rax
    popq %rcx
    popq %rdx
    popq %rbx
    popq %rbp
    popq %rsi
    popq %rdi
    popq %r8
    popq %r9
    popq %r10
    popq %r11
    popq %r12
    popq %r13
    popq %r14
    popq %r15
    addq $16, %rsp
    iretq
    .seh_endproc
