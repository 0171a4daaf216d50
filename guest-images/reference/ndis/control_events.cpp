// SPDX-License-Identifier: MIT
// ndis/control_events.cpp
//
// What the agent can make happen to drivers by \Device\Ndis beside binding them: the events that an administrator, the power
// manager or a hung card would cause.
#include "ndis/control.hpp"

namespace ndis {

namespace {

/// The protocol by its name, kept from being freed until leave_protocol; null: not there, or deregistering.
Protocol* hold_protocol(const UNICODE_STRING& name) {
    const CoreGuard guard;
    Protocol* protocol = find_protocol_by_name(&name);
    if (!protocol || protocol->deregistering) return nullptr;
    ++protocol->users;
    return protocol;
}

Open* reference_pair(const Protocol* protocol, const UNICODE_STRING& adapter) {
    const CoreGuard guard;
    const Miniport* miniport = find_miniport_by_name(&adapter);
    for (PLIST_ENTRY entry = protocol->opens.Flink; entry != &protocol->opens; entry = entry->Flink) {
        Open* open = CONTAINING_RECORD(entry, Open, protocol_entry);
        if (open->miniport != miniport || !gets_indications(open->state)) continue;
        reference(open);
        return open;
    }
    return nullptr;
}

NTSTATUS status_of(NDIS_STATUS status) {
    if (status == NDIS_STATUS_SUCCESS) return STATUS_SUCCESS;
    return status == NDIS_STATUS_NOT_SUPPORTED ? STATUS_NOT_SUPPORTED : STATUS_UNSUCCESSFUL;
}

struct PowerChange {
    KEVENT done;
    NTSTATUS status;
};

VOID NTAPI power_changed(PDEVICE_OBJECT, UCHAR, POWER_STATE, PVOID context, PIO_STATUS_BLOCK result) {
    auto* change = static_cast<PowerChange*>(context);
    change->status = result->Status;
    KeSetEvent(&change->done, IO_NO_INCREMENT, FALSE);
}

NTSTATUS request_power(PDEVICE_OBJECT pdo, UCHAR minor, POWER_STATE state) {
    PowerChange change = {};
    KeInitializeEvent(&change.done, NotificationEvent, FALSE);
    const NTSTATUS sent = PoRequestPowerIrp(pdo, minor, state, power_changed, &change, nullptr);
    if (sent != STATUS_PENDING) return sent;
    KeWaitForSingleObject(&change.done, Executive, KernelMode, FALSE, nullptr);
    return change.status;
}

}  // namespace

/// NetEventReconfigure to one binding, or to the protocol as a whole when the request names no adapter.
NTSTATUS reconfigure(const rd_ndis_pair& request) {
    UNICODE_STRING adapter, name;
    if (!read_name(request.adapter, adapter) || !read_name(request.protocol, name)) return STATUS_OBJECT_NAME_INVALID;
    Protocol* protocol = hold_protocol(name);
    if (!protocol) return STATUS_OBJECT_NAME_NOT_FOUND;
    Open* open = adapter.Length ? reference_pair(protocol, adapter) : nullptr;
    NTSTATUS status = STATUS_NOT_FOUND;
    if (open || !adapter.Length) status = status_of(send_pnp_event(protocol, open, NetEventReconfigure, nullptr, 0));
    if (open) dereference(open);
    leave_protocol(protocol);
    return status;
}

/// What the power manager would ask of the adapter's device: IRP_MN_QUERY_POWER before it loses power, then IRP_MN_SET_POWER.
NTSTATUS set_power(const rd_ndis_power& request) {
    UNICODE_STRING adapter;
    if (!read_name(request.adapter, adapter)) return STATUS_OBJECT_NAME_INVALID;
    if (request.device_state < PowerDeviceD0 || request.device_state > PowerDeviceD3) return STATUS_INVALID_PARAMETER;
    const PDEVICE_OBJECT pdo = find_pdo(adapter);
    if (!pdo) return STATUS_NO_SUCH_DEVICE;
    const POWER_STATE state = {.DeviceState = static_cast<DEVICE_POWER_STATE>(request.device_state)};
    NTSTATUS status = state.DeviceState == PowerDeviceD0 ? STATUS_SUCCESS : request_power(pdo, IRP_MN_QUERY_POWER, state);
    if (NT_SUCCESS(status)) status = request_power(pdo, IRP_MN_SET_POWER, state);
    ObDereferenceObject(pdo);
    return status;
}

/// Resets the adapter as NDIS does when the miniport says that it hangs, and waits for the end.
NTSTATUS reset_adapter(const rd_ndis_adapter_name& request) {
    UNICODE_STRING name;
    if (!read_name(request.name, name)) return STATUS_OBJECT_NAME_INVALID;
    Miniport* miniport;
    {
        const CoreGuard guard;
        miniport = find_miniport_by_name(&name);
        if (!miniport) return STATUS_NO_SUCH_DEVICE;
        ++miniport->users;
    }
    const NDIS_STATUS status = start_reset(miniport, nullptr);
    while (status == NDIS_STATUS_PENDING && miniport->resetting) {
        LARGE_INTEGER moment = {.QuadPart = -1 * 10000};
        KeDelayExecutionThread(KernelMode, FALSE, &moment);
    }
    const NDIS_STATUS result = status == NDIS_STATUS_PENDING ? miniport->reset_status : status;
    release_miniport(miniport);
    return status_of(result);
}

/// ProtocolUnload, by which a user's wish to be rid of the protocol reaches its driver. It may deregister inside, so NDIS holds
/// nothing of it meanwhile.
NTSTATUS unload_protocol(const rd_ndis_pair& request) {
    UNICODE_STRING name;
    if (!read_name(request.protocol, name)) return STATUS_OBJECT_NAME_INVALID;
    Protocol* protocol = hold_protocol(name);
    if (!protocol) return STATUS_OBJECT_NAME_NOT_FOUND;
    const UNLOAD_PROTOCOL_HANDLER handler = protocol->characteristics.UnloadHandler;
    leave_protocol(protocol);
    if (!handler) return STATUS_NOT_SUPPORTED;
    trace(RD_KIND_CALLBACK, RD_EV_PROTOCOL_UNLOAD, 0, 0, protocol);
    handler();
    trace(RD_KIND_CALLBACK_RETURN, RD_EV_PROTOCOL_UNLOAD, 0, 0, protocol);
    return STATUS_SUCCESS;
}

}  // namespace ndis
