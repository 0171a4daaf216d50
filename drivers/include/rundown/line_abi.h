/* SPDX-License-Identifier: MIT
 * rundown/line_abi.h
 *
 * The line in memory: two rings of bytes in the last 256 KiB of the ivshmem window, over which host and agent send each
 * other the RPC's frames once they have met on COM1 (RPC_FORMAT.md has the story and a worked example). A byte on an
 * emulated UART costs microseconds, one in memory nothing; what is left for COM1 is the doorbell, one byte that says "look".
 *
 * Who writes what: the guest's page holds `offered` and `guest`, which only the guest writes, and `host`, which only the host
 * writes; but a guest that offers a line writes everything once, `offered.magic` last. `head` counts bytes a side has put
 * into its outgoing ring, `tail` bytes it has taken from its incoming one; both run on modulo 2^32, and byte n of a ring is
 * at n % RD_LINE_RING_BYTES.
 *
 * Order: the bytes are written before `head` is stored (release) and read after it was loaded (acquire); the same for `tail`.
 * A side that stores `waits` = 1 has a full fence before its last look at the ring, and the other has one between storing
 * `head` and reading `waits`: one of the two sees the other.
 *
 * Neither side believes the other: it keeps its own counters in memory of its own and only publishes them here, loads the
 * other's once, and takes a distance over RD_LINE_RING_BYTES as the end of this line: it goes back to COM1.
 *
 * Compiles as C11 and C++17, on the host and (i386, x86-64) in the guest. No includes but <stdint.h>.
 */
#pragma once
#include <stdint.h>

#define RD_LINE_MAGIC 0x314E494C44524E52ull /* "RNRDLIN1", little endian */
#define RD_LINE_VERSION 1u
#define RD_LINE_AREA_BYTES (256u << 10) /* At the end of the window. */
#define RD_LINE_RING_BYTES (64u << 10)  /* A power of two, and more than four of the largest frames. */
#define RD_LINE_BELL 0x07u              /* The doorbell's byte on COM1, between frames. */

/* What the guest offers. */
typedef struct rd_line_offer {
    volatile uint64_t magic; /* RD_LINE_MAGIC; stored last. */
    uint32_t version;        /* RD_LINE_VERSION. */
    uint32_t ring_bytes;     /* RD_LINE_RING_BYTES. */
    uint32_t epoch;          /* Never 0, another one each time the line begins anew; Hello.line_epoch. */
    uint32_t reserved[11];
} rd_line_offer;

/* What one side writes; a cache line of its own. */
typedef struct rd_line_side {
    volatile uint32_t head;  /* Bytes put into this side's outgoing ring. */
    volatile uint32_t tail;  /* Bytes taken from its incoming ring. */
    volatile uint32_t waits; /* 1: it sleeps, or is about to; ring its bell after writing. */
    volatile uint32_t epoch; /* The epoch this side takes part in; the host's is 0 until it attaches. Stored last. */
    uint32_t reserved[12];
} rd_line_side;

typedef struct rd_line {
    rd_line_offer offered;
    rd_line_side guest;
    rd_line_side host;
    uint8_t unused[4096 - 3 * 64];
    uint8_t to_guest[RD_LINE_RING_BYTES];
    uint8_t to_host[RD_LINE_RING_BYTES];
} rd_line;

/* Where the line begins in a window of that size; 0: the window has no room for it beside a trace. */
static inline uint64_t rd_line_offset(uint64_t window_bytes) {
    return window_bytes < 2u * RD_LINE_AREA_BYTES ? 0 : window_bytes - RD_LINE_AREA_BYTES;
}

#ifdef __cplusplus
static_assert(sizeof(rd_line_offer) == 64 && sizeof(rd_line_side) == 64, "the layout is part of the wire format");
static_assert(sizeof(rd_line) <= RD_LINE_AREA_BYTES, "the line fits its area");
#else
_Static_assert(sizeof(rd_line_offer) == 64 && sizeof(rd_line_side) == 64, "the layout is part of the wire format");
_Static_assert(sizeof(rd_line) <= RD_LINE_AREA_BYTES, "the line fits its area");
#endif
