// SPDX-License-Identifier: MIT
// ndis/selftest/card.cpp
//
// The test miniport's handlers, and what it does on its own. See card.hpp.
#include "ndis/selftest/card.hpp"

namespace ndistest {

Card card;

namespace {

NDIS_MINIPORT_TIMER timer;
NDIS_EVENT acted;
VOID (*to_do)();
const char* fault;

NDIS_HANDLE packets, buffers;
PNDIS_PACKET received;
UCHAR frame[kFrameBytes];

VOID NTAPI on_timer(PVOID, PVOID, PVOID, PVOID) {
    to_do();
    NdisSetEvent(&acted);
}

/// A broadcast whose payload counts up.
void fill_frame() {
    for (ULONG i = 0; i < kFrameBytes; ++i) frame[i] = static_cast<UCHAR>(i < 6 ? 0xff : i);
    frame[12] = 0x88, frame[13] = 0xb5;  // local experimental (IEEE 802)
}

bool make_packet() {
    NDIS_STATUS status;
    PNDIS_BUFFER buffer;
    NdisAllocatePacketPool(&status, &packets, 1, 4 * sizeof(PVOID));
    if (status != NDIS_STATUS_SUCCESS) return false;
    NdisAllocateBufferPool(&status, &buffers, 1);
    if (status != NDIS_STATUS_SUCCESS) return false;
    NdisAllocatePacket(&status, &received, packets);
    if (status != NDIS_STATUS_SUCCESS) return false;
    NdisAllocateBuffer(&status, &buffer, buffers, frame, kFrameBytes);
    if (status != NDIS_STATUS_SUCCESS) return false;
    NdisChainBufferAtFront(received, buffer);
    NDIS_SET_PACKET_HEADER_SIZE(received, kHeaderBytes);
    fill_frame();
    return true;
}

void free_packet() {
    PNDIS_BUFFER buffer;
    NdisUnchainBufferAtFront(received, &buffer);
    NdisFreeBuffer(buffer);
    NdisFreePacket(received);
    NdisFreeBufferPool(buffers);
    NdisFreePacketPool(packets);
}

NDIS_STATUS NTAPI initialize(
    PNDIS_STATUS open_error, PUINT selected, PNDIS_MEDIUM media, UINT count, NDIS_HANDLE miniport, NDIS_HANDLE configuration) {
    *open_error = NDIS_STATUS_SUCCESS;
    for (*selected = 0; *selected < count && media[*selected] != NdisMedium802_3; ++*selected) {}
    if (*selected == count) return NDIS_STATUS_UNSUPPORTED_MEDIA;
    if (card.serialized)
        NdisMSetAttributes(miniport, &card, TRUE, NdisInterfacePci);  // the older way, which knows no other
    else
        NdisMSetAttributesEx(miniport, &card, 0, NDIS_ATTRIBUTE_BUS_MASTER | NDIS_ATTRIBUTE_DESERIALIZE, NdisInterfacePci);
    card.miniport = miniport;
    NdisInitializeEvent(&card.called);
    NdisInitializeEvent(&card.allocated);
    NdisInitializeEvent(&acted);
    NdisMInitializeTimer(&timer, miniport, on_timer, nullptr);
    if (card.keeps_timer) set_timer_for_long();
    if (card.fails_initialize) return NDIS_STATUS_FAILURE;
    fault = ask_of_device(miniport, configuration);
    if (!make_packet()) return NDIS_STATUS_RESOURCES;
    if (NdisMInitializeScatterGatherDma(miniport, TRUE, 1514) != NDIS_STATUS_SUCCESS) return NDIS_STATUS_RESOURCES;
    card.filter = card.addresses = 0;
    card.lookahead = kLookahead;
    card.present = true;
    ++card.initialisations;
    return NDIS_STATUS_SUCCESS;
}

VOID NTAPI halt(NDIS_HANDLE) {
    card.present = false;
    ++card.halts;
    BOOLEAN cancelled;
    if (!card.keeps_timer) NdisMCancelTimer(&timer, &cancelled);
    free_packet();
}

NDIS_STATUS NTAPI reset(PBOOLEAN addressing, NDIS_HANDLE) {
    ++card.resets;
    *addressing = card.reset_loses_filters;
    if (card.reset_loses_filters) card.filter = card.addresses = 0;
    if (!card.resets_pend) return NDIS_STATUS_SUCCESS;
    card.reset_pending = true;
    NdisSetEvent(&card.called);
    return NDIS_STATUS_PENDING;
}

NDIS_STATUS answer(PVOID buffer, ULONG room, PULONG written, PULONG needed, const void* value, ULONG bytes) {
    if (room < bytes) {
        *needed = bytes;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    NdisMoveMemory(buffer, value, bytes);
    *written = bytes;
    if (!card.requests_pend) return NDIS_STATUS_SUCCESS;
    card.request_pending = true;
    NdisSetEvent(&card.called);
    return NDIS_STATUS_PENDING;
}

NDIS_STATUS NTAPI query(NDIS_HANDLE, NDIS_OID oid, PVOID buffer, ULONG room, PULONG written, PULONG needed) {
    ULONG number;
    switch (oid) {
        case OID_802_3_PERMANENT_ADDRESS:
        case OID_802_3_CURRENT_ADDRESS:
            if (card.hides_address) return NDIS_STATUS_NOT_SUPPORTED;
            return answer(buffer, room, written, needed, kAddress, sizeof kAddress);
        case OID_802_3_MAXIMUM_LIST_SIZE: number = 8; break;
        case OID_GEN_MAXIMUM_LOOKAHEAD:
        case OID_GEN_CURRENT_LOOKAHEAD: number = kLookahead; break;
        case OID_GEN_MAC_OPTIONS: number = NDIS_MAC_OPTION_NO_LOOPBACK | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND; break;
        case OID_GEN_MEDIA_CONNECT_STATUS: number = NdisMediaStateConnected; break;
        case OID_GEN_VENDOR_ID: number = kVendorId; break;
        default: return NDIS_STATUS_NOT_SUPPORTED;
    }
    return answer(buffer, room, written, needed, &number, sizeof number);
}

NDIS_STATUS NTAPI set(NDIS_HANDLE, NDIS_OID oid, PVOID buffer, ULONG bytes, PULONG read, PULONG) {
    switch (oid) {
        case OID_GEN_CURRENT_PACKET_FILTER: NdisMoveMemory(&card.filter, buffer, sizeof card.filter); break;
        case OID_GEN_CURRENT_LOOKAHEAD: NdisMoveMemory(&card.lookahead, buffer, sizeof card.lookahead); break;
        case OID_802_3_MULTICAST_LIST: card.addresses = bytes / 6; break;
        default: return NDIS_STATUS_NOT_SUPPORTED;
    }
    *read = bytes;
    if (!card.sets_pend) return NDIS_STATUS_SUCCESS;
    card.request_pending = true;
    NdisSetEvent(&card.called);
    return NDIS_STATUS_PENDING;
}

VOID NTAPI send_packets(NDIS_HANDLE, PPNDIS_PACKET given, UINT count) {
    for (UINT i = 0; i < count; ++i) {
        ++card.sends;
        if (card.out_of_resources && card.serialized) {
            NDIS_SET_PACKET_STATUS(given[i], NDIS_STATUS_RESOURCES);  // NDIS keeps it, and what comes after it
            NdisSetEvent(&card.called);
            return;
        }
        if (card.sends_pend) {
            card.pending_send = given[i];
            NDIS_SET_PACKET_STATUS(given[i], NDIS_STATUS_PENDING);
            NdisSetEvent(&card.called);
        } else if (card.serialized) {
            NDIS_SET_PACKET_STATUS(given[i], NDIS_STATUS_SUCCESS);  // NDIS completes it when this returns
        } else {
            NdisMSendComplete(card.miniport, given[i], NDIS_STATUS_SUCCESS);
        }
    }
}

VOID NTAPI cancel_sends(NDIS_HANDLE, PVOID id) {
    if (card.pending_send && NDIS_GET_PACKET_CANCEL_ID(card.pending_send) == id) card.cancelled_by_id = card.pending_send;
}

VOID NTAPI return_packet(NDIS_HANDLE, PNDIS_PACKET packet) { card.returned += packet == received; }

NDIS_STATUS NTAPI
transfer(PNDIS_PACKET packet, PUINT transferred, NDIS_HANDLE, NDIS_HANDLE context, UINT offset, UINT bytes) {
    ++card.transfers;
    PNDIS_BUFFER buffer;
    PVOID address;
    UINT length, total;
    NdisGetFirstBufferFromPacket(packet, &buffer, &address, &length, &total);
    const auto* payload = static_cast<const UCHAR*>(context) + kHeaderBytes;
    *transferred = bytes < length ? bytes : length;
    NdisMoveMemory(address, payload + offset, *transferred);
    if (!card.transfers_pend) return NDIS_STATUS_SUCCESS;
    card.pending_transfer = packet;
    return NDIS_STATUS_PENDING;
}

VOID NTAPI allocate_complete(NDIS_HANDLE, PVOID address, PNDIS_PHYSICAL_ADDRESS physical, ULONG bytes, PVOID context) {
    card.shared = address;
    card.shared_address = *physical;
    card.shared_bytes = bytes;
    card.shared_context = context;
    NdisSetEvent(&card.allocated);
}

VOID NTAPI pnp_event(NDIS_HANDLE, NDIS_DEVICE_PNP_EVENT event, PVOID, ULONG) {
    card.removals += event == NdisDevicePnPEventSurpriseRemoved;
}

VOID NTAPI shutdown(PVOID) {}

void indicate(NDIS_STATUS status) {
    received->Private.ValidCounts = FALSE;
    NDIS_SET_PACKET_STATUS(received, status);
    NdisMIndicateReceivePacket(card.miniport, &received, 1);
    // A serialised miniport is told by the status that the packet is its own again; MiniportReturnPacket follows for kept ones only.
    if (card.serialized && status != NDIS_STATUS_RESOURCES && NDIS_GET_PACKET_STATUS(received) != NDIS_STATUS_PENDING) ++card.returned;
}

}  // namespace

bool act(VOID (*action)()) {
    to_do = action;
    NdisResetEvent(&acted);
    NdisMSetTimer(&timer, 1);
    return NdisWaitEvent(&acted, 5000);
}

NDIS_MINIPORT_TIMER* card_timer() { return &timer; }

NDIS_MINIPORT_TIMER* set_timer_for_long() {
    to_do = [] {};
    NdisMSetTimer(&timer, 60000);
    return &timer;
}

VOID indicate_packet() { indicate(NDIS_STATUS_SUCCESS); }
VOID indicate_packet_without_resources() { indicate(NDIS_STATUS_RESOURCES); }

VOID indicate_ethernet() {
    constexpr UINT first = 20;  // of the payload; the rest is transferred on request
    NdisMEthIndicateReceive(card.miniport, frame, frame, kHeaderBytes, frame + kHeaderBytes, first, kFrameBytes - kHeaderBytes);
    NdisMEthIndicateReceiveComplete(card.miniport);
}

VOID complete_send() {
    PNDIS_PACKET packet = card.pending_send;
    card.pending_send = nullptr;
    if (packet) NdisMSendComplete(card.miniport, packet, NDIS_STATUS_SUCCESS);
}

VOID complete_request() {
    if (card.request_pending) NdisMQueryInformationComplete(card.miniport, NDIS_STATUS_SUCCESS);
    card.request_pending = false;
}

VOID complete_set() {
    if (card.request_pending) NdisMSetInformationComplete(card.miniport, NDIS_STATUS_SUCCESS);
    card.request_pending = false;
}

VOID give_resources() { NdisMSendResourcesAvailable(card.miniport); }

VOID complete_reset() {
    if (card.reset_pending) NdisMResetComplete(card.miniport, NDIS_STATUS_SUCCESS, card.reset_loses_filters);
    card.reset_pending = false;
}

VOID complete_transfer() {
    PNDIS_PACKET packet = card.pending_transfer;
    card.pending_transfer = nullptr;
    if (packet) NdisMTransferDataComplete(card.miniport, packet, NDIS_STATUS_SUCCESS, kFrameBytes - kHeaderBytes);
}

VOID indicate_disconnect() {
    NdisMIndicateStatus(card.miniport, NDIS_STATUS_MEDIA_DISCONNECT, nullptr, 0);
    NdisMIndicateStatusComplete(card.miniport);
    NdisMIndicateStatus(card.miniport, NDIS_STATUS_MEDIA_CONNECT, nullptr, 0);
    NdisMIndicateStatusComplete(card.miniport);
}

const char* device_fault() { return fault; }

NTSTATUS register_card(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path, NDIS_HANDLE& wrapper) {
    NdisMInitializeWrapper(&wrapper, driver, registry_path, nullptr);
    if (!wrapper) return STATUS_INSUFFICIENT_RESOURCES;
    static NDIS_MINIPORT_CHARACTERISTICS miniport;
    miniport.MajorNdisVersion = 5;
    miniport.MinorNdisVersion = 1;
    miniport.InitializeHandler = initialize;
    miniport.HaltHandler = halt;
    miniport.ResetHandler = reset;
    miniport.QueryInformationHandler = query;
    miniport.SetInformationHandler = set;
    miniport.SendPacketsHandler = send_packets;
    miniport.CancelSendPacketsHandler = cancel_sends;
    miniport.ReturnPacketHandler = return_packet;
    miniport.TransferDataHandler = transfer;
    miniport.AllocateCompleteHandler = allocate_complete;
    miniport.PnPEventNotifyHandler = pnp_event;
    miniport.AdapterShutdownHandler = shutdown;
    const NDIS_STATUS status = NdisMRegisterMiniport(wrapper, &miniport, sizeof miniport);
    if (status == NDIS_STATUS_SUCCESS) return STATUS_SUCCESS;
    NdisTerminateWrapper(wrapper, nullptr);
    return static_cast<NTSTATUS>(status);
}

}  // namespace ndistest
