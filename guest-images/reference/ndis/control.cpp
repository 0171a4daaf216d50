// SPDX-License-Identifier: MIT
// ndis/control.cpp
//
// \Device\Ndis: what the agent asks of NDIS (rundown/ndis_control.h), and ndis.sys's own DriverEntry.
#include "ndis/control.hpp"
#include "ndis/lib/selftest.hpp"
#include "ndis/pnp_devices.hpp"

namespace ndis {

namespace {

void copy_name(uint16_t* to, ULONG room, const WCHAR* from) {
    ULONG i = 0;
    for (; from[i] && i + 1 < room; ++i) to[i] = from[i];
    to[i] = 0;
}

}  // namespace

bool read_name(const uint16_t (&from)[64], UNICODE_STRING& name) {
    ULONG length = 0;
    while (length < 64 && from[length]) ++length;
    if (length == 64) return false;
    name.Buffer = const_cast<PWSTR>(reinterpret_cast<const WCHAR*>(from));
    name.Length = name.MaximumLength = static_cast<USHORT>(length * sizeof(WCHAR));
    return true;
}

PDEVICE_OBJECT find_pdo(const UNICODE_STRING& adapter) {
    constexpr USHORT prefix = sizeof(L"\\Device\\") - sizeof(WCHAR);
    if (adapter.Length <= prefix) return nullptr;
    UNICODE_STRING guid, wanted = {
        static_cast<USHORT>(adapter.Length - prefix), static_cast<USHORT>(adapter.Length - prefix), adapter.Buffer + prefix / sizeof(WCHAR)};
    for (const RD_PNP_DEVICE& known : PnpDevices()) {
        RtlInitUnicodeString(&guid, known.NetCfgInstanceId);
        if (!guid.Length || !RtlEqualUnicodeString(&guid, &wanted, TRUE)) continue;
        ObReferenceObject(known.Pdo);
        return known.Pdo;
    }
    return nullptr;
}

namespace {

void describe(const Miniport* miniport, rd_ndis_adapters& to) {
    auto& adapter = to.adapter[to.count++];
    copy_name(adapter.name, 64, miniport->name);
    copy_name(adapter.service, 32, miniport->service);
    RtlCopyMemory(adapter.mac, miniport->address, sizeof adapter.mac);
    adapter.started = miniport->state == MiniportState::running;
    adapter.link_up = miniport->link_up;
    adapter.pci_address = miniport->pci_address;
    adapter.packet_filter = miniport->pushed_filter;
    adapter.multicast_count = miniport->pushed_multicast ? miniport->pushed_multicast->count : 0;
    for (PLIST_ENTRY entry = miniport->opens.Flink; entry != &miniport->opens; entry = entry->Flink) ++adapter.open_count;
    adapter.frames_in = static_cast<uint64_t>(miniport->frames_in);
    adapter.frames_out = static_cast<uint64_t>(miniport->frames_out);
}

bool described(const rd_ndis_adapters& adapters, const WCHAR* guid) {
    for (uint32_t i = 0; i < adapters.count; ++i) {
        UNICODE_STRING one, other;
        RtlInitUnicodeString(&one, reinterpret_cast<const WCHAR*>(adapters.adapter[i].name) + sizeof(L"\\Device\\") / sizeof(WCHAR) - 1);
        RtlInitUnicodeString(&other, guid);
        if (RtlEqualUnicodeString(&one, &other, TRUE)) return true;
    }
    return false;
}

/// Adapters that are disabled have no miniport; the PnP manager knows them.
void describe_disabled(rd_ndis_adapters& to) {
    for (const RD_PNP_DEVICE& known : PnpDevices()) {
        if (!known.NetCfgInstanceId[0] || described(to, known.NetCfgInstanceId) || to.count == RTL_NUMBER_OF(to.adapter)) continue;
        auto& adapter = to.adapter[to.count++];
        copy_name(adapter.name, 64, L"\\Device\\");
        copy_name(adapter.name + 8, 56, known.NetCfgInstanceId);
        copy_name(adapter.service, 32, known.Service);
        adapter.pci_address = known.PciAddress;
    }
}

NTSTATUS list_adapters(rd_ndis_adapters& to) {
    RtlZeroMemory(&to, sizeof to);
    {
        const CoreGuard guard;
        for (PLIST_ENTRY entry = Miniports.Flink; entry != &Miniports && to.count < RTL_NUMBER_OF(to.adapter); entry = entry->Flink)
            describe(CONTAINING_RECORD(entry, Miniport, entry), to);
    }
    describe_disabled(to);
    return STATUS_SUCCESS;
}

NTSTATUS list_bindings(rd_ndis_bindings& to) {
    RtlZeroMemory(&to, sizeof to);
    const CoreGuard guard;
    for (PLIST_ENTRY entry = Miniports.Flink; entry != &Miniports; entry = entry->Flink) {
        Miniport* miniport = CONTAINING_RECORD(entry, Miniport, entry);
        for (PLIST_ENTRY one = miniport->opens.Flink; one != &miniport->opens && to.count < RTL_NUMBER_OF(to.binding); one = one->Flink) {
            const Open* open = CONTAINING_RECORD(one, Open, miniport_entry);
            auto& binding = to.binding[to.count++];
            copy_name(binding.adapter, 64, miniport->name);
            copy_name(binding.protocol, 64, open->protocol->name);
            binding.number = open->number;
            binding.state = static_cast<uint32_t>(open->state);
            binding.packet_filter = open->packet_filter;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS take_census(rd_ndis_census& to) {
    RtlZeroMemory(&to, sizeof to);
    const PoolCounts pools = pool_counts();
    to.packet_pools = static_cast<uint32_t>(pools.packet_pools);
    to.packets_out = static_cast<uint32_t>(pools.packets_out);
    to.buffer_pools = static_cast<uint32_t>(pools.buffer_pools);
    to.buffers_out = static_cast<uint32_t>(pools.buffers_out);
    to.receives_out = static_cast<uint32_t>(pools.receives_out);
    const CoreGuard guard;
    for (PLIST_ENTRY entry = Protocols.Flink; entry != &Protocols; entry = entry->Flink) ++to.protocols;
    for (PLIST_ENTRY entry = Miniports.Flink; entry != &Miniports; entry = entry->Flink) {
        Miniport* miniport = CONTAINING_RECORD(entry, Miniport, entry);
        ++to.adapters;
        to.requests_pending += static_cast<uint32_t>(miniport->requests_pending);
        to.sends_pending += static_cast<uint32_t>(miniport->sends_pending);
        for (PLIST_ENTRY one = miniport->opens.Flink; one != &miniport->opens; one = one->Flink) {
            const Open* open = CONTAINING_RECORD(one, Open, miniport_entry);
            ++to.opens;
            if (open->packet_filter || (open->multicast && open->multicast->count)) ++to.filters;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS set_enabled(const rd_ndis_adapter_name& request, bool enable) {
    UNICODE_STRING name;
    if (!read_name(request.name, name)) return STATUS_OBJECT_NAME_INVALID;
    const PDEVICE_OBJECT pdo = find_pdo(name);
    if (!pdo) return STATUS_NO_SUCH_DEVICE;
    const NTSTATUS status = enable ? RdPnpStartDevice(pdo) : RdPnpStopDevice(pdo);
    ObDereferenceObject(pdo);
    return status;
}

NTSTATUS bind_pair(const UNICODE_STRING& protocol_name, const UNICODE_STRING& adapter_name) {
    Protocol* protocol;
    Miniport* miniport;
    {
        const CoreGuard guard;
        protocol = find_protocol_by_name(&protocol_name);
        miniport = find_miniport_by_name(&adapter_name);
        if (!protocol) return STATUS_OBJECT_NAME_NOT_FOUND;
        if (protocol->deregistering) return STATUS_DELETE_PENDING;
        if (!miniport || miniport->state != MiniportState::running) return STATUS_DEVICE_NOT_READY;
        ++protocol->users;
        ++miniport->users;
    }
    const NTSTATUS status = bind(protocol, miniport);
    release_miniport(miniport);
    leave_protocol(protocol);
    return status;
}

NTSTATUS change_binding(const rd_ndis_pair& request, bool to_bind) {
    UNICODE_STRING adapter, protocol;
    if (!read_name(request.adapter, adapter) || !read_name(request.protocol, protocol)) return STATUS_OBJECT_NAME_INVALID;
    return to_bind ? bind_pair(protocol, adapter) : unbind_pair(&protocol, &adapter);
}

/// Runs `work` when the output has room for a T, and says how much of it was filled.
template <class T, class Work>
NTSTATUS with_output(PVOID buffer, ULONG room, ULONG_PTR* filled, Work work) {
    if (room < sizeof(T)) return STATUS_BUFFER_TOO_SMALL;
    *filled = sizeof(T);
    return work(*static_cast<T*>(buffer));
}

template <class T, class Work>
NTSTATUS with_input(PVOID buffer, ULONG bytes, Work work) {
    return bytes == sizeof(T) ? work(*static_cast<const T*>(buffer)) : STATUS_INVALID_PARAMETER;
}

NTSTATUS control(ULONG code, PVOID buffer, ULONG in, ULONG out, ULONG_PTR* filled) {
    switch (code) {
        case RD_NDIS_IOCTL_ADAPTERS: return with_output<rd_ndis_adapters>(buffer, out, filled, list_adapters);
        case RD_NDIS_IOCTL_BINDINGS: return with_output<rd_ndis_bindings>(buffer, out, filled, list_bindings);
        case RD_NDIS_IOCTL_CENSUS: return with_output<rd_ndis_census>(buffer, out, filled, take_census);
        case RD_NDIS_IOCTL_ENABLE:
            return with_input<rd_ndis_adapter_name>(buffer, in, [](const auto& name) { return set_enabled(name, true); });
        case RD_NDIS_IOCTL_DISABLE:
            return with_input<rd_ndis_adapter_name>(buffer, in, [](const auto& name) { return set_enabled(name, false); });
        case RD_NDIS_IOCTL_BIND:
            return with_input<rd_ndis_pair>(buffer, in, [](const auto& pair) { return change_binding(pair, true); });
        case RD_NDIS_IOCTL_UNBIND:
            return with_input<rd_ndis_pair>(buffer, in, [](const auto& pair) { return change_binding(pair, false); });
        case RD_NDIS_IOCTL_RECONFIGURE: return with_input<rd_ndis_pair>(buffer, in, reconfigure);
        case RD_NDIS_IOCTL_SET_POWER: return with_input<rd_ndis_power>(buffer, in, set_power);
        case RD_NDIS_IOCTL_RESET: return with_input<rd_ndis_adapter_name>(buffer, in, reset_adapter);
        case RD_NDIS_IOCTL_UNLOAD_PROTOCOL: return with_input<rd_ndis_pair>(buffer, in, unload_protocol);
        case RD_NDIS_IOCTL_WAIT_BINDS: wait_for_engine(); return STATUS_SUCCESS;
        default: return STATUS_INVALID_DEVICE_REQUEST;
    }
}

NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS NTAPI dispatch_open(PDEVICE_OBJECT, PIRP irp) { return complete(irp, STATUS_SUCCESS, 0); }

NTSTATUS NTAPI dispatch_control(PDEVICE_OBJECT, PIRP irp) {
    const auto& parameters = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
    ULONG_PTR filled = 0;
    const NTSTATUS status = control(
        parameters.IoControlCode, irp->AssociatedIrp.SystemBuffer, parameters.InputBufferLength, parameters.OutputBufferLength, &filled);
    return complete(irp, status, NT_SUCCESS(status) ? filled : 0);
}

}  // namespace

NTSTATUS create_control_device(PDRIVER_OBJECT driver) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, RD_NDIS_DEVICE_NAME);
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLEANUP] = driver->MajorFunction[IRP_MJ_CLOSE] = dispatch_open;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch_control;
    PDEVICE_OBJECT device;
    const NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_NETWORK, 0, FALSE, &device);
    if (NT_SUCCESS(status)) device->Flags &= ~DO_DEVICE_INITIALIZING;
    return status;
}

}  // namespace ndis

using namespace ndis;

/// ndis.sys is loaded once, at start, and stays: protocols and miniports import from it.
extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING) {
    InitializeListHead(&Protocols);
    InitializeListHead(&Miniports);
    InitializeListHead(&MiniportDrivers);
    read_settings();
    read_request_hold();
    if (RdCommandLineNumber("selftest", 0)) run_library_selftest();
    NTSTATUS status = create_control_device(DriverObject);
    if (NT_SUCCESS(status)) status = start_engine();
    return status;
}
