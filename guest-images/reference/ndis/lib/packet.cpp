// SPDX-License-Identifier: MIT
// ndis/lib/packet.cpp
//
// Exports that look into a packet: its buffers, cancel id, status, size.
#include "ndis/lib/packet_layout.hpp"

using namespace ndis;

/// Takes the first buffer off; null when there is none. <= DISPATCH_LEVEL.
VOID NTAPI NdisUnchainBufferAtFront(PNDIS_PACKET Packet, PNDIS_BUFFER* Buffer) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisUnchainBufferAtFront", NDIS_CALLER);
    PNDIS_BUFFER first = Packet->Private.Head;
    *Buffer = first;
    if (!first) return;
    Packet->Private.Head = first->Next;
    if (!first->Next) Packet->Private.Tail = nullptr;
    first->Next = nullptr;
    Packet->Private.ValidCounts = FALSE;
}

/// Takes the last buffer off; null when there is none. <= DISPATCH_LEVEL.
VOID NTAPI NdisUnchainBufferAtBack(PNDIS_PACKET Packet, PNDIS_BUFFER* Buffer) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisUnchainBufferAtBack", NDIS_CALLER);
    PNDIS_BUFFER* link = &Packet->Private.Head;
    PNDIS_BUFFER before = nullptr;
    while (*link && (*link)->Next) {
        before = *link;
        link = &before->Next;
    }
    *Buffer = *link;
    if (!*link) return;
    *link = nullptr;
    Packet->Private.Tail = before;
    Packet->Private.ValidCounts = FALSE;
}

/// The first buffer, its mapping (null: no address space) and lengths. A packet without buffers gives nulls. <= DISPATCH_LEVEL.
VOID NTAPI NdisGetFirstBufferFromPacketSafe(
    PNDIS_PACKET Packet, PNDIS_BUFFER* FirstBuffer, PVOID* FirstBufferVA, PUINT FirstBufferLength, PUINT TotalBufferLength,
    MM_PAGE_PRIORITY Priority) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisGetFirstBufferFromPacketSafe", NDIS_CALLER);
    PNDIS_BUFFER buffer = Packet->Private.Head;
    *FirstBuffer = buffer;
    *FirstBufferVA = buffer ? MmGetSystemAddressForMdlSafe(buffer, Priority) : nullptr;
    *FirstBufferLength = buffer ? MmGetMdlByteCount(buffer) : 0;
    *TotalBufferLength = 0;
    for (; buffer; buffer = buffer->Next) *TotalBufferLength += MmGetMdlByteCount(buffer);
}

VOID NTAPI NdisGetFirstBufferFromPacket(
    PNDIS_PACKET Packet, PNDIS_BUFFER* FirstBuffer, PVOID* FirstBufferVA, PUINT FirstBufferLength, PUINT TotalBufferLength) {
    NdisGetFirstBufferFromPacketSafe(Packet, FirstBuffer, FirstBufferVA, FirstBufferLength, TotalBufferLength, HighPagePriority);
}

/// Bytes of a packet with so much ProtocolReserved, as a driver would have to reserve them. Any IRQL.
UINT NTAPI NdisPacketSize(UINT ProtocolReservedSize) {
    return static_cast<UINT>(
        packet_oob_offset(ProtocolReservedSize) + sizeof(NDIS_PACKET_OOB_DATA) + sizeof(NDIS_PACKET_EXTENSION));
}

PVOID NTAPI NdisGetPacketCancelId(PNDIS_PACKET Packet) { return NDIS_GET_PACKET_CANCEL_ID(Packet); }
VOID NTAPI NdisSetPacketCancelId(PNDIS_PACKET Packet, PVOID CancelId) { NDIS_SET_PACKET_CANCEL_ID(Packet, CancelId); }

/// NDIS_SET_PACKET_STATUS as a function; the code is for tracing and not kept. Any IRQL.
VOID NTAPI NdisSetPacketStatus(PNDIS_PACKET Packet, NDIS_STATUS Status, NDIS_HANDLE, ULONG) {
    NDIS_SET_PACKET_STATUS(Packet, Status);
}

/// The high byte of a driver's cancel ids: every caller gets another one until 256 have been given. Any IRQL.
UCHAR NTAPI NdisGeneratePartialCancelId(VOID) {
    static LONG last = 0;
    return static_cast<UCHAR>(__atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
}
