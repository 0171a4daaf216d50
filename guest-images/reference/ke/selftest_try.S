/* SPDX-License-Identifier: MIT
 * ke/selftest_try.S
 *
 * Functions with the scope tables a compiler writes for __try/__except and __try/__finally.
 */
    .text
/* ULONG64 KiSelfTestRead(const ULONG64 *address) { __try { return *address; } __except (filter) { return code; } } */
    .globl KiSelfTestRead
    .seh_proc KiSelfTestRead
KiSelfTestRead:
    subq $40, %rsp
    .seh_stackalloc 40
    .seh_endprologue
.Lread_begin:
    movq (%rcx), %rax
.Lread_end:
    nop
.Lread_out:
    addq $40, %rsp
    ret
.Lread_except:
    jmp .Lread_out                  /* RAX: the exception code */
    .seh_handler KiCSpecificHandler, @except
    .seh_handlerdata
    .long 1
    .rva .Lread_begin, .Lread_end, KiSelfTestFilter, .Lread_except
    .text
    .seh_endproc

/* VOID raise_with_finally(NTSTATUS status) { __try { KiSelfTestRaise(status); } __finally { ... } } */
    .seh_proc raise_with_finally
raise_with_finally:
    pushq %rbp
    .seh_pushreg %rbp
    subq $32, %rsp
    .seh_stackalloc 32
    .seh_endprologue
.Lfinally_begin:
    call KiSelfTestRaise
    nop
.Lfinally_end:
    addq $32, %rsp
    popq %rbp
    ret
    .seh_handler KiCSpecificHandler, @unwind, @except
    .seh_handlerdata
    .long 1
    .rva .Lfinally_begin, .Lfinally_end, KiSelfTestFinally
    .long 0
    .text
    .seh_endproc

/* ULONG64 KiSelfTestCatch(NTSTATUS status) { __try { raise_with_finally(status); } __except (1) { return code; } } */
    .globl KiSelfTestCatch
    .seh_proc KiSelfTestCatch
KiSelfTestCatch:
    pushq %rbx
    .seh_pushreg %rbx
    subq $32, %rsp
    .seh_stackalloc 32
    .seh_endprologue
.Lcatch_begin:
    call raise_with_finally
    nop
.Lcatch_end:
    xorl %eax, %eax
.Lcatch_out:
    addq $32, %rsp
    popq %rbx
    ret
.Lcatch_except:
    jmp .Lcatch_out
    .seh_handler KiCSpecificHandler, @except, @unwind
    .seh_handlerdata
    .long 1
    .rva .Lcatch_begin, .Lcatch_end
    .long 1
    .rva .Lcatch_except
    .text
    .seh_endproc
