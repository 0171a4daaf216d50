// SPDX-License-Identifier: MIT
// ndis/receive.cpp
//
// Receives, from a miniport to the opens whose filters want them: as packets (NdisMIndicateReceivePacket) and by the older way
// (NdisMEthIndicateReceive). A protocol without ReceivePacketHandler sees packets through ProtocolReceive; and every protocol
// does so with one that the miniport wants back at once (NDIS_STATUS_RESOURCES), and with all behind it in the same call.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff553456(v=vs.85) (MiniportReturnPacket)
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff558916(v=vs.85) (NDIS_SET_PACKET_STATUS)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

constexpr UINT kHeaderBytes = 14;

/// The opens that want a frame from the wire, referenced.
ULONG who_wants(Miniport* miniport, const UCHAR* destination, Open** opens) {
    ULONG count = 0;
    const CoreGuard guard;
    for (PLIST_ENTRY entry = miniport->opens.Flink; entry != &miniport->opens && count < kOpensMax; entry = entry->Flink) {
        Open* open = CONTAINING_RECORD(entry, Open, miniport_entry);
        if (!gets_indications(open->state)) continue;
        if (!wants(open->packet_filter, open->multicast, miniport->address, destination, true)) continue;
        reference(open);
        opens[count++] = open;
    }
    return count;
}

/// Opens that have received something in this run of indications, each referenced once, to get ReceiveComplete at its end.
struct Receivers {
    Open* open[kOpensMax];
    ULONG count = 0;

    /// Takes over the reference.
    void add(Open* one) {
        for (ULONG i = 0; i < count; ++i)
            if (open[i] == one) return dereference(one);  // not the last: the list has one
        if (count == kOpensMax) return dereference(one);
        open[count++] = one;
    }
};

INT call_receive_packet(Open* open, PNDIS_PACKET packet) {
    const NDIS_HANDLE context = open->context;
    trace(RD_KIND_CALLBACK, RD_EV_RECEIVE_PACKET, open->number, 0, context, number(packet));
    const INT references = open->protocol->characteristics.ReceivePacketHandler(context, packet);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_RECEIVE_PACKET, open->number, 0, context, number(packet), static_cast<ULONG64>(references));
    return references;
}

/// A packet to a protocol that wants it by ProtocolReceive. Its first buffer holds the header, and all the lookahead there is.
void receive_from_packet(Open* open, PNDIS_PACKET packet, UCHAR* start, UINT first_bytes, UINT total) {
    ReceiveContext context = {kReceiveContextMagic, open->miniport, packet, nullptr, nullptr, total, kHeaderBytes};
    call_receive(open, context, start, kHeaderBytes, start + kHeaderBytes, first_bytes - kHeaderBytes, total - kHeaderBytes);
}

/// One packet to everybody who wants it.
void indicate(Miniport* miniport, PNDIS_PACKET packet, bool at_once, Receivers& receivers, PVOID caller) {
    PNDIS_BUFFER buffer;
    UINT total, first_bytes;
    PVOID start;
    NdisQueryPacket(packet, nullptr, nullptr, &buffer, &total);
    if (!buffer) return;
    NdisQueryBufferSafe(buffer, &start, &first_bytes, NormalPagePriority);
    if (!start || first_bytes < kHeaderBytes || total < first_bytes) return;  // no frame
    Open* opens[kOpensMax];
    const ULONG count = who_wants(miniport, static_cast<const UCHAR*>(start), opens);
    if (count) InterlockedIncrement64(&miniport->frames_in);
    for (ULONG i = 0; i < count; ++i) {
        Open* open = opens[i];
        if (at_once || !open->protocol->characteristics.ReceivePacketHandler) {
            receive_from_packet(open, packet, static_cast<UCHAR*>(start), first_bytes, total);
        } else {
            const INT references = call_receive_packet(open, packet);
            if (references > 0) packet_kept(packet, references, caller);
        }
        receivers.add(open);
    }
}

/// The indication of one packet is over: who has it now?
void settle(Miniport* miniport, PNDIS_PACKET packet, bool at_once, PVOID caller) {
    const bool back = packet_indication_ended(packet, caller);
    if (at_once) return;  // the miniport takes it back when the call returns
    if (serialised(miniport)) {
        // It reads the status: kept packets come back later, the others are its own again now.
        NDIS_SET_PACKET_STATUS(packet, back ? NDIS_STATUS_SUCCESS : NDIS_STATUS_PENDING);
    } else if (back) {
        return_to_miniport(miniport, packet);
    }
}

}  // namespace

void call_receive(
    Open* open, ReceiveContext& context, PVOID header, UINT header_bytes, PVOID lookahead, UINT lookahead_bytes, UINT packet_bytes) {
    const NDIS_HANDLE driver_context = open->context;
    trace(RD_KIND_CALLBACK, RD_EV_RECEIVE, open->number, 0, driver_context, number(&context), packet_bytes);
    const NDIS_STATUS status = open->protocol->characteristics.ReceiveHandler(
        driver_context, &context, header, header_bytes, lookahead, lookahead_bytes, packet_bytes);
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_RECEIVE, open->number, status, driver_context, number(&context), packet_bytes);
    context.magic = 0;  // a transfer from it is wrong from now on
}

void finish_receive(Open** opens, ULONG count) {
    for (ULONG i = 0; i < count; ++i) {
        Open* open = opens[i];
        const NDIS_HANDLE context = open->context;
        trace(RD_KIND_CALLBACK, RD_EV_RECEIVE_COMPLETE, open->number, 0, context);
        open->protocol->characteristics.ReceiveCompleteHandler(context);
        trace(RD_KIND_CALLBACK_RETURN, RD_EV_RECEIVE_COMPLETE, open->number, 0, context);
        dereference(open);
    }
}

}  // namespace ndis

using namespace ndis;

extern "C" {

/// NDIS_MINIPORT_BLOCK.PacketIndicateHandler (NdisMIndicateReceivePacket). Packets with NDIS_STATUS_RESOURCES are the miniport's
/// on return; of the others, a deserialised miniport gets each back through MiniportReturnPacket, a serialised one reads the
/// status. DISPATCH_LEVEL.
VOID NTAPI NdispIndicatePackets(NDIS_HANDLE MiniportHandle, PPNDIS_PACKET Packets, UINT Count) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMIndicateReceivePacket", NDIS_CALLER);
    auto* miniport = static_cast<Miniport*>(MiniportHandle);
    Receivers receivers;
    const DispatchScope dispatch;
    bool at_once = false;
    for (UINT i = 0; i < Count; ++i) {
        const PNDIS_PACKET packet = Packets[i];
        at_once = at_once || NDIS_GET_PACKET_STATUS(packet) == NDIS_STATUS_RESOURCES;
        packet_indicated(packet, miniport, Packets, "NdisMIndicateReceivePacket", NDIS_CALLER);
        indicate(miniport, packet, at_once, receivers, NDIS_CALLER);
        settle(miniport, packet, at_once, NDIS_CALLER);
    }
    finish_receive(receivers.open, receivers.count);
}

/// NDIS_MINIPORT_BLOCK.EthRxIndicateHandler (NdisMEthIndicateReceive): the frame's header and the beginning of its data; the
/// rest by TransferData inside the handler. DISPATCH_LEVEL.
VOID NTAPI NdispEthIndicate(
    PVOID Filter, NDIS_HANDLE MacReceiveContext, PCHAR Address, PVOID Header, UINT HeaderSize, PVOID LookAhead, UINT LookAheadSize,
    UINT PacketSize) {
    auto* miniport = static_cast<Miniport*>(Filter);
    Open* opens[kOpensMax];
    const DispatchScope dispatch;
    const ULONG count = who_wants(miniport, reinterpret_cast<const UCHAR*>(Address), opens);
    if (count) InterlockedIncrement64(&miniport->frames_in);
    for (ULONG i = 0; i < count; ++i) {
        ReceiveContext context = {kReceiveContextMagic, miniport, nullptr, nullptr, MacReceiveContext, PacketSize + HeaderSize, HeaderSize};
        call_receive(opens[i], context, Header, HeaderSize, LookAhead, LookAheadSize, PacketSize);
        {
            const CoreGuard guard;
            opens[i]->received = true;
        }
        dereference(opens[i]);
    }
}

/// NDIS_MINIPORT_BLOCK.EthRxCompleteHandler (NdisMEthIndicateReceiveComplete). DISPATCH_LEVEL.
VOID NTAPI NdispEthComplete(PVOID Filter) {
    auto* miniport = static_cast<Miniport*>(Filter);
    Open* opens[kOpensMax];
    const DispatchScope dispatch;
    const ULONG count = reference_opens(miniport, opens);
    for (ULONG i = 0; i < count; ++i) {
        bool received;
        {
            const CoreGuard guard;
            received = opens[i]->received;
            opens[i]->received = false;
        }
        received ? finish_receive(&opens[i], 1) : dereference(opens[i]);
    }
}

/// One reference on each packet that ReceivePacket kept; the last makes the packet its miniport's again. <= DISPATCH_LEVEL.
VOID NTAPI NdisReturnPackets(PNDIS_PACKET* PacketsToReturn, UINT NumberOfPackets) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisReturnPackets", NDIS_CALLER);
    const DispatchScope dispatch;
    for (UINT i = 0; i < NumberOfPackets; ++i) {
        const PNDIS_PACKET packet = PacketsToReturn[i];
        auto* miniport = static_cast<Miniport*>(state_of(packet).miniport);
        trace(RD_KIND_CALL, RD_EV_RETURN_PACKETS, 0, 0, packet);
        if (!miniport) packet_given_up(packet, NDIS_CALLER);  // never indicated, so nobody keeps it: the guest stops
        // With the last of them back, a miniport that halts is gone as soon as it likes.
        keep_miniport(miniport);
        if (packet_given_up(packet, NDIS_CALLER)) return_to_miniport(miniport, packet);
        release_miniport(miniport);
        trace(RD_KIND_RETURN, RD_EV_RETURN_PACKETS, 0, 0, packet);
    }
}

/// The packet behind what ProtocolReceive is being called with; null when the miniport has not given one. DISPATCH_LEVEL.
PNDIS_PACKET NTAPI NdisGetReceivedPacket(NDIS_HANDLE, NDIS_HANDLE MacContext) {
    const auto* context = static_cast<const ReceiveContext*>(MacContext);
    return context->magic == kReceiveContextMagic ? context->packet : nullptr;
}

}  // extern "C"
