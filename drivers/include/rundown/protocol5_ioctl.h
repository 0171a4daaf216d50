/* SPDX-License-Identifier: MIT
 * rundown/protocol5_ioctl.h
 *
 * Control device of the test protocol drivers: \Device\RundownProtocol5, link \DosDevices\RundownProtocol5.
 * All IOCTLs METHOD_BUFFERED, FILE_ANY_ACCESS; all structures fixed-size, little endian, identical for i386 and x86-64.
 */
#pragma once
#include <stdint.h>

#define RD_P5_DEVICE_NAME L"\\Device\\RundownProtocol5"
#define RD_P5_LINK_NAME L"\\DosDevices\\RundownProtocol5"

/* CTL_CODE(FILE_DEVICE_NETWORK 0x12, function, METHOD_BUFFERED, FILE_ANY_ACCESS) */
#define RD_P5_IOCTL(function) ((0x12u << 16) | ((0x800u + (function)) << 2))

#define RD_P5_IOCTL_SET_LOAD RD_P5_IOCTL(0)       /* in: rd_p5_load */
#define RD_P5_IOCTL_GET_COUNTERS RD_P5_IOCTL(1)   /* out: rd_p5_counters */
#define RD_P5_IOCTL_HOLD_RECEIVES RD_P5_IOCTL(2)  /* in: rd_p5_hold. Keep up to `count` receives until told 0. */
#define RD_P5_IOCTL_HOLD_REQUEST RD_P5_IOCTL(3)   /* in: rd_p5_hold. Keep an OID request in flight on each binding. */
#define RD_P5_IOCTL_OPEN_BINDING RD_P5_IOCTL(4)   /* in: rd_p5_binding_name. Bind on request. */
#define RD_P5_IOCTL_CLOSE_BINDING RD_P5_IOCTL(5)  /* in: rd_p5_binding_name. Close outside an unbind. */
#define RD_P5_IOCTL_DEREGISTER RD_P5_IOCTL(6)     /* Call NdisDeregisterProtocol now. out: rd_p5_status */
#define RD_P5_IOCTL_DRAIN_TRACE RD_P5_IOCTL(7)    /* out: rd_p5_trace_chunk + records. For guests without a window. */
#define RD_P5_IOCTL_GET_BINDINGS RD_P5_IOCTL(8)   /* out: rd_p5_bindings */

enum rd_p5_load_level { RD_P5_LOAD_OFF = 0, RD_P5_LOAD_LIGHT = 1, RD_P5_LOAD_HEAVY = 2 };

/* Values under the service's Parameters key, all REG_DWORD but where said; absent means the default. */
#define RD_P5_PARAM_TRACE_BASE L"TraceBase"          /* REG_BINARY, 8 bytes: physical address of the window. */
#define RD_P5_PARAM_TRACE_BYTES L"TraceBytes"        /* REG_DWORD: its size. Both absent: the driver's own ring. */
#define RD_P5_PARAM_DEREGISTER_ON L"DeregisterOn"    /* 0 (default): Unload. 1: the last UnbindAdapter. */
#define RD_P5_PARAM_RECEIVE_STYLE L"ReceiveStyle"    /* 0 (default): ReceivePacket. 1: no ReceivePacket handler: Receive + TransferData. */

#define RD_P5_PARAM_REFUSE_BINDS L"RefuseBinds"      /* 1: BindAdapter fails without opening the adapter. */
#define RD_P5_PARAM_LEAVE_FILTERS L"LeaveFilters"    /* 1: packet filter and multicast list stay set when a binding is closed. */
#define RD_P5_PARAM_RETURN_AFTER L"ReturnAfterMs"    /* Milliseconds into its closing that a binding keeps its receives; 0: none. */

typedef struct rd_p5_load {
    uint32_t level;        /* enum rd_p5_load_level: light = 1 packet in flight per binding, heavy = ring kept full. */
    uint32_t in_flight;    /* Packets kept in flight per binding; 0: the level's default (1 or 64). */
    uint16_t frame_min;    /* 0: RD_FRAME_MIN. */
    uint16_t frame_max;    /* 0: RD_FRAME_MAX. */
    uint32_t oid_threads;  /* Threads issuing OID queries and sets meanwhile, 0 to 4. */
    uint32_t hold_receives; /* Receives kept and returned late, per binding, 0 to 64. */
} rd_p5_load;

typedef struct rd_p5_hold {
    uint32_t count;
} rd_p5_hold;

typedef struct rd_p5_status {
    uint32_t status;
} rd_p5_status;

typedef struct rd_p5_binding_name {
    uint16_t name[128]; /* UTF-16LE, NUL-terminated adapter device name, \Device\{GUID}. */
} rd_p5_binding_name;

typedef struct rd_p5_counters {
    uint32_t bindings;
    uint32_t sends_in_flight;     /* Summed over the bindings, now. */
    uint32_t receives_held;
    uint32_t requests_in_flight;
    uint64_t sent;                /* Completed, success or not, since load. */
    uint64_t send_failures;
    uint64_t received;
    uint64_t receive_bytes;
    uint64_t receive_bad;         /* Test frames with a wrong length or payload. */
    uint64_t requests;
} rd_p5_counters;

typedef struct rd_p5_bindings {
    uint32_t count;
    struct {
        uint32_t number;          /* As in the trace. */
        uint32_t state;           /* 0 opening, 1 bound, 2 closing. */
        uint16_t name[64];
    } binding[16];
} rd_p5_bindings;

typedef struct rd_p5_trace_chunk {
    uint64_t first_sequence;      /* Of the records that follow. */
    uint64_t lost;                /* Records overwritten before they could be drained, so far. */
    uint64_t frequency_hz;
    uint32_t count;               /* rd_trace_record follow. */
    uint32_t reserved;
} rd_p5_trace_chunk;
