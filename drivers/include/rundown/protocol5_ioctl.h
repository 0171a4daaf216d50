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
#define RD_P5_IOCTL_MARK RD_P5_IOCTL(9)           /* in: rd_p5_mark. Writes RD_EV_MARK as the agent's. */
#define RD_P5_IOCTL_SYNC_HOLD RD_P5_IOCTL(10)     /* in: rd_p5_sync_hold. Arms a sync point. */
#define RD_P5_IOCTL_SYNC_RELEASE RD_P5_IOCTL(11)  /* in: rd_p5_sync_release. Disarms it and lets everyone go who is held there. */
#define RD_P5_IOCTL_SYNC_QUERY RD_P5_IOCTL(12)    /* out: rd_p5_sync_state */
#define RD_P5_IOCTL_GET_TRACE RD_P5_IOCTL(13)     /* out: rd_p5_trace_place. Where the trace is. */

enum rd_p5_load_level { RD_P5_LOAD_OFF = 0, RD_P5_LOAD_LIGHT = 1, RD_P5_LOAD_HEAVY = 2 };

/* Where the trace goes: the window of TraceBase; else, with FindWindow=1, the ivshmem window (PCI 1AF4:1110, BAR 2) the driver
 * finds itself; else a ring in the driver's non-paged memory, drained with RD_P5_IOCTL_DRAIN_TRACE or found in a dump. Such
 * a ring is gone with the driver, and with it the records of Unload, but for KeepRing=1: then it stays until the system goes,
 * and the driver goes on with it when it is loaded again; draining then begins with the oldest record there is.
 */

/* Values under the service's Parameters key, all REG_DWORD but where said; absent means the default. */
#define RD_P5_PARAM_TRACE_BASE L"TraceBase"          /* REG_BINARY, 8 bytes: physical address of the window. */
#define RD_P5_PARAM_TRACE_BYTES L"TraceBytes"        /* REG_DWORD: its size. Both absent: the driver's own ring. */
/*                                                      With FindWindow: how much of the window is the ring's; absent: 1 MiB. */
#define RD_P5_PARAM_DEREGISTER_ON L"DeregisterOn"    /* 0 (default): Unload. 1: the last UnbindAdapter. */
#define RD_P5_PARAM_RECEIVE_STYLE L"ReceiveStyle"    /* 0 (default): ReceivePacket. 1: no ReceivePacket handler: Receive + TransferData, */
/*                                                      of frames that lie in the lookahead whole, too: not every miniport can. */

#define RD_P5_PARAM_REFUSE_BINDS L"RefuseBinds"      /* 1: BindAdapter fails without opening the adapter. */
#define RD_P5_PARAM_LEAVE_FILTERS L"LeaveFilters"    /* 1: packet filter and multicast list stay set when a binding is closed. */
#define RD_P5_PARAM_RETURN_AFTER L"ReturnAfterMs"    /* Milliseconds into its closing that a binding keeps its receives; 0: none. */
#define RD_P5_PARAM_FIND_WINDOW L"FindWindow"        /* 1: without TraceBase, look for the ivshmem window on the PCI buses. */
#define RD_P5_PARAM_KEEP_RING L"KeepRing"            /* 1: the driver's own ring outlives it; see above. */
#define RD_P5_PARAM_SEND_STYLE L"SendStyle"          /* 0 (default): NdisSendPackets for several packets. 1: NdisSend for each. */
/*                                                      For ReactOS, whose NdisSendPackets makes no scatter/gather list. */
#define RD_P5_PARAM_CLOSE_BINDINGS L"CloseBindings"  /* enum rd_p5_close_bindings. */

/* Who closes the bindings that are open when the protocol is deregistered. */
enum rd_p5_close_bindings {
    RD_P5_CLOSE_BY_NDIS = 0, /* NdisDeregisterProtocol unbinds each, as documented. */
    RD_P5_CLOSE_BEFORE = 1,  /* The driver, before it calls NdisDeregisterProtocol. */
    RD_P5_CLOSE_LEFT = 2,    /* NDIS; what it leaves open the driver closes when the call has returned: for systems whose NDIS
                                ignores open bindings, so that the guest lives to tell. */
};

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

typedef struct rd_p5_mark {
    uint64_t mark;                /* enum rd_trace_mark: arg0 of the record. */
    uint64_t value;               /* Its arg1. */
} rd_p5_mark;

/*
 * Named sync points: places in the driver where a thread can be held, or delayed, to provoke a race. At PASSIVE_LEVEL a
 * holding point waits for its release, max_ms at most; at DISPATCH_LEVEL nothing may wait: the point then counts
 * `could_not_hold` and goes on at once. A delay stalls the processor at any IRQL. Where one is armed each arrival leaves
 * a RD_EV_SYNC_POINT record. During Unload nobody can command the driver: what is held then, is held for its max_ms.
 */
enum rd_p5_sync_point {
    RD_P5_SYNC_INVALID = 0,
    RD_P5_SYNC_IN_BIND = 1,               /* ProtocolBindAdapter, before the adapter is opened. */
    RD_P5_SYNC_IN_OPEN_COMPLETE = 2,      /* ProtocolOpenAdapterComplete. */
    RD_P5_SYNC_IN_UNBIND = 3,             /* ProtocolUnbindAdapter, before the binding is taken out of use. */
    RD_P5_SYNC_BEFORE_CLOSE = 4,          /* Uses have ended and filters are clear; before NdisCloseAdapter. */
    RD_P5_SYNC_AFTER_CLOSE = 5,           /* The close has completed; before memory is freed and the unbind completed. */
    RD_P5_SYNC_BEFORE_UNBIND_COMPLETE = 6, /* The binding is freed; before the unbind is completed or returns. */
    RD_P5_SYNC_BEFORE_DEREGISTER = 7,     /* Before NdisDeregisterProtocol. Binding 0. */
    RD_P5_SYNC_AFTER_DEREGISTER = 8,      /* After it. Binding 0. */
    RD_P5_SYNC_IN_UNLOAD = 9,             /* First thing in Unload. Binding 0. */
    RD_P5_SYNC_IN_RECEIVE = 10,           /* ProtocolReceivePacket and ProtocolReceive; mostly at DISPATCH_LEVEL. */
    RD_P5_SYNC_IN_SEND_COMPLETE = 11,     /* ProtocolSendComplete; mostly at DISPATCH_LEVEL. */
    RD_P5_SYNC_IN_REQUEST_COMPLETE = 12,  /* ProtocolRequestComplete; mostly at DISPATCH_LEVEL. */
    RD_P5_SYNC_IN_STATUS = 13,            /* ProtocolStatus. */
    RD_P5_SYNC_IN_PNP_EVENT = 14,         /* ProtocolPnPEvent. */
    RD_P5_SYNC_BEFORE_SEND = 15,          /* Before packets are handed to NDIS; with a use of the binding held. */
    RD_P5_SYNC_BEFORE_REQUEST = 16,       /* Before a NdisRequest of the load; with a use of the binding held. */
    RD_P5_SYNC_POINTS = 17,               /* One more than the last. */
};

enum rd_p5_sync_mode {
    RD_P5_SYNC_OFF = 0,
    RD_P5_SYNC_HOLDS = 1,  /* Until released, or max_ms. */
    RD_P5_SYNC_DELAYS = 2, /* delay_us of stalling. */
};

#define RD_P5_SYNC_MAX_MS 600000u   /* A hold ends after 10 minutes at the latest. */
#define RD_P5_SYNC_MAX_US 20000u    /* A stall is 20 ms at most. */

typedef struct rd_p5_sync_hold {
    uint32_t point;               /* enum rd_p5_sync_point. */
    uint32_t mode;                /* RD_P5_SYNC_HOLDS or RD_P5_SYNC_DELAYS. */
    uint32_t binding;             /* Number of the binding it is for; 0: any. */
    uint32_t arrivals;            /* How many arrivals it takes; 0: all until released. */
    uint32_t max_ms;              /* Longest hold, 1 to RD_P5_SYNC_MAX_MS. */
    uint32_t delay_us;            /* Of a delay, 1 to RD_P5_SYNC_MAX_US. */
} rd_p5_sync_hold;

typedef struct rd_p5_sync_release {
    uint32_t point;               /* 0: all. */
} rd_p5_sync_release;

typedef struct rd_p5_sync_point_state {
    uint32_t mode;                /* enum rd_p5_sync_mode: what it is armed for. */
    uint32_t binding;
    uint32_t arrivals_left;       /* Of rd_p5_sync_hold.arrivals; 0xFFFFFFFF: no limit. */
    uint32_t held;                /* Threads held now. */
    uint32_t held_binding;        /* Of the one held first, and */
    uint32_t held_thread;         /* its id, and */
    uint32_t held_ms;             /* how long it has been. */
    uint32_t passed;              /* Arrivals it has held or delayed, since it was armed; those held now included. */
    uint32_t timed_out;           /* Holds ended by max_ms, and */
    uint32_t could_not_hold;      /* arrivals at a raised IRQL. */
} rd_p5_sync_point_state;

typedef struct rd_p5_sync_state {
    uint32_t count;               /* RD_P5_SYNC_POINTS; entry 0 is empty. */
    uint32_t reserved;
    rd_p5_sync_point_state point[RD_P5_SYNC_POINTS];
} rd_p5_sync_state;

enum rd_p5_trace_kind {
    RD_P5_TRACE_NONE = 0,        /* No memory for a ring: nothing is traced. */
    RD_P5_TRACE_GIVEN = 1,       /* The window of TraceBase. */
    RD_P5_TRACE_FOUND = 2,       /* The window the driver found. */
    RD_P5_TRACE_OWN = 3,         /* Its own ring. */
};

/* Why no window was found, with FindWindow=1. */
enum rd_p5_window_search {
    RD_P5_WINDOW_NOT_SOUGHT = 0,
    RD_P5_WINDOW_FOUND = 1,
    RD_P5_WINDOW_NO_DEVICE = 2,     /* No PCI function 1AF4:1110. */
    RD_P5_WINDOW_NOT_ASSIGNED = 3,  /* BAR 2 has no address. */
    RD_P5_WINDOW_OUT_OF_REACH = 4,  /* Its address is above 4 GiB, and the system does not reach there. */
    RD_P5_WINDOW_DECODE_OFF = 5,    /* Memory decoding is off and another driver has the device. */
    RD_P5_WINDOW_NOT_MAPPED = 6,    /* MmMapIoSpace failed. */
    RD_P5_WINDOW_FOREIGN = 7,       /* What is in the window is no trace ring of our version. */
};

typedef struct rd_p5_trace_place {
    uint32_t kind;                /* enum rd_p5_trace_kind. */
    uint32_t search;              /* enum rd_p5_window_search. */
    uint64_t physical;            /* Of the ring's first byte; 0: its pages are scattered. */
    uint64_t bytes;
    uint64_t frequency_hz;
} rd_p5_trace_place;
