/* SPDX-License-Identifier: MIT
 * rundown/frame_abi.h
 *
 * The test frames that host and driver send each other: Ethernet II, EtherType 0x88B5 (IEEE local experimental 1),
 * then this header, then a payload both ends can compute. All fields little endian. Frame length without FCS:
 * 60 to 1514 bytes; `length` counts the whole frame, so padding is checked too.
 */
#pragma once
#include <stdint.h>

#define RD_FRAME_ETHERTYPE 0x88B5u /* On the wire: 88 B5. */
#define RD_FRAME_MAGIC 0x464E4452u /* "RDNF". */
#define RD_FRAME_MIN 60u
#define RD_FRAME_MAX 1514u
#define RD_FRAME_HEADER_OFFSET 14u

#define RD_FRAME_FROM_GUEST 1u
#define RD_FRAME_FROM_HOST 2u

#pragma pack(push, 1)
typedef struct rd_frame_header {
    uint32_t magic;     /* RD_FRAME_MAGIC. */
    uint8_t direction;  /* RD_FRAME_FROM_*. */
    uint8_t flags;      /* 0. */
    uint16_t length;    /* Whole frame in bytes, Ethernet header included. */
    uint32_t stream;    /* From the guest: the driver's binding number. From the host: NIC index. */
    uint32_t sequence;  /* From 0, one by one, per stream. */
} rd_frame_header;      /* 16 bytes */
#pragma pack(pop)

/* Payload byte i (0 is the first byte after the header) of frame `sequence` of `stream`. */
static inline uint8_t rd_frame_payload_byte(uint32_t stream, uint32_t sequence, uint32_t i) {
    return (uint8_t)(sequence * 31u + stream * 7u + i);
}
