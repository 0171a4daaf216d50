/* SPDX-License-Identifier: MIT
 * arch/context.S
 *
 * Capturing and restoring a CONTEXT. Offsets are those of the x64 CONTEXT structure of the Windows headers.
 */
    .text
/* VOID RtlCaptureContext(PCONTEXT): the registers as they will be when this call returns. */
    .p2align 4
    .globl RtlCaptureContext
RtlCaptureContext:
    pushfq
    popq %rax
    movl %eax, 0x44(%rcx)
    movl $0x10000F, 0x30(%rcx)
    stmxcsr 0x34(%rcx)
    movw %cs, 0x38(%rcx)
    movw %ss, 0x42(%rcx)
    movq %rcx, 0x80(%rcx)
    movq %rdx, 0x88(%rcx)
    movq %rbx, 0x90(%rcx)
    leaq 8(%rsp), %rax
    movq %rax, 0x98(%rcx)
    movq %rbp, 0xA0(%rcx)
    movq %rsi, 0xA8(%rcx)
    movq %rdi, 0xB0(%rcx)
    movq %r8, 0xB8(%rcx)
    movq %r9, 0xC0(%rcx)
    movq %r10, 0xC8(%rcx)
    movq %r11, 0xD0(%rcx)
    movq %r12, 0xD8(%rcx)
    movq %r13, 0xE0(%rcx)
    movq %r14, 0xE8(%rcx)
    movq %r15, 0xF0(%rcx)
    movq (%rsp), %rax
    movq %rax, 0xF8(%rcx)
    movups %xmm0, 0x1A0(%rcx)
    movups %xmm1, 0x1B0(%rcx)
    movups %xmm2, 0x1C0(%rcx)
    movups %xmm3, 0x1D0(%rcx)
    movups %xmm4, 0x1E0(%rcx)
    movups %xmm5, 0x1F0(%rcx)
    movups %xmm6, 0x200(%rcx)
    movups %xmm7, 0x210(%rcx)
    movups %xmm8, 0x220(%rcx)
    movups %xmm9, 0x230(%rcx)
    movups %xmm10, 0x240(%rcx)
    movups %xmm11, 0x250(%rcx)
    movups %xmm12, 0x260(%rcx)
    movups %xmm13, 0x270(%rcx)
    movups %xmm14, 0x280(%rcx)
    movups %xmm15, 0x290(%rcx)
    ret

/* VOID KiRestoreContext(PCONTEXT): continues there; does not return. The target's stack lies above ours. */
    .p2align 4
    .globl KiRestoreContext
KiRestoreContext:
    movups 0x1A0(%rcx), %xmm0
    movups 0x1B0(%rcx), %xmm1
    movups 0x1C0(%rcx), %xmm2
    movups 0x1D0(%rcx), %xmm3
    movups 0x1E0(%rcx), %xmm4
    movups 0x1F0(%rcx), %xmm5
    movups 0x200(%rcx), %xmm6
    movups 0x210(%rcx), %xmm7
    movups 0x220(%rcx), %xmm8
    movups 0x230(%rcx), %xmm9
    movups 0x240(%rcx), %xmm10
    movups 0x250(%rcx), %xmm11
    movups 0x260(%rcx), %xmm12
    movups 0x270(%rcx), %xmm13
    movups 0x280(%rcx), %xmm14
    movups 0x290(%rcx), %xmm15
    movq 0x98(%rcx), %rdx           /* the target's stack pointer, where RIP and RCX are put below it */
    movq 0xF8(%rcx), %rax
    movq %rax, -8(%rdx)
    movq 0x80(%rcx), %rax
    movq %rax, -16(%rdx)
    movq 0x78(%rcx), %rax
    movq %rax, -24(%rdx)
    movq 0x88(%rcx), %rax
    movq %rax, -32(%rdx)
    movq 0x90(%rcx), %rbx
    movq 0xA0(%rcx), %rbp
    movq 0xA8(%rcx), %rsi
    movq 0xB0(%rcx), %rdi
    movq 0xB8(%rcx), %r8
    movq 0xC0(%rcx), %r9
    movq 0xC8(%rcx), %r10
    movq 0xD0(%rcx), %r11
    movq 0xD8(%rcx), %r12
    movq 0xE0(%rcx), %r13
    movq 0xE8(%rcx), %r14
    movq 0xF0(%rcx), %r15
    leaq -32(%rdx), %rsp
    popq %rdx
    popq %rax
    popq %rcx
    ret
