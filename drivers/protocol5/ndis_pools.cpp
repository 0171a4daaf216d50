// SPDX-License-Identifier: MIT
// protocol5/ndis_pools.cpp
//
// The part of ndis_calls.hpp that allocates and frees NDIS's descriptor pools.
#include "protocol5/ndis_calls.hpp"

using rundown::TraceValue;

namespace
{

void
TracePool(
    P5_WHO who,
    rd_trace_kind kind,
    rd_trace_event event,
    NDIS_HANDLE pool,
    ULONG descriptors,
    ULONG status)
{
    P5Trace.Write(
        {.Kind = kind,
         .Event = event,
         .Binding = who.Number,
         .Status = status,
         .Object = TraceValue(pool),
         .Arguments = {descriptors, 0, 0}});
}

} // namespace

NDIS_STATUS
P5NdisAllocatePacketPool(P5_WHO Who, PNDIS_HANDLE Pool, ULONG Descriptors, ULONG ReservedBytes)
{
    NDIS_STATUS status = NDIS_STATUS_FAILURE;

    TracePool(Who, RD_KIND_CALL, RD_EV_ALLOCATE_PACKET_POOL, nullptr, Descriptors, 0);
    NdisAllocatePacketPool(&status, Pool, Descriptors, ReservedBytes);
    if (status != NDIS_STATUS_SUCCESS) {
        *Pool = nullptr;
    }
    TracePool(Who, RD_KIND_RETURN, RD_EV_ALLOCATE_PACKET_POOL, *Pool, Descriptors, status);
    return status;
}

void
P5NdisFreePacketPool(P5_WHO Who, NDIS_HANDLE Pool)
{
    if (Pool == nullptr) {
        return;
    }
    TracePool(Who, RD_KIND_CALL, RD_EV_FREE_PACKET_POOL, Pool, 0, 0);
    NdisFreePacketPool(Pool);
    TracePool(Who, RD_KIND_RETURN, RD_EV_FREE_PACKET_POOL, Pool, 0, 0);
}

NDIS_STATUS
P5NdisAllocateBufferPool(P5_WHO Who, PNDIS_HANDLE Pool, ULONG Descriptors)
{
    NDIS_STATUS status = NDIS_STATUS_FAILURE;

    TracePool(Who, RD_KIND_CALL, RD_EV_ALLOCATE_BUFFER_POOL, nullptr, Descriptors, 0);
    NdisAllocateBufferPool(&status, Pool, Descriptors);
    if (status != NDIS_STATUS_SUCCESS) {
        *Pool = nullptr;
    }
    TracePool(Who, RD_KIND_RETURN, RD_EV_ALLOCATE_BUFFER_POOL, *Pool, Descriptors, status);
    return status;
}

void
P5NdisFreeBufferPool(P5_WHO Who, NDIS_HANDLE Pool)
{
    if (Pool == nullptr) {
        return;
    }
    TracePool(Who, RD_KIND_CALL, RD_EV_FREE_BUFFER_POOL, Pool, 0, 0);
    NdisFreeBufferPool(Pool);
    TracePool(Who, RD_KIND_RETURN, RD_EV_FREE_BUFFER_POOL, Pool, 0, 0);
}
