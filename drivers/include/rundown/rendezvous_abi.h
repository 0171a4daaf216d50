/* SPDX-License-Identifier: MIT
 * rundown/rendezvous_abi.h
 *
 * The rendezvous of a deterministic run (`deterministic=1` on the guest's command line): the one place where a guest whose
 * time is counted in instructions meets the world. The guest writes to a word at a fixed address, on which the host has put a
 * watchpoint through QEMU's gdb stub: the machine stops right behind that instruction, and its time stands still while the
 * host takes what the guest has written, does its work, however long that takes, and writes what the guest is to find. Then
 * the host lets it go on. Nothing else from outside reaches such a guest.
 * (A watchpoint, because QEMU throws away all translated code when it stops at a breakpoint, and not at a watchpoint.)
 *
 * What is exchanged lies in the ivshmem window: the RPC's bytes in the rings of rundown/line_abi.h, of which the rendezvous
 * is the doorbell, and this block behind them.
 *
 * Compiles as C11 and C++17, on the host and in the guest. No includes but <stdint.h> and line_abi.h.
 */
#pragma once
#include <rundown/line_abi.h>
#include <stdint.h>

/* The word, alone on a page next to KUSER_SHARED_DATA: each access to a page with a watchpoint on it is slow. */
#define RD_RENDEZVOUS_WORD 0xFFFFF78000002000ull
#define RD_RENDEZVOUS_WORD_BYTES 4u

#define RD_RENDEZVOUS_MAGIC 0x31565A444E525252ull /* "RRRNDZV1", little endian */

/* Written by the guest before each rendezvous; the host only reads. */
typedef struct rd_rendezvous {
    volatile uint64_t magic; /* RD_RENDEZVOUS_MAGIC; stored last. */
    uint64_t frequency_hz;   /* Ticks a second of `time`. */
    volatile uint64_t time;  /* The guest's performance counter as it came. Never runs backwards. */
    volatile uint64_t count; /* Of rendezvous so far, this one included. */
    uint64_t reserved[4];
} rd_rendezvous;

/* Where the block lies in the window's area for the line (rd_line_offset). */
#define RD_RENDEZVOUS_OFFSET (RD_LINE_AREA_BYTES - 4096u)

#ifdef __cplusplus
static_assert(sizeof(rd_rendezvous) == 64, "the layout is part of the wire format");
static_assert(sizeof(rd_line) + 4096 <= RD_LINE_AREA_BYTES, "line and rendezvous share the area");
#else
_Static_assert(sizeof(rd_rendezvous) == 64, "the layout is part of the wire format");
_Static_assert(sizeof(rd_line) + 4096 <= RD_LINE_AREA_BYTES, "line and rendezvous share the area");
#endif
