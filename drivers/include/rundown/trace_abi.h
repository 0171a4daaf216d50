/* SPDX-License-Identifier: MIT
 * rundown/trace_abi.h
 *
 * The trace: a ring of fixed-size binary records shared by the driver under test, NDIS, the kernel, the agent and
 * the host. The ring lives in an ivshmem window (the host reads it while the guest runs, and after it crashed) or in
 * non-paged memory of the driver (drained by RPC). Any number of producers, any IRQL, never blocks: a producer takes a
 * sequence number with one interlocked add, writes the record, and publishes it by storing `commit` last. A slow
 * reader loses the oldest records and can tell exactly how many. TRACE_FORMAT.md has a worked example.
 *
 * Compiles as C11 and C++17, on the host and (i386, x86-64) in the guest. No includes but <stdint.h>.
 */
#pragma once
#include <stdint.h>

#define RD_TRACE_MAGIC 0x3143525444524E52ull /* "RNRDTRC1", little endian */
#define RD_TRACE_VERSION 1u
#define RD_TRACE_HEADER_BYTES 4096u
#define RD_TRACE_RECORD_BYTES 64u

/* First page of the window. Written once by whoever initialises the ring (the guest's kernel or the driver). */
typedef struct rd_trace_header {
    uint64_t magic;              /* RD_TRACE_MAGIC once the ring is ready; stored last. */
    uint32_t version;            /* RD_TRACE_VERSION. */
    uint32_t record_bytes;       /* RD_TRACE_RECORD_BYTES. */
    uint64_t capacity;           /* Records in the ring: record of sequence s is at s % capacity. */
    uint64_t frequency_hz;       /* Ticks a second of rd_trace_record.time. */
    uint64_t boot_id;            /* Drawn anew at each boot. */
    volatile uint64_t driver_bindings; /* Last binding number the driver drew; outlives a reload of the driver. */
    uint64_t physical;           /* Of this header, in a ring of the driver's whose pages lie in a row; else 0. */
    uint64_t bytes;              /* Of such a ring, header and records: with `magic` at a page of that address it is one. */
    volatile uint64_t head;      /* Next sequence number to reserve; own cache line. */
    uint64_t reserved_head[7];
} rd_trace_header;

/* One thing that happened. Little endian. */
typedef struct rd_trace_record {
    volatile uint64_t commit;    /* Sequence number + 1 once the record is complete; anything else: being written. */
    uint64_t time;               /* KeQueryPerformanceCounter ticks. */
    uint32_t thread;             /* Low 32 bits of the thread id. */
    uint8_t processor;           /* Logical processor. */
    uint8_t irql;                /* IRQL at the moment of the record. */
    uint8_t source;              /* enum rd_trace_source. */
    uint8_t kind;                /* enum rd_trace_kind. */
    uint16_t event;              /* enum rd_trace_event. */
    uint16_t binding;            /* Source's own number of the binding, from 1, never reused in a boot; 0: none. */
    uint32_t status;             /* NDIS_STATUS or NTSTATUS, where the event has one (returns, completions). */
    uint64_t object;             /* Handle or object the event is about; see the event. */
    uint64_t arg[3];             /* See the event; what it does not name is 0. */
} rd_trace_record;

/* Who wrote the record. */
enum rd_trace_source {
    RD_SOURCE_INVALID = 0,
    RD_SOURCE_DRIVER = 1,  /* The driver under test. */
    RD_SOURCE_NDIS = 2,    /* The guest's ndis.sys (reference guest). */
    RD_SOURCE_KERNEL = 3,  /* The guest's kernel (reference guest). */
    RD_SOURCE_AGENT = 4,   /* The agent, on the host's behalf. */
};

/* What sort of moment it is. "call": protocol driver into NDIS. "callback": NDIS into the protocol driver. */
enum rd_trace_kind {
    RD_KIND_INVALID = 0,
    RD_KIND_CALL = 1,            /* Entry of a call into NDIS (or the kernel). */
    RD_KIND_RETURN = 2,          /* Its return; status is what it returned. */
    RD_KIND_CALLBACK = 3,        /* Entry of a handler. */
    RD_KIND_CALLBACK_RETURN = 4, /* Its return. */
    RD_KIND_NOTE = 5,            /* A fact. */
};

/*
 * The functions and facts. `protocol`: NDIS protocol handle; `open`: NDIS binding handle (NDIS_OPEN_BLOCK*);
 * `context`: the driver's ProtocolBindingContext. On calls the status is unset but where said.
 */
enum rd_trace_event {
    RD_EV_INVALID = 0,

    /* Protocol driver -> NDIS (kinds CALL, RETURN). */
    RD_EV_REGISTER_PROTOCOL = 1,    /* RETURN: object=protocol, arg0=NDIS major<<8|minor. */
    RD_EV_DEREGISTER_PROTOCOL = 2,  /* object=protocol. NDIS's CALL: arg0=open bindings at that moment. */
    RD_EV_OPEN_ADAPTER = 3,         /* CALL: object=context. RETURN: object=open, arg0=context. */
    RD_EV_CLOSE_ADAPTER = 4,        /* object=open, arg0=context. */
    RD_EV_REQUEST = 5,              /* object=open, arg0=NDIS_REQUEST*, arg1=OID | type<<32 (0 query, 1 set), arg2: of a
                                       set: bytes of its buffer <<32 | the first 4 of them. */
    RD_EV_SEND = 6,                 /* object=open, arg0=packet. NdisSend; RETURN has its status. CALL of the test drivers:
                                       arg1=stream<<32|sequence of the test frame in it (rundown/frame_abi.h). */
    RD_EV_SEND_PACKETS = 7,         /* object=open, arg0=array, arg1=count. One PACKET_SENT note per packet before it. */
    RD_EV_TRANSFER_DATA = 8,        /* object=open, arg0=packet. */
    RD_EV_RETURN_PACKETS = 9,       /* object=packet (one call, one record per packet). */
    RD_EV_RESET = 10,               /* object=open. */
    RD_EV_COMPLETE_BIND = 11,       /* object=bind context, status. */
    RD_EV_COMPLETE_UNBIND = 12,     /* object=unbind context, status. */
    RD_EV_ALLOCATE_PACKET_POOL = 13, /* RETURN: object=pool, arg0=descriptors. */
    RD_EV_FREE_PACKET_POOL = 14,    /* object=pool. */
    RD_EV_ALLOCATE_BUFFER_POOL = 15, /* RETURN: object=pool, arg0=descriptors. */
    RD_EV_FREE_BUFFER_POOL = 16,    /* object=pool. */
    RD_EV_CANCEL_SEND_PACKETS = 17, /* object=open, arg0=cancel id. */

    /* NDIS -> protocol driver (kinds CALLBACK, CALLBACK_RETURN). */
    RD_EV_BIND_ADAPTER = 32,            /* object=bind context, arg0=FNV-1a 64 of the device name (UTF-16LE bytes). RETURN: status. */
    RD_EV_UNBIND_ADAPTER = 33,          /* object=context, arg0=unbind context. RETURN: status. */
    RD_EV_OPEN_ADAPTER_COMPLETE = 34,   /* object=context, arg0=open, status. */
    RD_EV_CLOSE_ADAPTER_COMPLETE = 35,  /* object=context, status. */
    RD_EV_REQUEST_COMPLETE = 36,        /* object=context, arg0=NDIS_REQUEST*, arg1=OID, status. */
    RD_EV_SEND_COMPLETE = 37,           /* object=context, arg0=packet, status. */
    RD_EV_TRANSFER_DATA_COMPLETE = 38,  /* object=context, arg0=packet, arg1=bytes, status. */
    RD_EV_RESET_COMPLETE = 39,          /* object=context, status. */
    RD_EV_RECEIVE = 40,                 /* object=context, arg0=MAC receive context, arg1=packet bytes. */
    RD_EV_RECEIVE_COMPLETE = 41,        /* object=context. */
    RD_EV_RECEIVE_PACKET = 42,          /* object=context, arg0=packet. RETURN: arg0=packet, arg1=references the driver keeps. */
    RD_EV_STATUS = 43,                  /* object=context, status=the indicated status. */
    RD_EV_STATUS_COMPLETE = 44,         /* object=context. */
    RD_EV_PNP_EVENT = 45,               /* object=context (0: global), arg0=NET_PNP_EVENT_CODE. RETURN: status. */
    RD_EV_PROTOCOL_UNLOAD = 46,         /* UnloadHandler of the protocol characteristics. */

    /* The system -> the driver (kinds CALLBACK, CALLBACK_RETURN). */
    RD_EV_DRIVER_ENTRY = 64,        /* object=DRIVER_OBJECT. RETURN: status. */
    RD_EV_DRIVER_UNLOAD = 65,       /* object=DRIVER_OBJECT. */
    RD_EV_SHUTDOWN = 66,            /* IRP_MJ_SHUTDOWN. */
    RD_EV_DEVICE_CONTROL = 67,      /* arg0=IOCTL code. RETURN: status. */
    RD_EV_HANDLE_CREATE = 68,       /* IRP_MJ_CREATE: object=FILE_OBJECT. RETURN: status. */
    RD_EV_HANDLE_CLOSE = 69,        /* IRP_MJ_CLOSE, the file object's last: object=FILE_OBJECT. */

    /* Facts (kind NOTE). */
    RD_EV_PACKET_SENT = 96,         /* object=open, arg0=packet, arg1=bytes: about to go down in a SEND_PACKETS. Of the test
                                       drivers: arg2=stream<<32|sequence of the test frame in it. */
    RD_EV_BINDING_CREATED = 97,     /* object=context. */
    RD_EV_BINDING_FREED = 98,       /* object=context: the driver frees its per-binding memory now. */
    RD_EV_BINDING_TOUCHED = 99,     /* object=context: driver code used the binding outside any call (a timer, a thread). */
    RD_EV_IN_FLIGHT = 100,          /* object=context; arg0=sends | receives held<<32; arg1=requests. */
    RD_EV_LOAD = 101,               /* arg0=level (0 off, 1 light, 2 heavy). */
    RD_EV_FILTER_SET = 102,         /* NDIS: object=open, arg0=this open's packet filter, arg1=filter pushed to the miniport. */
    RD_EV_OPEN_FREED = 103,         /* NDIS: object=open: memory of the open released. */
    RD_EV_PROTOCOL_FREED = 104,     /* NDIS: object=protocol: memory of the protocol released. */
    RD_EV_MARK = 105,               /* Agent: arg0=rd_trace_mark, arg1=free. A phase of the run begins. */
    RD_EV_BUG_CHECK = 106,          /* Kernel: object=code, arg0=parameter 1, arg1=parameter 2; a second record follows. */
    RD_EV_BUG_CHECK_MORE = 107,     /* Kernel: object=instruction, arg0=parameter 3, arg1=parameter 4. */
    RD_EV_BUG_CHECK_STACK = 112,    /* Kernel, one a frame after the two: object=instruction, arg0=depth from 0, arg1=offset in its
                                       module, arg2=FNV-1a 64 of the module's name as of IMAGE_LOADED; 0 outside of modules. */
    RD_EV_SYNC_POINT = 113,         /* Of the test drivers, at an armed sync point: object=context, arg0=rd_p5_sync_point,
                                       arg1=rd_trace_sync_outcome, arg2=microseconds it took. */
    RD_EV_IMAGE_LOADED = 108,       /* Kernel: object=base, arg0=bytes, arg1=FNV-1a 64 of the lower-case base name (ASCII). */
    RD_EV_IMAGE_UNLOADED = 109,     /* Kernel: object=base, arg0=bytes, arg1=as above. */
    RD_EV_SWITCH = 110,             /* Kernel: logical processor switch; object=from, arg0=to. Off by default. */
    RD_EV_VIOLATION = 111,          /* NDIS/kernel: contract broken, guest goes on; object=what, arg0=rd_trace_violation, arg1=detail. */
};

/* Marks the host puts between the phases of a run (RD_EV_MARK, arg0). */
enum rd_trace_mark {
    RD_MARK_INVALID = 0,
    RD_MARK_BIND = 1,     /* Driver is about to be loaded or bound. */
    RD_MARK_LOAD = 2,     /* Load begins. */
    RD_MARK_TRIGGER = 3,  /* The teardown under test is triggered now. arg1: cycle. */
    RD_MARK_SETTLED = 4,  /* The trigger's operation has returned. arg1: cycle. */
    RD_MARK_RELOAD = 5,   /* Proof that the image can be loaded again. */
    RD_MARK_END = 6,      /* Nothing after this is judged. */
};

/* What a guest that watches saw go wrong (RD_EV_VIOLATION, arg0). */
enum rd_trace_violation {
    RD_VIOLATION_INVALID = 0,
    RD_VIOLATION_BAD_PROTOCOL_HANDLE = 1, /* NdisDeregisterProtocol with a handle that is not a registered protocol. */
    RD_VIOLATION_BAD_OPEN_HANDLE = 2,     /* A call on an open that is closed, closing or was never one. */
    RD_VIOLATION_WRONG_IRQL = 3,          /* detail=IRQL. */
    RD_VIOLATION_UNBIND_LEFT_OPEN = 4,    /* UnbindAdapter completed, yet the open is not closed. */
    RD_VIOLATION_POOL_LEAKED = 5,         /* Unload returned with pool of the driver's; detail=bytes. */
    RD_VIOLATION_PACKET_LEAKED = 6,       /* Packet pool freed or driver gone with packets out; detail=count. */
    RD_VIOLATION_LIVE_OBJECT = 7,         /* Unload returned with live objects; detail=rd_trace_live_object<<32 | count. */
    RD_VIOLATION_BUFFER_LEAKED = 8,       /* Buffer pool freed with buffers out; detail=count. */
    RD_VIOLATION_WRONG_CALL = 9,          /* A function of another NDIS version; detail=version of the protocol it was given. */
};

/* What of a driver's was alive when its Unload returned (RD_VIOLATION_LIVE_OBJECT, high half of the detail). */
enum rd_trace_live_object {
    RD_LIVE_INVALID = 0,
    RD_LIVE_DEVICES = 1,
    RD_LIVE_TIMERS = 2,
    RD_LIVE_DPCS = 3,
    RD_LIVE_THREADS = 4,
    RD_LIVE_INTERRUPTS = 5,
    RD_LIVE_WORK_ITEMS = 6,
};

/* What became of a thread at a sync point (RD_EV_SYNC_POINT, arg1). */
enum rd_trace_sync_outcome {
    RD_SYNC_INVALID = 0,
    RD_SYNC_ARRIVED = 1,        /* About to be held. */
    RD_SYNC_RELEASED = 2,       /* Held, and let go. */
    RD_SYNC_TIMED_OUT = 3,      /* Held for the longest time allowed. */
    RD_SYNC_COULD_NOT_HOLD = 4, /* The IRQL is raised. */
    RD_SYNC_DELAYED = 5,
};

/* Bytes a ring of `window_bytes` can hold, as records. */
static inline uint64_t rd_trace_capacity(uint64_t window_bytes) {
    return window_bytes < RD_TRACE_HEADER_BYTES + RD_TRACE_RECORD_BYTES
               ? 0
               : (window_bytes - RD_TRACE_HEADER_BYTES) / RD_TRACE_RECORD_BYTES;
}

static inline rd_trace_record *rd_trace_slot(rd_trace_header *ring, uint64_t sequence) {
    return (rd_trace_record *)((uint8_t *)ring + RD_TRACE_HEADER_BYTES) + sequence % ring->capacity;
}

/* Reserves a record: fill in everything but `commit`, then rd_trace_publish. Any IRQL, any processor, never waits. */
static inline rd_trace_record *rd_trace_reserve(rd_trace_header *ring, uint64_t *sequence) {
    *sequence = __atomic_fetch_add(&ring->head, 1, __ATOMIC_RELAXED);
    rd_trace_record *record = rd_trace_slot(ring, *sequence);
    __atomic_store_n(&record->commit, 0, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return record;
}

static inline void rd_trace_publish(rd_trace_record *record, uint64_t sequence) {
    __atomic_store_n(&record->commit, sequence + 1, __ATOMIC_RELEASE);
}

#ifdef __cplusplus
static_assert(sizeof(rd_trace_record) == RD_TRACE_RECORD_BYTES, "the record is part of the wire format");
static_assert(sizeof(rd_trace_header) == 128, "the header is part of the wire format");
#else
_Static_assert(sizeof(rd_trace_record) == RD_TRACE_RECORD_BYTES, "the record is part of the wire format");
_Static_assert(sizeof(rd_trace_header) == 128, "the header is part of the wire format");
#endif
