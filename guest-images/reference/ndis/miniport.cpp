// SPDX-License-Identifier: MIT
// ndis/miniport.cpp
//
// Initialising and halting an adapter, and watching that it does not hang.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff550472(v=vs.85) (MiniportInitialize)
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff549451(v=vs.85) (MiniportHalt)
#include "ndis/ndisp.hpp"
#include "rd_pnp.hpp"

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
    miniport->default_lookahead = query_number(miniport, OID_GEN_CURRENT_LOOKAHEAD, miniport->max_lookahead);
    miniport->pushed_lookahead = miniport->default_lookahead;
    const ULONG options = query_number(miniport, OID_GEN_MAC_OPTIONS, NDIS_MAC_OPTION_NO_LOOPBACK);
    miniport->loops_back = !(options & NDIS_MAC_OPTION_NO_LOOPBACK);
    NDIS_PNP_CAPABILITIES power;
    miniport->manages_power =
        own_request(miniport, NdisRequestQueryInformation, OID_PNP_CAPABILITIES, &power, sizeof power) == NDIS_STATUS_SUCCESS;
    // A miniport that cannot tell is taken to be connected, as Windows does. A change indicated meanwhile counts more.
    LONG changes;
    do {
        changes = miniport->link_changes;
        miniport->link_up = query_number(miniport, OID_GEN_MEDIA_CONNECT_STATUS, NdisMediaStateConnected) == NdisMediaStateConnected;
    } while (changes != miniport->link_changes);
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
    for (;; wait_for_change(miniport->changed)) {
        const CoreGuard guard;
        if (miniport->users == 0) return;
    }
}

/// No send of a device that is gone may wait for it.
void note_removal(Miniport* miniport) {
    {
        const CoreGuard guard;
        miniport->removed = true;
    }
    const W_PNP_EVENT_NOTIFY_HANDLER handler = miniport->owner->characteristics.PnPEventNotifyHandler;
    if (handler && !miniport->halted_to_sleep)
        handler(miniport->block.MiniportAdapterContext, NdisDevicePnPEventSurpriseRemoved, nullptr, 0);
    if (serialised(miniport)) abort_sends(miniport, NDIS_STATUS_ADAPTER_REMOVED, false);
}

}  // namespace

void call_halt(Miniport* miniport, MiniportState then, Released when) {
    NdisMDeregisterAdapterShutdownHandler(miniport);  // if there still is one: its context goes now
    miniport->owner->characteristics.HaltHandler(miniport->block.MiniportAdapterContext);
    set_state(miniport, then);
    check_released(miniport->resources, when);
    KeFlushQueuedDpcs();
    wait_until_unused(miniport);
    forget_pushed_filters(miniport);
}

void quiet_miniport(Miniport* miniport) {
    wait_until_unused(miniport);
    stop_hang_timer(miniport);
    KeWaitForSingleObject(&miniport->requests_idle, Executive, KernelMode, FALSE, nullptr);
}

NDIS_STATUS call_initialize(Miniport* miniport, Released if_failed) {
    NDIS_MEDIUM media[] = {NdisMedium802_3};
    UINT selected = 0;
    NDIS_STATUS open_error = NDIS_STATUS_SUCCESS;
    miniport->attributes = 0;
    set_state(miniport, MiniportState::initializing);
    NDIS_STATUS status = miniport->owner->characteristics.InitializeHandler(&open_error, &selected, media, 1, miniport, miniport);
    if (status != NDIS_STATUS_SUCCESS) {
        set_state(miniport, MiniportState::halted);
        check_released(miniport->resources, if_failed);
        DbgPrint("ndis.sys: %ws: MiniportInitialize failed: %08x\n", miniport->name, status);
        return status;
    }
    if (serialised(miniport)) DbgPrint("ndis.sys: %ws is a serialised miniport\n", miniport->name);
    // In 5.1 the handler may come with the characteristics instead of being registered for each adapter.
    const W_MINIPORT_SHUTDOWN_HANDLER shutdown = miniport->owner->characteristics.AdapterShutdownHandler;
    if (shutdown && !miniport->resources.shutdown_registered)
        NdisMRegisterAdapterShutdownHandler(miniport, miniport->block.MiniportAdapterContext, shutdown);
    status = learn(miniport);
    if (status != NDIS_STATUS_SUCCESS) {
        DbgPrint("ndis.sys: %ws does not tell its address\n", miniport->name);
        call_halt(miniport, MiniportState::halted, Released::halted_at_once);
    }
    return status;
}

void now_runs(Miniport* miniport) {
    set_state(miniport, MiniportState::running);
    start_hang_timer(miniport);
    miniport_came();
}

NTSTATUS initialize_miniport(Miniport* miniport) {
    fill_handlers(miniport);
    miniport->removed = miniport->failed = miniport->halted_to_sleep = false;
    const NDIS_STATUS status = call_initialize(miniport);
    if (status != NDIS_STATUS_SUCCESS) return static_cast<NTSTATUS>(status);
    now_runs(miniport);
    return STATUS_SUCCESS;
}

void halt_miniport(Miniport* miniport, bool surprise) {
    {
        const CoreGuard guard;
        if (miniport->state != MiniportState::running && miniport->state != MiniportState::suspended) return;
        miniport->state = MiniportState::halting;  // no new opens; those there are still work
    }
    if (surprise) note_removal(miniport);
    unbind_all_of_miniport(miniport);
    quiet_miniport(miniport);
    if (miniport->halted_to_sleep)
        set_state(miniport, MiniportState::halted);
    else
        call_halt(miniport, MiniportState::halted);
}

}  // namespace ndis

using namespace ndis;

namespace {

struct Removal {
    WORK_QUEUE_ITEM work;
    PDEVICE_OBJECT pdo;
};

VOID NTAPI remove_device(PVOID context) {
    auto* removal = static_cast<Removal*>(context);
    RdPnpStopDevice(removal->pdo);
    ObDereferenceObject(removal->pdo);
    ExFreePoolWithTag(removal, kWorkTag);
}

}  // namespace

extern "C" {

/// The miniport cannot use its device any more: it is taken down from another thread, as a device that has failed. FAILURE: no
/// memory, or under way already. <= DISPATCH_LEVEL.
NDIS_STATUS NTAPI NdisMRemoveMiniport(NDIS_HANDLE MiniportAdapterHandle) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisMRemoveMiniport", NDIS_CALLER);
    auto* miniport = static_cast<Miniport*>(MiniportAdapterHandle);
    auto* removal = static_cast<Removal*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Removal), kWorkTag));
    bool mine = removal != nullptr;
    if (removal) {
        const CoreGuard guard;
        mine = !miniport->failed;
        miniport->failed = true;
    }
    if (!mine) {
        if (removal) ExFreePoolWithTag(removal, kWorkTag);
        return NDIS_STATUS_FAILURE;
    }
    removal->pdo = miniport->resources.pdo;
    ObReferenceObject(removal->pdo);
    queue_own_work(&removal->work, remove_device, removal);
    return NDIS_STATUS_SUCCESS;
}

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
