/* SPDX-License-Identifier: MIT
 * rundown/ndis_control.h
 *
 * What the reference guest's ndis.sys offers its agent on \Device\Ndis: adapters, bindings and NDIS's own books.
 * Reference guest only; METHOD_BUFFERED. Never used by drivers under test.
 */
#pragma once
#include <stdint.h>

#define RD_NDIS_DEVICE_NAME L"\\Device\\Ndis"
#define RD_NDIS_IOCTL(function) ((0x17u << 16) | ((0xA00u + (function)) << 2))

#define RD_NDIS_IOCTL_ADAPTERS RD_NDIS_IOCTL(0)  /* out: rd_ndis_adapters */
#define RD_NDIS_IOCTL_ENABLE RD_NDIS_IOCTL(1)    /* in: rd_ndis_adapter_name. Starts the adapter's device. */
#define RD_NDIS_IOCTL_DISABLE RD_NDIS_IOCTL(2)   /* in: rd_ndis_adapter_name. Unbinds everything, halts the miniport. */
#define RD_NDIS_IOCTL_BINDINGS RD_NDIS_IOCTL(3)  /* out: rd_ndis_bindings */
#define RD_NDIS_IOCTL_BIND RD_NDIS_IOCTL(4)      /* in: rd_ndis_pair. Calls BindAdapter, waits for its end. */
#define RD_NDIS_IOCTL_UNBIND RD_NDIS_IOCTL(5)    /* in: rd_ndis_pair. Calls UnbindAdapter, waits for its end. */
#define RD_NDIS_IOCTL_CENSUS RD_NDIS_IOCTL(6)    /* out: rd_ndis_census */
#define RD_NDIS_IOCTL_WAIT_BINDS RD_NDIS_IOCTL(7) /* Waits until the binding engine has no work queued. */

#define RD_NDIS_IOCTL_RECONFIGURE RD_NDIS_IOCTL(8) /* in: rd_ndis_pair. NetEventReconfigure; no adapter: the protocol. */
#define RD_NDIS_IOCTL_SET_POWER RD_NDIS_IOCTL(9)   /* in: rd_ndis_power. Queries and sets the device's power state. */
#define RD_NDIS_IOCTL_RESET RD_NDIS_IOCTL(10)      /* in: rd_ndis_adapter_name. Resets the adapter, waits for the end. */
#define RD_NDIS_IOCTL_UNLOAD_PROTOCOL RD_NDIS_IOCTL(11) /* in: rd_ndis_pair, adapter ignored. Calls ProtocolUnload. */

typedef struct rd_ndis_adapter_name {
    uint16_t name[64]; /* \Device\{GUID}, UTF-16LE, NUL-terminated. */
} rd_ndis_adapter_name;

typedef struct rd_ndis_pair {
    uint16_t adapter[64];
    uint16_t protocol[64]; /* Name given to NdisRegisterProtocol. */
} rd_ndis_pair;

typedef struct rd_ndis_power {
    uint16_t adapter[64];
    uint32_t device_state; /* DEVICE_POWER_STATE: 1 is D0 ... 4 is D3. */
    uint32_t reserved;
} rd_ndis_power;

typedef struct rd_ndis_adapters {
    uint32_t count;
    uint32_t reserved;
    struct {
        uint16_t name[64];
        uint16_t service[32];     /* "e1000", "virtionet". */
        uint8_t mac[6];
        uint8_t started;
        uint8_t link_up;
        uint32_t pci_address;     /* bus<<8 | device<<3 | function */
        uint32_t packet_filter;   /* Pushed to the miniport last. */
        uint32_t multicast_count;
        uint32_t open_count;
        uint64_t frames_in, frames_out; /* Indicated up; completed. */
    } adapter[16];
} rd_ndis_adapters;

typedef struct rd_ndis_bindings {
    uint32_t count;
    uint32_t reserved;
    struct {
        uint16_t adapter[64];
        uint16_t protocol[64];
        uint32_t number;          /* NDIS's binding number in the trace. */
        uint32_t state;           /* 0 opening, 1 open, 2 unbinding, 3 closing. */
        uint32_t packet_filter;
        uint32_t reserved;
    } binding[32];
} rd_ndis_bindings;

/* What NDIS has allocated and not released, now. */
typedef struct rd_ndis_census {
    uint32_t protocols;
    uint32_t opens;
    uint32_t filters;           /* Opens with a non-zero packet filter or multicast list. */
    uint32_t adapters;
    uint32_t packet_pools;
    uint32_t packets_out;       /* Allocated from any pool and not freed. */
    uint32_t buffer_pools;
    uint32_t buffers_out;
    uint32_t requests_pending;
    uint32_t sends_pending;
    uint32_t receives_out;      /* Indicated, references kept, not returned. */
    uint32_t reserved;
} rd_ndis_census;
