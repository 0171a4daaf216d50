// SPDX-License-Identifier: MIT
// ndis/power.cpp
//
// Power of an adapter (IRP_MJ_POWER): protocols are asked and told, then the miniport. One that knows power management
// (OID_PNP_CAPABILITIES) is told by OID_PNP_SET_POWER; another is halted and initialised again, its bindings staying open.
// While an adapter sleeps, sends and requests come back with NDIS_STATUS_ADAPTER_NOT_READY; filters set back by a closing
// binding are only noted, and what is left is pushed to the device when it wakes.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff563243(v=vs.85) (ProtocolPnPEvent)
// https://learn.microsoft.com/windows-hardware/drivers/network/oid-pnp-set-power
#include "ndis/ndisp.hpp"

namespace ndis {

namespace {

/// Sends an event to every binding; the first refusal, else success. PASSIVE_LEVEL.
NDIS_STATUS tell_all(Miniport* miniport, NET_PNP_EVENT_CODE code, NDIS_DEVICE_POWER_STATE state) {
    Open* opens[kOpensMax];
    const ULONG count = reference_opens(miniport, opens);
    NDIS_STATUS refusal = NDIS_STATUS_SUCCESS;
    for (ULONG i = 0; i < count; ++i) {
        const NDIS_STATUS status = send_pnp_event(opens[i]->protocol, opens[i], code, &state, sizeof state);
        if (status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_NOT_SUPPORTED && refusal == NDIS_STATUS_SUCCESS) refusal = status;
        dereference(opens[i]);
    }
    return refusal;
}

NDIS_DEVICE_POWER_STATE ndis_state(DEVICE_POWER_STATE state) {
    return static_cast<NDIS_DEVICE_POWER_STATE>(NdisDeviceStateD0 + (state - PowerDeviceD0));
}

/// False: it does not run.
bool begin_sleep(Miniport* miniport) {
    const CoreGuard guard;
    if (miniport->state != MiniportState::running) return false;
    miniport->state = MiniportState::suspended;
    return true;
}

/// Whoever had a binding when its adapter was halted has its context of old in the open block.
void renew_contexts(Miniport* miniport) {
    const CoreGuard guard;
    for (PLIST_ENTRY entry = miniport->opens.Flink; entry != &miniport->opens; entry = entry->Flink)
        CONTAINING_RECORD(entry, Open, miniport_entry)->block.MiniportAdapterContext = miniport->block.MiniportAdapterContext;
}

}  // namespace

void power_down(Miniport* miniport, DEVICE_POWER_STATE to) {
    if (miniport->state != MiniportState::running) return;
    NDIS_DEVICE_POWER_STATE state = ndis_state(to);
    tell_all(miniport, NetEventSetPower, state);
    if (!begin_sleep(miniport)) return;
    quiet_miniport(miniport);
    const bool manages = miniport->manages_power &&
                         own_request(miniport, NdisRequestSetInformation, OID_PNP_SET_POWER, &state, sizeof state) == NDIS_STATUS_SUCCESS;
    miniport->halted_to_sleep = !manages && !(miniport->attributes & NDIS_ATTRIBUTE_NO_HALT_ON_SUSPEND);
    if (miniport->halted_to_sleep) call_halt(miniport, MiniportState::suspended);
    forget_pushed_filters(miniport);
}

namespace {

NDIS_STATUS wake_miniport(Miniport* miniport) {
    if (miniport->halted_to_sleep) return call_initialize(miniport, Released::wake_failed);
    NDIS_DEVICE_POWER_STATE state = NdisDeviceStateD0;
    return miniport->manages_power ? own_request(miniport, NdisRequestSetInformation, OID_PNP_SET_POWER, &state, sizeof state)
                                   : NDIS_STATUS_SUCCESS;
}

}  // namespace

NTSTATUS power_up(Miniport* miniport) {
    if (miniport->state != MiniportState::suspended) return STATUS_SUCCESS;
    const NDIS_STATUS status = wake_miniport(miniport);
    if (status != NDIS_STATUS_SUCCESS) {
        DbgPrint("ndis.sys: %ws does not wake: %08x\n", miniport->name, status);
        return STATUS_UNSUCCESSFUL;  // its bindings stay open over an adapter that is not ready, until it is removed
    }
    miniport->halted_to_sleep = false;
    renew_contexts(miniport);
    now_runs(miniport);
    restore_filters(miniport);
    tell_all(miniport, NetEventSetPower, NdisDeviceStateD0);
    return STATUS_SUCCESS;
}

NTSTATUS query_power(Miniport* miniport, DEVICE_POWER_STATE to) {
    if (to == PowerDeviceD0) return STATUS_SUCCESS;
    return tell_all(miniport, NetEventQueryPower, ndis_state(to)) == NDIS_STATUS_SUCCESS ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

}  // namespace ndis
