// SPDX-License-Identifier: MIT
// ndis/request_hold.cpp
//
// Requests that a run wants in flight for a while: ndis_request_ms= on the kernel's command line has every request of a protocol pend that
// long before it takes its turn, or those for one OID (ndis_request_oid=). The others are not kept waiting behind it.
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

constexpr ULONG kHoldMax = 60000;  // milliseconds

ULONG hold_ms;
NDIS_OID held_oid;

struct HeldRequest {
    KTIMER timer;
    KDPC dpc;
    RequestItem* item;
};

VOID NTAPI time_is_over(PKDPC, PVOID context, PVOID, PVOID) {
    auto* held = static_cast<HeldRequest*>(context);
    RequestItem* item = held->item;
    ExFreePoolWithTag(held, kRequestTag);
    Open* open = item->open;
    reference(open);  // the request, and with it the open's last reference, may be gone before the call returns
    resume_request(open->miniport, item);
    dereference(open);
}

}  // namespace

void read_request_hold() {
    hold_ms = static_cast<ULONG>(RdCommandLineNumber("ndis_request_ms", 0));
    held_oid = static_cast<NDIS_OID>(RdCommandLineNumber("ndis_request_oid", 0));
    if (hold_ms > kHoldMax) RdBugCheckText("ndis_request_ms= is more than a minute", 0xC4, 0x52440202, hold_ms, 0, 0);
}

bool hold_request(RequestItem* item, NDIS_OID oid) {
    if (!hold_ms || (held_oid && oid != held_oid)) return false;
    auto* held = static_cast<HeldRequest*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(HeldRequest), kRequestTag));
    if (!held) return false;
    held->item = item;
    KeInitializeTimer(&held->timer);
    KeInitializeDpc(&held->dpc, time_is_over, held);
    LARGE_INTEGER due = {.QuadPart = -10 * 1000 * static_cast<LONGLONG>(hold_ms)};
    KeSetTimer(&held->timer, due, &held->dpc);
    return true;
}

}  // namespace ndis
