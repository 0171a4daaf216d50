/* SPDX-License-Identifier: MIT
 * diskboot/stage2.S
 *
 * The second stage's way between the modes: asks the BIOS for the memory map, goes to 32-bit protected mode without
 * paging and calls stage2_main(); bios_read() goes back to real mode for one INT 13h. Code and data that real mode
 * touches lie below 64 KiB, so that every segment is 0.
 */
    .set CODE32, 0x08
    .set DATA32, 0x10
    .set CODE16, 0x18
    .set DATA16, 0x20
    .set REAL_STACK, 0x7C00
    .set STACK32, 0x20000           /* grows down towards .bss at 0x10000 */
    .set MEMORY_ENTRIES_MAX, 64

    .section .text.stage2, "ax"
    .code16
    .globl stage2
stage2:
    inb $0x92, %al                  /* A20, should the BIOS have left it off */
    orb $2, %al
    andb $0xFE, %al
    outb %al, $0x92

    xorl %ebx, %ebx                 /* INT 15h E820h: one entry a call, 24 bytes each */
    movw $bios_memory, %di
1:  movl $0xE820, %eax
    movl $0x534D4150, %edx
    movl $20, %ecx
    movl $0, 20(%di)
    int $0x15
    jc 2f
    cmpl $0x534D4150, %eax
    jne 2f
    addw $24, %di
    incw bios_memory_entries
    cmpw $MEMORY_ENTRIES_MAX, bios_memory_entries
    je 2f
    testl %ebx, %ebx
    jnz 1b

2:  cli
    lgdtl gdt_pointer
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CODE32, $enter32

    .code32
enter32:
    movl $DATA32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    movl $STACK32, %esp
    cld
    movl $bss_begin, %edi
    movl $bss_end, %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    rep stosb
    call stage2_main
3:  hlt
    jmp 3b

/* unsigned bios_read(void): INT 13h, AH=42h with disk_packet. 0, or the BIOS's error code. */
    .globl bios_read
bios_read:
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    movl %esp, saved_stack
    ljmp $CODE16, $real_soon
    .code16
real_soon:                          /* 16-bit segments first, so that real mode has their limits */
    movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl %cr0, %eax
    andb $0xFE, %al
    movl %eax, %cr0
    ljmp $0, $real_now
real_now:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $REAL_STACK, %esp
    lidtl real_idt_pointer
    sti
    movb boot_drive, %dl
    movb $0x42, %ah
    movw $disk_packet, %si
    int $0x13
    cli
    cld
    movzbw %ah, %ax
    jc 4f
    xorw %ax, %ax
4:  movw %ax, bios_status
    lgdtl gdt_pointer
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CODE32, $back32
    .code32
back32:
    movl $DATA32, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    movl saved_stack, %esp
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    movzwl bios_status, %eax
    ret

/* void enter_pvh(uint32_t entry, const void *start_info): as Xen's "x86/HVM direct boot ABI" wants it: EBX is the start
 * info, flat 32-bit segments, no paging, interrupts off. */
    .globl enter_pvh
enter_pvh:
    movl 4(%esp), %eax
    movl 8(%esp), %ebx
    jmp *%eax

    .section .data.stage2, "aw"
    .align 8
gdt:
    .quad 0
    .quad 0x00CF9B000000FFFF        /* CODE32 */
    .quad 0x00CF93000000FFFF        /* DATA32 */
    .quad 0x00009B000000FFFF        /* CODE16 */
    .quad 0x000093000000FFFF        /* DATA16 */
gdt_pointer:
    .word . - gdt - 1
    .long gdt
    .align 4
real_idt_pointer:
    .word 0x3FF
    .long 0
    .align 8
    .globl disk_packet
disk_packet:
    .skip 16
    .globl bios_memory, bios_memory_entries
bios_memory:
    .skip 24 * MEMORY_ENTRIES_MAX
bios_memory_entries:
    .long 0
saved_stack:
    .long 0
bios_status:
    .word 0
