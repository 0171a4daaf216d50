// SPDX-License-Identifier: MIT
// ndis/selftest/crimes_miniport.cpp
//
// Crimes of a miniport, and of a protocol that is bound to one.
#include "ndis/selftest/crimes.hpp"
#include "ndis/selftest/run.hpp"

using namespace ndistest;

namespace {

UCHAR frame[kFrameBytes] = {0x02, 0x52, 0x44, 0, 0, 9, 0x02, 0x52, 0x44, 0, 0, 1, 0x88, 0xb5};

/// What the miniport does in its timer, at which it is to be found.
void act_guilty(VOID (*action)()) {
    provoke::guilty(action);
    provoke::value(1, card.miniport);
    act(action);
}

VOID complete_no_send() { NdisMSendComplete(card.miniport, told.sent_packet, NDIS_STATUS_SUCCESS); }
VOID complete_no_request() { NdisMQueryInformationComplete(card.miniport, NDIS_STATUS_SUCCESS); }
VOID complete_no_reset() { NdisMResetComplete(card.miniport, NDIS_STATUS_SUCCESS, TRUE); }

/// Stops the device and starts it again; the miniport is asked to do wrong.
void restart() {
    provoke::value(1, card.miniport);
    provoke::value(2, set_timer_for_long());
    enable_card(false);
    enable_card(true);
}

}  // namespace

extern "C" {

VOID provoke_ndis_shared_memory_at_dispatch() {
    PVOID memory;
    NDIS_PHYSICAL_ADDRESS physical;
    provoke::value(1, card.miniport);
    raise();
    NdisMAllocateSharedMemory(card.miniport, PAGE_SIZE, TRUE, &memory, &physical);
}

VOID provoke_ndis_shared_memory_freed_twice() {
    PVOID memory;
    NDIS_PHYSICAL_ADDRESS physical;
    NdisMAllocateSharedMemory(card.miniport, PAGE_SIZE, TRUE, &memory, &physical);
    provoke::value(1, card.miniport);
    provoke::value(2, memory);  // a page, and so the page it lies in
    NdisMFreeSharedMemory(card.miniport, PAGE_SIZE, TRUE, memory, physical);
    NdisMFreeSharedMemory(card.miniport, PAGE_SIZE, TRUE, memory, physical);
}

VOID provoke_ndis_map_register_unknown() {
    OnePacket one(frame, kFrameBytes);
    NDIS_PHYSICAL_ADDRESS_UNIT units[4];
    UINT count;
    NdisMStartBufferPhysicalMapping(card.miniport, one.packet->Private.Head, 7, TRUE, units, &count);
}

VOID provoke_ndis_packet_sent_twice() {
    Binding binding;
    OnePacket one(frame, kFrameBytes);
    provoke::value(1, one.packet);
    card.sends_pend = true;
    NDIS_STATUS status;
    NdisSend(&status, told.handle, one.packet);
    NdisSend(&status, told.handle, one.packet);
}

VOID provoke_ndis_wrapper_unknown() {
    static NDIS_MINIPORT_CHARACTERISTICS miniport;
    static int nobody;
    provoke::value(1, &nobody);
    NdisMRegisterMiniport(&nobody, &miniport, sizeof miniport);
}

VOID provoke_ndis_device_deregistered_twice() {
    static UCHAR nobody[512];
    provoke::value(1, nobody);
    NdisMDeregisterDevice(nobody);
}

VOID provoke_ndis_indicates_packet_in_use() {
    Binding binding;
    ULONG filter = NDIS_PACKET_TYPE_BROADCAST;
    ask(NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof filter);
    told.keep = true;
    act(indicate_packet);
    provoke::value(2, told.kept);
    act_guilty(indicate_packet);
}

VOID provoke_ndis_completes_no_send() {
    Binding binding;
    OnePacket one(frame, kFrameBytes);
    told.sent_packet = one.packet;
    provoke::value(2, one.packet);
    act_guilty(complete_no_send);
}

VOID provoke_ndis_completes_no_request() { act_guilty(complete_no_request); }
VOID provoke_ndis_completes_no_reset() { act_guilty(complete_no_reset); }

VOID provoke_ndis_halts_with_timer() {
    card.keeps_timer = true;
    restart();
}

VOID provoke_ndis_initialize_fails_with_timer() {
    enable_card(false);
    card.keeps_timer = card.fails_initialize = true;
    provoke::value(2, card_timer());
    enable_card(true);
}

VOID provoke_ndis_halts_at_once_with_timer() {
    enable_card(false);
    card.keeps_timer = card.hides_address = true;
    provoke::value(2, card_timer());
    enable_card(true);
}

}  // extern "C"
