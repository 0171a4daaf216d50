// SPDX-License-Identifier: MIT
// ndis/selftest/card.hpp
//
// The test miniport: an adapter without a wire. Tests tell it how to answer, and see what NDIS asked of it. It drives no hardware:
// its device is a function of the board that nothing else uses (the IDE controller), for its resources and its place in PnP.
#pragma once
#define NDIS_MINIPORT_DRIVER 1
#define NDIS51_MINIPORT 1
#include "rd_exports.hpp"

#include "selftest/tests.hpp"

#include <ndis5.h>

namespace ndistest {

/// What the board has at its place, as a PCI function.
constexpr USHORT kVendor = 0x8086, kDevice = 0x7010;
/// Its device name: an adapter's GUID ends in its PCI address (io/pnp/registry.cpp), which is 00:01.1.
constexpr const WCHAR* kAdapterName = L"\\Device\\{52444E49-4349-4000-8000-000000000009}";
constexpr UCHAR kAddress[6] = {0x02, 0x52, 0x44, 0, 0, 1};
constexpr ULONG kVendorId = 0x00524401;  ///< What OID_GEN_VENDOR_ID says.
constexpr ULONG kLookahead = 1500;
constexpr ULONG kHeaderBytes = 14, kFrameBytes = 60;

/// The miniport's side, as tests set and read it. One thing at a time is under way, so nothing here is locked.
struct Card {
    NDIS_HANDLE miniport;
    bool present;            ///< Initialised and not halted.
    bool serialized;         ///< Without NDIS_ATTRIBUTE_DESERIALIZE from the next initialisation on.

    bool fails_initialize, hides_address, keeps_timer;  ///< Crimes: see crimes_miniport.cpp.
    bool sets_pend, out_of_resources;
    bool requests_pend, sends_pend, transfers_pend, resets_pend, reset_loses_filters;  ///< How it answers.
    ULONG filter, lookahead, addresses;        ///< As last set.
    ULONG sends, resets, halts, returned, transfers, removals, initialisations;  ///< Calls of its handlers.
    PNDIS_PACKET pending_send, pending_transfer;
    PNDIS_PACKET cancelled_by_id;              ///< Pending when MiniportCancelSendPackets named its identifier.
    bool request_pending, reset_pending;

    NDIS_EVENT called;       ///< A handler has been called that left something pending.
    PVOID shared;            ///< Of MiniportAllocateComplete.
    NDIS_PHYSICAL_ADDRESS shared_address;
    ULONG shared_bytes;
    PVOID shared_context;
    NDIS_EVENT allocated;
};
extern Card card;

/// Does `action` where a miniport acts on its own: in its timer, at DISPATCH_LEVEL, in its lock if it is serialised. Returns when
/// that is over; false: it has not come. PASSIVE_LEVEL.
bool act(VOID (*action)());
NDIS_MINIPORT_TIMER* card_timer();
/// Sets the timer to a time far away, as a miniport does that forgets about it. Its address.
NDIS_MINIPORT_TIMER* set_timer_for_long();

/// For act(): a received frame to everybody, as a packet that protocols may keep, or (RESOURCES) not; or the older way.
VOID indicate_packet();
VOID indicate_packet_without_resources();
VOID indicate_ethernet();
/// For act(): completes what is pending, with success.
VOID complete_send();
VOID complete_request();
VOID complete_set();
VOID give_resources();
VOID complete_reset();
VOID complete_transfer();
VOID indicate_disconnect();

/// The first wrong answer that NDIS gave in MiniportInitialize to what a miniport asks of its device; null: none.
const char* device_fault();
/// Those questions, from MiniportInitialize. PASSIVE_LEVEL.
const char* ask_of_device(NDIS_HANDLE miniport, NDIS_HANDLE configuration);

/// Registers it. From DriverEntry.
NTSTATUS register_card(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path, NDIS_HANDLE& wrapper);

}  // namespace ndistest
