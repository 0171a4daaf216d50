// SPDX-License-Identifier: MIT
// ndis/miniport.cpp
//
// Initialising and halting an adapter, and watching that it does not hang.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff550472(v=vs.85) (MiniportInitialize)
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff549451(v=vs.85) (MiniportHalt)
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

constexpr ULONG kLookaheadDefault = 1500;
constexpr ULONG kListDefault = 32;

ULONG query_number(Miniport* miniport, NDIS_OID oid, ULONG otherwise) {
    ULONG value = 0, used = 0;
    const NDIS_STATUS status = own_request(miniport, NdisRequestQueryInformation, oid, &value, sizeof value, &used);
    return status == NDIS_STATUS_SUCCESS && used == sizeof value ? value : otherwise;
}

/// What NDIS wants to know of an adapter before it offers it to protocols.
NDIS_STATUS learn(Miniport* miniport) {
    ULONG used = 0;
    const NDIS_STATUS status =
        own_request(miniport, NdisRequestQueryInformation, OID_802_3_CURRENT_ADDRESS, miniport->address, kAddressBytes, &used);
    if (status != NDIS_STATUS_SUCCESS || used != kAddressBytes) return NDIS_STATUS_FAILURE;
    miniport->max_lookahead = query_number(miniport, OID_GEN_MAXIMUM_LOOKAHEAD, kLookaheadDefault);
    miniport->max_list = query_number(miniport, OID_802_3_MAXIMUM_LIST_SIZE, kListDefault);
    miniport->pushed_lookahead = query_number(miniport, OID_GEN_CURRENT_LOOKAHEAD, miniport->max_lookahead);
    // A miniport that cannot tell is taken to be connected, as Windows does.
    miniport->link_up = query_number(miniport, OID_GEN_MEDIA_CONNECT_STATUS, NdisMediaStateConnected) == NdisMediaStateConnected;
    return NDIS_STATUS_SUCCESS;
}

VOID NTAPI hang_check(PKDPC, PVOID context, PVOID, PVOID) {
    auto* miniport = static_cast<Miniport*>(context);
    if (!hold_miniport(miniport)) return;
    BOOLEAN hangs = FALSE;
    if (!miniport->resetting) {
        enter_miniport(miniport);
        hangs = miniport->owner->characteristics.CheckForHangHandler(miniport->block.MiniportAdapterContext);
        leave_miniport(miniport);
    }
    if (hangs) {
        DbgPrint("ndis.sys: %ws hangs and is reset\n", miniport->name);
        start_reset(miniport, nullptr);
    }
    release_miniport(miniport);
}

void start_hang_timer(Miniport* miniport) {
    if (!miniport->owner->characteristics.CheckForHangHandler) return;
    KeInitializeTimer(&miniport->hang_timer);
    KeInitializeDpc(&miniport->hang_dpc, hang_check, miniport);
    const ULONG seconds = miniport->hang_seconds ? miniport->hang_seconds : 2;
    LARGE_INTEGER due = {.QuadPart = -static_cast<LONGLONG>(seconds) * 10000000};
    KeSetTimerEx(&miniport->hang_timer, due, static_cast<LONG>(seconds * 1000), &miniport->hang_dpc);
}

void stop_hang_timer(Miniport* miniport) {
    if (!miniport->owner->characteristics.CheckForHangHandler) return;
    KeCancelTimer(&miniport->hang_timer);
    KeFlushQueuedDpcs();
}

void set_state(Miniport* miniport, MiniportState state) {
    const CoreGuard guard;
    miniport->state = state;
}

/// Calls from protocols that are still on their way out of the miniport: packets returned to a halting one.
void wait_until_unused(Miniport* miniport) {
    for (;;) {
        {
            const CoreGuard guard;
            if (miniport->users == 0) return;
        }
        LARGE_INTEGER timeout = {.QuadPart = -20 * 10000};
        KeWaitForSingleObject(&miniport->changed, Executive, KernelMode, FALSE, &timeout);
    }
}

void call_halt(Miniport* miniport) {
    miniport->owner->characteristics.HaltHandler(miniport->block.MiniportAdapterContext);
    set_state(miniport, MiniportState::halted);
    check_released(miniport->resources, false);
    if (miniport->pushed_multicast) ExFreePoolWithTag(miniport->pushed_multicast, kMulticastTag);
    miniport->pushed_multicast = nullptr;
    miniport->pushed_filter = 0;
}

}  // namespace

NTSTATUS initialize_miniport(Miniport* miniport) {
    NDIS_MEDIUM media[] = {NdisMedium802_3};
    UINT selected = 0;
    NDIS_STATUS open_error = NDIS_STATUS_SUCCESS;
    miniport->attributes = 0;
    set_state(miniport, MiniportState::initializing);
    fill_handlers(miniport);
    NDIS_STATUS status =
        miniport->owner->characteristics.InitializeHandler(&open_error, &selected, media, 1, miniport, miniport);
    if (status != NDIS_STATUS_SUCCESS) {
        set_state(miniport, MiniportState::halted);
        check_released(miniport->resources, true);
        DbgPrint("ndis.sys: %ws: MiniportInitialize failed: %08x\n", miniport->name, status);
        return static_cast<NTSTATUS>(status);
    }
    status = learn(miniport);
    if (status != NDIS_STATUS_SUCCESS) {
        DbgPrint("ndis.sys: %ws does not tell its address\n", miniport->name);
        call_halt(miniport);
        return static_cast<NTSTATUS>(status);
    }
    set_state(miniport, MiniportState::running);
    start_hang_timer(miniport);
    miniport_came();
    return STATUS_SUCCESS;
}

void halt_miniport(Miniport* miniport, bool surprise) {
    {
        const CoreGuard guard;
        if (miniport->state != MiniportState::running) return;
        miniport->state = MiniportState::halting;  // no new opens; those there are still work
    }
    const NDIS_MINIPORT_CHARACTERISTICS& handlers = miniport->owner->characteristics;
    if (surprise && handlers.PnPEventNotifyHandler)
        handlers.PnPEventNotifyHandler(
            miniport->block.MiniportAdapterContext, NdisDevicePnPEventSurpriseRemoved, nullptr, 0);
    unbind_all_of_miniport(miniport);
    stop_hang_timer(miniport);
    KeWaitForSingleObject(&miniport->requests_idle, Executive, KernelMode, FALSE, nullptr);
    call_halt(miniport);
    KeFlushQueuedDpcs();
    wait_until_unused(miniport);
}

}  // namespace ndis

using namespace ndis;

extern "C" {

/// From MiniportInitialize, before anything that depends on the attributes. PASSIVE_LEVEL.
VOID NTAPI NdisMSetAttributesEx(
    NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE MiniportAdapterContext, UINT CheckForHangTimeInSeconds, ULONG AttributeFlags,
    NDIS_INTERFACE_TYPE) {
    require_irql_exactly(PASSIVE_LEVEL, "NdisMSetAttributesEx", NDIS_CALLER);
    auto* miniport = static_cast<Miniport*>(MiniportAdapterHandle);
    miniport->block.MiniportAdapterContext = MiniportAdapterContext;
    miniport->attributes = AttributeFlags;
    miniport->hang_seconds = CheckForHangTimeInSeconds;
}

VOID NTAPI NdisMSetAttributes(
    NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE MiniportAdapterContext, BOOLEAN BusMaster, NDIS_INTERFACE_TYPE AdapterType) {
    NdisMSetAttributesEx(
        MiniportAdapterHandle, MiniportAdapterContext, 0, BusMaster ? NDIS_ATTRIBUTE_BUS_MASTER : 0, AdapterType);
}

}  // extern "C"
