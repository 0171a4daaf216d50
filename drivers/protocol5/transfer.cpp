// SPDX-License-Identifier: MIT
// protocol5/transfer.cpp
//
// Receives that come as a lookahead buffer: ProtocolReceive, fetched with NdisTransferData. A frame
// that lies in the lookahead whole is checked there, but for every other one with
// RD_P5_PARAM_RECEIVE_STYLE 1; all the others are transferred, at once or pending. A pending
// transfer holds the binding.
#include "protocol5/ndis_calls.hpp"
#include "protocol5/sync_points.hpp"

namespace
{

P5_TRANSFER_SLOT *&
TransferOf(PNDIS_PACKET packet)
{
    return *reinterpret_cast<P5_TRANSFER_SLOT **>(packet->ProtocolReserved);
}

/// One packet over the slot's data, for the life of the binding.
NDIS_STATUS
PrepareSlot(P5_BINDING *binding, P5_TRANSFER_SLOT *slot)
{
    NDIS_STATUS status;
    PNDIS_BUFFER buffer;

    NdisAllocatePacket(&status, &slot->Packet, binding->PacketPool);
    if (status != NDIS_STATUS_SUCCESS) {
        slot->Packet = nullptr;
        return status;
    }
    TransferOf(slot->Packet) = slot;
    NdisAllocateBuffer(&status, &buffer, binding->BufferPool, slot->Data, sizeof(slot->Data));
    if (status == NDIS_STATUS_SUCCESS) {
        NdisChainBufferAtFront(slot->Packet, buffer);
    }
    return status;
}

void
ReleaseSlot(P5_TRANSFER_SLOT *slot)
{
    PNDIS_BUFFER buffer;

    if (slot->Packet == nullptr) {
        return;
    }
    NdisUnchainBufferAtFront(slot->Packet, &buffer);
    if (buffer != nullptr) {
        NdisFreeBuffer(buffer);
    }
    NdisFreePacket(slot->Packet);
}

/// A free slot, and a reference on the binding with it, or null.
P5_TRANSFER_SLOT *
TakeTransfer(P5_BINDING *binding)
{
    P5_RECEIVER &receiver = binding->Receiver;
    const rundown::SpinLockGuard guard(receiver.Lock);
    P5_TRANSFER_SLOT *slot = receiver.FreeTransfers;

    if (slot == nullptr || !binding->Uses.TryAcquire()) {
        return nullptr;
    }
    receiver.FreeTransfers = slot->Next;
    return slot;
}

/// The data is there, or will not come. The binding may be gone afterwards.
void
FinishTransfer(P5_BINDING *binding, P5_TRANSFER_SLOT *slot, NDIS_STATUS status, ULONG bytes)
{
    if (status == NDIS_STATUS_SUCCESS) {
        const ULONG length = sizeof(slot->Header) + slot->PacketSize;
        rundown::FrameChecker checker(length);

        checker.Feed(slot->Header, sizeof(slot->Header));
        checker.Feed(slot->Data, bytes);
        P5CountReceived(checker, length);
    }
    {
        const rundown::SpinLockGuard guard(binding->Receiver.Lock);

        slot->Next = binding->Receiver.FreeTransfers;
        binding->Receiver.FreeTransfers = slot;
    }
    binding->Uses.Release();
}

/// Fetches the frame's data. Not accepted when it is too long, the slots are all in use, or the
/// binding closes.
NDIS_STATUS
Transfer(P5_BINDING *binding, NDIS_HANDLE macContext, const void *header, ULONG packetSize)
{
    P5_TRANSFER_SLOT *slot = packetSize <= sizeof(slot->Data) ? TakeTransfer(binding) : nullptr;
    UINT bytes = 0;

    if (slot == nullptr) {
        return NDIS_STATUS_NOT_ACCEPTED;
    }
    RtlCopyMemory(slot->Header, header, sizeof(slot->Header));
    slot->PacketSize = packetSize;

    const NDIS_STATUS status = P5NdisTransferData(
        P5Who(binding), binding->Open, macContext, packetSize, slot->Packet, &bytes);

    if (status != NDIS_STATUS_PENDING) {
        FinishTransfer(binding, slot, status, bytes);
    }
    return NDIS_STATUS_SUCCESS;
}

/// Whether to transfer a frame that is here whole. A miniport that indicates whole frames only need
/// not be able to.
bool
WantsTransfer(P5_BINDING *binding)
{
    return P5.ReceiveStyle == 1 && binding->Receiver.Indicated++ % 2 != 0;
}

} // namespace

/// PASSIVE_LEVEL. What was allocated is freed by P5FreeTransfers, after failure too.
NDIS_STATUS
P5InitializeTransfers(P5_BINDING *Binding)
{
    P5_RECEIVER &receiver = Binding->Receiver;

    receiver.Transfers = static_cast<P5_TRANSFER_SLOT *>(
        rundown::AllocatePool(P5TransferSlots * sizeof(P5_TRANSFER_SLOT), P5Tag));
    if (receiver.Transfers == nullptr) {
        return NDIS_STATUS_RESOURCES;
    }
    for (ULONG i = 0; i < P5TransferSlots; ++i) {
        const NDIS_STATUS status = PrepareSlot(Binding, &receiver.Transfers[i]);

        if (status != NDIS_STATUS_SUCCESS) {
            return status;
        }
        receiver.Transfers[i].Next = receiver.FreeTransfers;
        receiver.FreeTransfers = &receiver.Transfers[i];
    }
    return NDIS_STATUS_SUCCESS;
}

/// PASSIVE_LEVEL, with no transfer pending.
void
P5FreeTransfers(P5_BINDING *Binding)
{
    P5_RECEIVER &receiver = Binding->Receiver;

    if (receiver.Transfers == nullptr) {
        return;
    }
    for (ULONG i = 0; i < P5TransferSlots; ++i) {
        ReleaseSlot(&receiver.Transfers[i]);
    }
    rundown::FreePool(receiver.Transfers, P5Tag);
    receiver.Transfers = nullptr;
    receiver.FreeTransfers = nullptr;
}

/// ProtocolReceive: a frame whose buffers are the adapter's and go when this returns.
/// DISPATCH_LEVEL.
NDIS_STATUS NTAPI
P5Receive(
    NDIS_HANDLE ProtocolBindingContext,
    NDIS_HANDLE MacReceiveContext,
    PVOID HeaderBuffer,
    UINT HeaderBufferSize,
    PVOID LookAheadBuffer,
    UINT LookaheadBufferSize,
    UINT PacketSize)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const ULONG length = HeaderBufferSize + PacketSize;
    P5CallbackTrace trace(
        P5Who(binding), RD_EV_RECEIVE, binding, rundown::TraceValue(MacReceiveContext), length);
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    P5SyncPoint(RD_P5_SYNC_IN_RECEIVE, P5Who(binding));
    if (HeaderBufferSize != RD_FRAME_HEADER_OFFSET || binding->Uses.IsRunningDown()) {
        status = NDIS_STATUS_NOT_ACCEPTED;
    } else if (LookaheadBufferSize >= PacketSize && !WantsTransfer(binding)) {
        rundown::FrameChecker checker(length);

        checker.Feed(HeaderBuffer, HeaderBufferSize);
        checker.Feed(LookAheadBuffer, PacketSize);
        P5CountReceived(checker, length);
    } else {
        status = Transfer(binding, MacReceiveContext, HeaderBuffer, PacketSize);
    }
    trace.Returns(static_cast<ULONG>(status));
    return status;
}

/// ProtocolTransferDataComplete: a transfer that pended is done. IRQL <= DISPATCH_LEVEL.
VOID NTAPI
P5TransferDataComplete(
    NDIS_HANDLE ProtocolBindingContext,
    PNDIS_PACKET Packet,
    NDIS_STATUS Status,
    UINT BytesTransferred)
{
    P5_BINDING *binding = static_cast<P5_BINDING *>(ProtocolBindingContext);
    const P5CallbackTrace trace(
        P5Who(binding),
        RD_EV_TRANSFER_DATA_COMPLETE,
        binding,
        rundown::TraceValue(Packet),
        BytesTransferred,
        static_cast<ULONG>(Status));

    FinishTransfer(binding, TransferOf(Packet), Status, BytesTransferred);
}
