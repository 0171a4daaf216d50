/* SPDX-License-Identifier: MIT
 * boot/start.S
 *
 * PVH entry: 32-bit protected mode, paging off, EBX = hvm_start_info. Maps the first 4 GiB one to one and at
 * BOOT_DIRECT_MAP with 2 MiB pages, enters long mode, and calls boot_main(start_info, time stamp).
 */
    .section .note.pvh, "a", @note
    .align 4
    .long 4, 8, 18                  /* name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad pvh_start

    .section .text.boot, "ax"
    .code32
    .globl pvh_start
pvh_start:
    cld
    rdtsc
    movl %eax, boot_tsc
    movl %edx, boot_tsc + 4
    movl $boot_stack_top, %esp

    /* Four page directories of 512 pages of 2 MiB. */
    movl $boot_directories, %edi
    movl $0x183, %eax               /* present, writable, large, global */
    xorl %edx, %edx
    movl $2048, %ecx
1:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $0x200000, %eax
    adcl $0, %edx
    addl $8, %edi
    loop 1b
    movl $boot_pointers, %edi
    movl $boot_directories + 3, %eax
    movl $4, %ecx
2:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 2b
    movl $boot_pointers + 3, %eax
    movl %eax, boot_pml4            /* one to one */
    movl %eax, boot_pml4 + 256 * 8  /* BOOT_DIRECT_MAP */

    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $0x6A0, %eax               /* CR4: PAE, PGE, OSFXSR, OSXMMEXCPT */
    movl %eax, %cr4
    movl $0xC0000080, %ecx          /* EFER: LME, NXE, SCE */
    rdmsr
    orl $0x901, %eax
    wrmsr
    movl $0x80010033, %eax          /* CR0: PG, WP, NE, ET, MP, PE */
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $8, $long_mode

    .code64
long_mode:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl %ebx, %edi
    movq boot_tsc, %rsi
    movl $boot_stack_top, %esp
    call boot_main
3:  cli
    hlt
    jmp 3b

/* void enter_kernel(void *entry, BOOT_INFO *info): the kernel is a PE image, so the argument goes in RCX with shadow space. */
    .globl enter_kernel
enter_kernel:
    movq %rdi, %rax
    movq %rsi, %rcx
    movq $0xFFFF800000000000, %rdx
    addq %rdx, %rcx
    movl $boot_stack_top, %esp
    addq %rdx, %rsp
    subq $32, %rsp
    call *%rax
    ud2

    .data
    .align 16
boot_gdt:
    .quad 0
    .quad 0x00AF9B000000FFFF        /* 64-bit code */
    .quad 0x00CF93000000FFFF        /* data */
boot_gdt_pointer:
    .word 23
    .long boot_gdt

    .bss
    .align 4096
    .globl boot_pml4
boot_pml4:        .skip 4096
boot_pointers:    .skip 4096
boot_directories: .skip 16384
boot_stack:       .skip 16384
boot_stack_top:
boot_tsc:         .skip 8
