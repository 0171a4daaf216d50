/* SPDX-License-Identifier: MIT
 * selftest/try.S
 *
 * What a compiler of drivers writes for
 *   NTSTATUS selftest_try(VOID (*function)(PVOID), PVOID context) {
 *       __try { function(context); } __except (EXCEPTION_EXECUTE_HANDLER) { return GetExceptionCode(); }
 *       return STATUS_SUCCESS;
 *   }
 */
    .text
    .globl selftest_try
    .seh_proc selftest_try
selftest_try:
    subq $40, %rsp
    .seh_stackalloc 40
    .seh_endprologue
    movq %rcx, %rax
    movq %rdx, %rcx
.Lbegin:
    call *%rax
    nop                             /* the return address lies inside, as compilers take care of */
.Lend:
    xorl %eax, %eax
.Lout:
    addq $40, %rsp
    ret
.Lexcept:
    jmp .Lout                       /* RAX: the exception code */
    .seh_handler __C_specific_handler, @except
    .seh_handlerdata
    .long 1
    .rva .Lbegin, .Lend
    .long 1                         /* the filter: take every exception */
    .rva .Lexcept
    .text
    .seh_endproc
