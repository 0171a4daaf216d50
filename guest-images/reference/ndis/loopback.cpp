// SPDX-License-Identifier: MIT
// ndis/loopback.cpp
//
// Frames that stay in the machine: what is sent is indicated to every open whose filter wants it, as Ethernet would have
// brought it back. NDIS does it from a copy, through ProtocolReceive with the whole frame as lookahead.
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

constexpr UINT kHeaderBytes = 14;

/// The opens that want the frame, referenced.
ULONG who_wants(Open* sender, PNDIS_PACKET packet, const UCHAR* destination, Open** opens) {
    Miniport* miniport = sender->miniport;
    const bool not_to_sender = (NdisGetPacketFlags(packet) & NDIS_FLAGS_DONT_LOOPBACK) != 0;
    ULONG count = 0;
    const CoreGuard guard;
    for (PLIST_ENTRY entry = miniport->opens.Flink; entry != &miniport->opens && count < kOpensMax; entry = entry->Flink) {
        Open* open = CONTAINING_RECORD(entry, Open, miniport_entry);
        if (!gets_indications(open->state) || (open == sender && not_to_sender)) continue;
        if (!wants(open->packet_filter, open->multicast, miniport->address, destination, false)) continue;
        reference(open);
        opens[count++] = open;
    }
    return count;
}

UINT copy_frame(PNDIS_PACKET packet, UCHAR* to, UINT room) {
    UINT bytes = 0;
    for (PNDIS_BUFFER buffer = packet->Private.Head; buffer; buffer = buffer->Next) {
        PVOID memory;
        UINT length;
        NdisQueryBufferSafe(buffer, &memory, &length, NormalPagePriority);
        if (!memory || length > room - bytes) return 0;
        RtlCopyMemory(to + bytes, memory, length);
        bytes += length;
    }
    return bytes;
}

}  // namespace

bool loop_back(Open* sender, PNDIS_PACKET packet) {
    const bool only = (NdisGetPacketFlags(packet) & NDIS_FLAGS_LOOPBACK_ONLY) != 0;
    PNDIS_BUFFER first;
    UINT total;
    NdisQueryPacket(packet, nullptr, nullptr, &first, &total);
    if (!first || total < kHeaderBytes || (sender->miniport->loops_back && !only)) return only;
    PVOID start;
    UINT length;
    NdisQueryBufferSafe(first, &start, &length, NormalPagePriority);
    if (!start || length < kAddressBytes) return only;
    Open* opens[kOpensMax];
    const ULONG count = who_wants(sender, packet, static_cast<const UCHAR*>(start), opens);
    if (!count) return only;
    auto* frame = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, total, kFrameTag));
    if (frame && copy_frame(packet, frame, total) == total) {
        for (ULONG i = 0; i < count; ++i) {
            ReceiveContext context = {kReceiveContextMagic, sender->miniport, nullptr, frame, nullptr, total, kHeaderBytes};
            call_receive(opens[i], context, frame, kHeaderBytes, frame + kHeaderBytes, total - kHeaderBytes, total - kHeaderBytes);
        }
    }
    finish_receive(opens, count);
    if (frame) ExFreePoolWithTag(frame, kFrameTag);
    return only;
}

}  // namespace ndis
