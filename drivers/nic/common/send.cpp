// SPDX-License-Identifier: MIT
// nic/common/send.cpp
//
// From MiniportSendPackets to NdisMSendComplete. Every packet pends: it waits in `waiting` until
// the card's ring has room, and is completed once the card has read it, or cannot be sent any more.
#include "adapter.hpp"

namespace nic
{

namespace
{

/// Why frames cannot be taken now; NDIS_STATUS_SUCCESS when they can. Send lock.
NDIS_STATUS
send_refusal(const Adapter &adapter)
{
    if (adapter.removed || adapter.state == AdapterState::halted) {
        return NDIS_STATUS_FAILURE;
    }
    if (adapter.state != AdapterState::running) {
        return NDIS_STATUS_RESET_IN_PROGRESS;
    }
    return adapter.link.up ? NDIS_STATUS_SUCCESS : NDIS_STATUS_NO_CABLE;
}

/// Notes the frame's length and kind of destination while its data may be read. False: it is not a
/// frame.
bool
mark_frame(NDIS_PACKET *packet, uint32_t bytes)
{
    NDIS_BUFFER *first = nullptr;
    PVOID data = nullptr;
    UINT first_bytes = 0, total = 0;
    NdisGetFirstBufferFromPacketSafe(
        packet, &first, &data, &first_bytes, &total, NormalPagePriority);
    if (data == nullptr || first_bytes < sizeof(MacAddress) || total != bytes ||
        bytes < kHeaderBytes || bytes > kFrameBytesMax) {
        return false;
    }
    MacAddress destination;
    NdisMoveMemory(destination.bytes, data, sizeof(destination));
    SendMark &mark = send_mark(packet);
    mark.bytes = static_cast<uint16_t>(bytes);
    mark.group = destination.is_group();
    mark.broadcast = destination.is_broadcast();
    return true;
}

/// Gives one packet to the card. Send lock.
PostResult
post_packet(Adapter &adapter, NDIS_PACKET *packet)
{
    const auto *list = static_cast<const SCATTER_GATHER_LIST *>(
        NDIS_PER_PACKET_INFO_FROM_PACKET(packet, ScatterGatherListPacketInfo));
    if (list == nullptr || list->NumberOfElements > kFragmentsMax) {
        return PostResult::refused;
    }
    uint32_t bytes = 0;
    for (ULONG i = 0; i < list->NumberOfElements; ++i) {
        const SCATTER_GATHER_ELEMENT &element = list->Elements[i];
        adapter.fragments[i + 1] = {
            static_cast<uint64_t>(element.Address.QuadPart), static_cast<uint32_t>(element.Length)};
        bytes += element.Length;
    }
    if (!mark_frame(packet, bytes)) {
        return PostResult::refused;
    }
    return adapter.device->transmit(adapter.fragments, list->NumberOfElements, bytes, packet);
}

/// Send lock.
void
count_sent(Adapter &adapter, const SendMark &mark)
{
    Statistics &s = adapter.sent;
    ++s.frames_sent;
    Statistics::Traffic &kind = !mark.group      ? s.directed_sent
                                : mark.broadcast ? s.broadcast_sent
                                                 : s.multicast_sent;
    kind.count(mark.bytes);
}

} // namespace

void
pump_sends(Adapter &adapter, PacketQueue &done)
{
    while (NDIS_PACKET *packet = adapter.waiting.front()) {
        const PostResult result = post_packet(adapter, packet);
        if (result == PostResult::full) {
            break;
        }
        adapter.waiting.pop_front();
        if (result == PostResult::posted) {
            ++adapter.in_ring;
        } else {
            ++adapter.sent.send_errors;
            NDIS_SET_PACKET_STATUS(packet, NDIS_STATUS_INVALID_PACKET);
            done.push_back(packet);
        }
    }
    adapter.device->flush_transmits();
}

void
complete_sends(Adapter &adapter, uint32_t &budget)
{
    PacketQueue done;
    {
        const LockGuard send(adapter.send_lock);
        if (adapter.state != AdapterState::running || adapter.removed) {
            return;
        }
        bool sent = false;
        for (; budget != 0; --budget) {
            void *token = adapter.device->reap_transmit(sent);
            if (token == nullptr) {
                break;
            }
            auto *packet = static_cast<NDIS_PACKET *>(token);
            --adapter.in_ring;
            if (sent) {
                count_sent(adapter, send_mark(packet));
            } else {
                ++adapter.sent.send_errors;
            }
            NDIS_SET_PACKET_STATUS(packet, sent ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE);
            done.push_back(packet);
        }
        pump_sends(adapter, done);
    }
    finish_packets(adapter, done);
}

void
finish_packets(Adapter &adapter, PacketQueue &packets)
{
    while (NDIS_PACKET *packet = packets.pop_front()) {
        NdisMSendComplete(adapter.miniport, packet, NDIS_GET_PACKET_STATUS(packet));
    }
}

void
set_status(PacketQueue &packets, NDIS_STATUS status)
{
    PacketQueue marked;
    while (NDIS_PACKET *packet = packets.pop_front()) {
        NDIS_SET_PACKET_STATUS(packet, status);
        marked.push_back(packet);
    }
    marked.move_to(packets);
}

extern "C" VOID NTAPI
MiniportSendPackets(NDIS_HANDLE context, PPNDIS_PACKET packets, UINT count)
{
    Adapter &adapter = adapter_of(context);
    PacketQueue done;
    {
        const LockGuard send(adapter.send_lock);
        const NDIS_STATUS refusal = send_refusal(adapter);
        for (UINT i = 0; i < count; ++i) {
            if (refusal == NDIS_STATUS_SUCCESS) {
                NDIS_SET_PACKET_STATUS(packets[i], NDIS_STATUS_PENDING);
                adapter.waiting.push_back(packets[i]);
            } else {
                ++adapter.sent.send_errors;
                NDIS_SET_PACKET_STATUS(packets[i], refusal);
                done.push_back(packets[i]);
            }
        }
        if (refusal == NDIS_STATUS_SUCCESS) {
            pump_sends(adapter, done);
        }
    }
    finish_packets(adapter, done);
}

extern "C" VOID NTAPI
MiniportCancelSendPackets(NDIS_HANDLE context, PVOID cancel_id)
{
    Adapter &adapter = adapter_of(context);
    PacketQueue cancelled;
    {
        // What the card already has is sent: it cannot be told apart in the ring, and goes out
        // soon.
        const LockGuard send(adapter.send_lock);
        PacketQueue kept;
        while (NDIS_PACKET *packet = adapter.waiting.pop_front()) {
            const bool match = NDIS_GET_PACKET_CANCEL_ID(packet) == cancel_id;
            (match ? cancelled : kept).push_back(packet);
        }
        kept.move_to(adapter.waiting);
    }
    set_status(cancelled, NDIS_STATUS_REQUEST_ABORTED);
    finish_packets(adapter, cancelled);
}

} // namespace nic
