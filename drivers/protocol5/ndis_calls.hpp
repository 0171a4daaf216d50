// SPDX-License-Identifier: MIT
// protocol5/ndis_calls.hpp
//
// Every call into NDIS that the trace tells about, with its entry and return records. IRQL and
// ownership are those of the NDIS function of the same name. `Who` is taken by value: when a call
// returns, its binding may be gone.
#pragma once
#include "protocol5/trace.hpp"

extern "C" {

/// The handle is stored through `Handle` by NDIS itself, before any bind. PASSIVE_LEVEL.
NDIS_STATUS
P5NdisRegisterProtocol(PNDIS_HANDLE Handle, PNDIS_PROTOCOL_CHARACTERISTICS Characteristics);

/// PASSIVE_LEVEL, not from a callback of NDIS.
NDIS_STATUS P5NdisDeregisterProtocol(NDIS_HANDLE Protocol);

/// Opens Binding->Name and stores the handle in Binding->Open. After NDIS_STATUS_PENDING the
/// binding belongs to ProtocolOpenAdapterComplete too. PASSIVE_LEVEL.
NDIS_STATUS P5NdisOpenAdapter(P5_BINDING *Binding);

/// After NDIS_STATUS_PENDING the binding may be gone. PASSIVE_LEVEL.
NDIS_STATUS P5NdisCloseAdapter(P5_WHO Who, NDIS_HANDLE Open);

/// `Request` is NDIS's until it completes. IRQL <= DISPATCH_LEVEL.
NDIS_STATUS P5NdisRequest(P5_WHO Who, NDIS_HANDLE Open, PNDIS_REQUEST Request);

/// The packet is NDIS's while the status is NDIS_STATUS_PENDING. IRQL <= DISPATCH_LEVEL.
NDIS_STATUS P5NdisSend(P5_WHO Who, NDIS_HANDLE Open, PNDIS_PACKET Packet);

/// Each packet is NDIS's until ProtocolSendComplete. IRQL <= DISPATCH_LEVEL.
void P5NdisSendPackets(P5_WHO Who, NDIS_HANDLE Open, PPNDIS_PACKET Packets, ULONG Count);

/// Within ProtocolReceive. IRQL DISPATCH_LEVEL.
NDIS_STATUS P5NdisTransferData(
    P5_WHO Who,
    NDIS_HANDLE Open,
    NDIS_HANDLE MacReceiveContext,
    ULONG Bytes,
    PNDIS_PACKET Packet,
    PUINT Transferred);

/// Gives kept receives back. IRQL <= DISPATCH_LEVEL.
void P5NdisReturnPackets(P5_WHO Who, PNDIS_PACKET *Packets, ULONG Count);

/// PASSIVE_LEVEL.
void P5NdisCompleteBindAdapter(P5_WHO Who, NDIS_HANDLE BindContext, NDIS_STATUS Status);
void P5NdisCompleteUnbindAdapter(P5_WHO Who, NDIS_HANDLE UnbindContext, NDIS_STATUS Status);

/// Pools of the binding. The free functions take the null that a failed allocation left.
/// PASSIVE_LEVEL.
NDIS_STATUS
P5NdisAllocatePacketPool(P5_WHO Who, PNDIS_HANDLE Pool, ULONG Descriptors, ULONG ReservedBytes);
void P5NdisFreePacketPool(P5_WHO Who, NDIS_HANDLE Pool);
NDIS_STATUS P5NdisAllocateBufferPool(P5_WHO Who, PNDIS_HANDLE Pool, ULONG Descriptors);
void P5NdisFreeBufferPool(P5_WHO Who, NDIS_HANDLE Pool);
}
