// SPDX-License-Identifier: MIT
// ndis/transfer.cpp
//
// NdisTransferData: the rest of a frame that ProtocolReceive was shown the beginning of. From frames NDIS has in hand it is a
// copy, completed at once or, by the seed, by a DPC; from a miniport of the older kind it is MiniportTransferData.
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

constexpr ULONG kPendOneIn = 2;

/// A transfer whose completion is a DPC's.
struct Later {
    KDPC dpc;
    Open* open;
    PNDIS_PACKET packet;
    UINT bytes;
};

/// The transfer is over. The reference of the transfer on the open goes.
void complete(Open* open, PNDIS_PACKET packet, NDIS_STATUS status, UINT bytes, PVOID caller) {
    packet_transferred(packet, "NdisMTransferDataComplete", caller);
    const DispatchScope dispatch;
    const NDIS_HANDLE context = open->context;
    trace(RD_KIND_CALLBACK, RD_EV_TRANSFER_DATA_COMPLETE, open->number, status, context, number(packet), bytes);
    open->protocol->characteristics.TransferDataCompleteHandler(context, packet, status, bytes);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_TRANSFER_DATA_COMPLETE, open->number, status, context, number(packet), bytes);
    dereference(open);
}

VOID NTAPI complete_later(PKDPC, PVOID context, PVOID, PVOID) {
    auto* later = static_cast<Later*>(context);
    Open* open = later->open;
    const PNDIS_PACKET packet = later->packet;
    const UINT bytes = later->bytes;
    ExFreePoolWithTag(later, kWorkTag);
    complete(open, packet, NDIS_STATUS_SUCCESS, bytes, NDIS_CALLER);
}

/// True: the completion will come by a DPC.
bool pend(Open* open, PNDIS_PACKET packet, UINT bytes) {
    if (!open->protocol->characteristics.TransferDataCompleteHandler || !seeded_choice(kPendOneIn)) return false;
    auto* later = static_cast<Later*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Later), kWorkTag));
    if (!later) return false;
    later->open = open;
    later->packet = packet;
    later->bytes = bytes;
    KeInitializeDpc(&later->dpc, complete_later, later);
    KeInsertQueueDpc(&later->dpc, nullptr, nullptr);
    return true;
}

/// Copies contiguous bytes into a packet's buffers; how many fitted.
UINT copy_to_packet(PNDIS_PACKET packet, const UCHAR* from, UINT bytes) {
    UINT copied = 0;
    for (PNDIS_BUFFER buffer = packet->Private.Head; buffer && copied < bytes; buffer = buffer->Next) {
        PVOID memory;
        UINT length;
        NdisQueryBufferSafe(buffer, &memory, &length, NormalPagePriority);
        if (!memory) break;
        const UINT part = length < bytes - copied ? length : bytes - copied;
        RtlCopyMemory(memory, from + copied, part);
        copied += part;
    }
    return copied;
}

UINT copy_from(const ReceiveContext& context, UINT offset, UINT bytes, PNDIS_PACKET packet) {
    const UINT from = context.header_bytes + offset;
    if (from >= context.bytes) return 0;
    if (bytes > context.bytes - from) bytes = context.bytes - from;
    if (context.frame) return copy_to_packet(packet, context.frame + from, bytes);
    UINT copied = 0;
    NdisCopyFromPacketToPacket(packet, 0, bytes, context.packet, from, &copied);
    return copied;
}

NDIS_STATUS from_miniport(Open* open, const ReceiveContext& context, UINT offset, UINT bytes, PNDIS_PACKET packet, PUINT transferred) {
    Miniport* miniport = open->miniport;
    const NDIS_MINIPORT_CHARACTERISTICS& handlers = miniport->owner->characteristics;
    if (!handlers.TransferDataHandler) return NDIS_STATUS_NOT_SUPPORTED;
    state_of(packet).miniport = miniport;
    // Inside an indication a serialised miniport's lock is held already.
    const bool inside = inside_serialised(miniport);
    if (!inside) enter_miniport(miniport);
    const NDIS_STATUS status = handlers.TransferDataHandler(
        packet, transferred, miniport->block.MiniportAdapterContext, context.mac_context, offset, bytes);
    if (!inside) leave_miniport(miniport);
    return status;
}

}  // namespace

NDIS_STATUS transfer_data(Open* open, NDIS_HANDLE handle, UINT offset, UINT bytes, PNDIS_PACKET packet, PUINT transferred, PVOID caller) {
    const auto* context = static_cast<const ReceiveContext*>(handle);
    *transferred = 0;
    if (context->magic != kReceiveContextMagic || context->miniport != open->miniport) return NDIS_STATUS_FAILURE;
    packet_transferring(packet, open, "NdisTransferData", caller);
    reference(open);
    NDIS_STATUS status;
    if (context->packet || context->frame) {
        const UINT copied = copy_from(*context, offset, bytes, packet);
        if (pend(open, packet, copied)) return NDIS_STATUS_PENDING;
        *transferred = copied;
        status = NDIS_STATUS_SUCCESS;
    } else {
        status = from_miniport(open, *context, offset, bytes, packet, transferred);
        if (status == NDIS_STATUS_PENDING) return status;
    }
    packet_transferred(packet, "NdisTransferData", caller);
    dereference(open);  // not the last: the caller holds one
    return status;
}

void transfer_completed(Miniport* miniport, PNDIS_PACKET packet, NDIS_STATUS status, UINT bytes, PVOID caller) {
    auto* open = static_cast<Open*>(state_of(packet).open);
    if (!open || owner_of(packet) != PacketOwner::transfer || open->miniport != miniport)
        RdBugCheckText("ndis.sys: a miniport completes a transfer it does not have", 0xC4, kNotTransferring, number(packet), number(miniport), number(caller));
    complete(open, packet, status, bytes, caller);
}

namespace {

NDIS_STATUS transfer(
    NDIS_HANDLE handle, NDIS_HANDLE context, UINT offset, UINT bytes, PNDIS_PACKET packet, PUINT transferred, PVOID caller) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisTransferData", caller);
    Open* open = reference_open(handle, "NdisTransferData");
    const USHORT binding = open ? open->number : 0;
    trace(RD_KIND_CALL, RD_EV_TRANSFER_DATA, binding, 0, handle, number(packet));
    const NDIS_STATUS status = open ? transfer_data(open, context, offset, bytes, packet, transferred, caller) : NDIS_STATUS_CLOSING;
    trace(RD_KIND_RETURN, RD_EV_TRANSFER_DATA, binding, status, handle, number(packet));
    if (open) dereference(open);
    return status;
}

}  // namespace

}  // namespace ndis

using namespace ndis;

/// Only inside ProtocolReceive, with its MacReceiveContext. `ByteOffset` counts from behind the header. A final status with
/// *BytesTransferred, or PENDING and TransferDataComplete. <= DISPATCH_LEVEL.
extern "C" VOID NTAPI NdisTransferData(
    PNDIS_STATUS Status, NDIS_HANDLE NdisBindingHandle, NDIS_HANDLE MacReceiveContext, UINT ByteOffset, UINT BytesToTransfer,
    PNDIS_PACKET Packet, PUINT BytesTransferred) {
    *Status = transfer(NdisBindingHandle, MacReceiveContext, ByteOffset, BytesToTransfer, Packet, BytesTransferred, NDIS_CALLER);
}
/// NDIS_OPEN_BLOCK.TransferDataHandler.
extern "C" NDIS_STATUS NTAPI NdispOpenTransfer(
    NDIS_HANDLE BindingHandle, NDIS_HANDLE MacReceiveContext, UINT ByteOffset, UINT Bytes, PNDIS_PACKET Packet, PUINT BytesTransferred) {
    return transfer(BindingHandle, MacReceiveContext, ByteOffset, Bytes, Packet, BytesTransferred, NDIS_CALLER);
}
/// <= DISPATCH_LEVEL.
extern "C" VOID NTAPI
NdisMTransferDataComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_PACKET Packet, NDIS_STATUS Status, UINT BytesTransferred) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMTransferDataComplete", NDIS_CALLER);
    transfer_completed(static_cast<Miniport*>(MiniportAdapterHandle), Packet, Status, BytesTransferred, NDIS_CALLER);
}
