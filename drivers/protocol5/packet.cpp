// SPDX-License-Identifier: MIT
// protocol5/packet.cpp
#include "protocol5/packet.hpp"

namespace
{

/// The host's end of the wire answers to this address; frames to it are never looped back.
constexpr rundown::EthernetAddress HostPeer = {{0x02, 0x52, 0x44, 0x00, 0x00, 0x01}};
constexpr rundown::EthernetAddress Broadcast = {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

/// Every so many frames one is broadcast, which NDIS loops back to the bindings of this adapter.
constexpr ULONG BroadcastEvery = 32;

/// Where an outgoing packet remembers its slot.
P5_SEND_SLOT *&
SlotOf(PNDIS_PACKET packet)
{
    return *reinterpret_cast<P5_SEND_SLOT **>(packet->ProtocolReserved);
}

/// Writes the frame into the slot and returns its length.
USHORT
WriteFrame(P5_BINDING *binding, P5_SEND_SLOT *slot, ULONG sequence)
{
    USHORT shortest;
    USHORT longest;

    P5LoadFrameLengths(&shortest, &longest);

    const rundown::FrameIdentity frame = {
        .Destination = sequence % BroadcastEvery == BroadcastEvery - 1 ? Broadcast : HostPeer,
        .Source = binding->Address,
        .Direction = RD_FRAME_FROM_GUEST,
        .Length = rundown::FrameLengthFor(sequence, shortest, longest),
        .Stream = binding->Number,
        .Sequence = sequence,
    };

    rundown::BuildFrameHeaders(slot->Frame, frame);
    rundown::BuildFramePayload(slot->Frame + rundown::FrameHeadersLength, frame);
    return frame.Length;
}

/// Chains a buffer over `bytes` of memory to the packet's end.
bool
Append(P5_BINDING *binding, PNDIS_PACKET packet, PUCHAR memory, ULONG bytes)
{
    NDIS_STATUS status;
    PNDIS_BUFFER buffer;

    NdisAllocateBuffer(&status, &buffer, binding->BufferPool, memory, bytes);
    if (status != NDIS_STATUS_SUCCESS) {
        return false;
    }
    NdisChainBufferAtBack(packet, buffer);
    return true;
}

} // namespace

/// PASSIVE_LEVEL. What was allocated is freed by P5FreeSender, after failure too.
NDIS_STATUS
P5AllocateSendSlots(P5_SENDER *Sender)
{
    Sender->Slots = static_cast<P5_SEND_SLOT *>(
        rundown::AllocatePool(P5SendSlots * sizeof(P5_SEND_SLOT), P5Tag));
    if (Sender->Slots == nullptr) {
        return NDIS_STATUS_RESOURCES;
    }
    for (ULONG i = 0; i < P5SendSlots; ++i) {
        Sender->Slots[i].Next = Sender->FreeSlots;
        Sender->FreeSlots = &Sender->Slots[i];
    }
    return NDIS_STATUS_SUCCESS;
}

/// PASSIVE_LEVEL, with no packet in flight.
void
P5FreeSender(P5_BINDING *Binding)
{
    rundown::FreePool(Binding->Sender.Slots, P5Tag);
    Binding->Sender.Slots = nullptr;
    Binding->Sender.FreeSlots = nullptr;
}

PNDIS_PACKET
P5BuildPacket(P5_BINDING *Binding, P5_SEND_SLOT *Slot, ULONG Sequence)
{
    const USHORT length = WriteFrame(Binding, Slot, Sequence);
    const ULONG headers = rundown::FrameHeadersLength;
    NDIS_STATUS status;
    PNDIS_PACKET packet;

    NdisAllocatePacket(&status, &packet, Binding->PacketPool);
    if (status != NDIS_STATUS_SUCCESS) {
        return nullptr;
    }
    SlotOf(packet) = Slot;
    if (!Append(Binding, packet, Slot->Frame, headers) ||
        !Append(Binding, packet, Slot->Frame + headers, length - headers)) {
        P5FreePacket(packet);
        return nullptr;
    }
    NDIS_SET_PACKET_HEADER_SIZE(packet, RD_FRAME_HEADER_OFFSET);
    return packet;
}

ULONG64
P5FrameIdOf(PNDIS_PACKET Packet)
{
    rd_frame_header header;

    RtlCopyMemory(&header, SlotOf(Packet)->Frame + RD_FRAME_HEADER_OFFSET, sizeof(header));
    return static_cast<ULONG64>(header.stream) << 32 | header.sequence;
}

P5_SEND_SLOT *
P5FreePacket(PNDIS_PACKET Packet)
{
    P5_SEND_SLOT *slot = SlotOf(Packet);
    PNDIS_BUFFER buffer;

    for (;;) {
        NdisUnchainBufferAtFront(Packet, &buffer);
        if (buffer == nullptr) {
            break;
        }
        NdisFreeBuffer(buffer);
    }
    NdisFreePacket(Packet);
    return slot;
}
