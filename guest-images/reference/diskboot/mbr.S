/* SPDX-License-Identifier: MIT
 * diskboot/mbr.S
 *
 * The boot record: the BIOS reads it to 0x7C00 and enters it in real mode with the drive's number in DL (BIOS Boot
 * Specification 1.01, 6.5.1). It reads the second stage to 0x7E00, right behind itself, with the extended read of
 * INT 13h ("BIOS Enhanced Disk Drive Specification" 3.0), and goes there.
 */
    .section .text.mbr, "ax"
    .code16
    .globl mbr_start
mbr_start:
    ljmp $0, $1f                    /* some BIOSes enter at 07C0:0000 */
1:  cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7C00, %sp
    sti
    cld
    movb %dl, boot_drive
    movb $0x41, %ah                 /* are there extensions? */
    movw $0x55AA, %bx
    int $0x13
    jc mbr_fail
    cmpw $0xAA55, %bx
    jne mbr_fail
    movb boot_drive, %dl
    movb $0x42, %ah
    movw $mbr_packet, %si
    int $0x13
    jc mbr_fail
    jmp stage2

mbr_fail:
    movw $mbr_complaint, %si
2:  lodsb
    testb %al, %al
    jz 3f
    outb %al, $0xE9
    movb $0x0E, %ah                 /* on the screen, where there is one */
    movw $7, %bx
    int $0x10
    jmp 2b
3:  movw $0x505, %dx                /* pvpanic, then power off: nobody shall wait */
    movb $1, %al
    outb %al, %dx
    movw $0x604, %dx
    movw $0x2000, %ax
    outw %ax, %dx
4:  cli
    hlt
    jmp 4b

    .align 4
mbr_packet:                         /* the disk address packet */
    .byte 16, 0
    .word 63                        /* sectors: kDiskLoaderSectors - 1 */
    .word 0x7E00, 0                 /* to 0000:7E00 */
    .quad 1
    .globl boot_drive
boot_drive:
    .byte 0
mbr_complaint:
    .asciz "rundown diskboot: the BIOS could not read the second stage\r\n"

    .org 446
    .byte 0x80, 0, 2, 0             /* active, so that BIOSes boot it; CHS is nobody's business */
    .byte 0xDA, 0xFF, 0xFF, 0xFF    /* "non-file-system data" */
    .long 1, 0x7FFFFFFF             /* the host writes the disk's real size */
    .org 510
    .word 0xAA55
