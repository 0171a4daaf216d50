// SPDX-License-Identifier: MIT
// ndis/miniport_device.cpp
//
// The device objects of adapters, and the requests they get: AddDevice, Plug and Play, shutdown. Power: power_irps.cpp.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/plug-and-play-minor-irps
#include "ndis/device.hpp"
#include "ndis/lib/control_device.hpp"
#include "ndis/pnp_devices.hpp"

namespace ndis {

NTSTATUS complete_request(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

namespace {

NTSTATUS NTAPI signal(PDEVICE_OBJECT, PIRP irp, PVOID event) {
    if (irp->PendingReturned) KeSetEvent(static_cast<PKEVENT>(event), IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

}  // namespace

NTSTATUS pass_down_and_wait(Miniport* miniport, PIRP irp) {
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, signal, &done, TRUE, TRUE, TRUE);
    const NTSTATUS status = IoCallDriver(miniport->resources.next, irp);
    if (status != STATUS_PENDING) return status;
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
    return irp->IoStatus.Status;
}

namespace {

MiniportDriver* owner_of_driver(PDRIVER_OBJECT driver) {
    const CoreGuard guard;
    for (PLIST_ENTRY entry = MiniportDrivers.Flink; entry != &MiniportDrivers; entry = entry->Flink) {
        MiniportDriver* owner = CONTAINING_RECORD(entry, MiniportDriver, entry);
        if (owner->driver == driver) return owner;
    }
    return nullptr;
}

NTSTATUS pass_down(Miniport* miniport, PIRP irp) {
    IoSkipCurrentIrpStackLocation(irp);
    return IoCallDriver(miniport->resources.next, irp);
}

/// Which PCI function and service the PnP manager knows the device by.
void note_identity(Miniport* miniport, PDEVICE_OBJECT pdo) {
    for (const RD_PNP_DEVICE& known : PnpDevices()) {
        if (known.Pdo != pdo) continue;
        miniport->pci_address = known.PciAddress;
        RtlCopyMemory(miniport->service, known.Service, sizeof miniport->service);
    }
}

/// The adapter's device name: the first of its class key's Linkage\Export, \Device\{GUID}.
NTSTATUS read_name(Miniport* miniport, PDEVICE_OBJECT pdo) {
    HANDLE key, linkage = nullptr;
    NTSTATUS status = IoOpenDeviceRegistryKey(pdo, PLUGPLAY_REGKEY_DRIVER, KEY_READ, &key);
    if (!NT_SUCCESS(status)) return status;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"Linkage");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, key, nullptr);
    status = ZwOpenKey(&linkage, KEY_READ, &attributes);
    ZwClose(key);
    if (!NT_SUCCESS(status)) return status;
    union {
        KEY_VALUE_PARTIAL_INFORMATION information;
        UCHAR room[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + 2 * sizeof miniport->name];
    } value;
    ULONG bytes;
    RtlInitUnicodeString(&name, L"Export");
    status = ZwQueryValueKey(linkage, &name, KeyValuePartialInformation, &value, sizeof value, &bytes);
    ZwClose(linkage);
    if (!NT_SUCCESS(status)) return status;
    const auto* text = reinterpret_cast<const WCHAR*>(value.information.Data);
    const ULONG length = value.information.DataLength / sizeof(WCHAR);
    ULONG i = 0;
    for (; i < length && text[i] && i + 1 < kNameCharacters; ++i) miniport->name[i] = text[i];
    if (!i) return STATUS_OBJECT_NAME_NOT_FOUND;
    RtlInitUnicodeString(&miniport->name_string, miniport->name);
    return STATUS_SUCCESS;
}

Miniport* create(MiniportDriver* owner) {
    auto* miniport = static_cast<Miniport*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Miniport), kMiniportTag));
    if (!miniport) return nullptr;
    RtlZeroMemory(miniport, sizeof *miniport);
    miniport->owner = owner;
    miniport->state = MiniportState::added;
    InitializeListHead(&miniport->opens);
    KeInitializeEvent(&miniport->changed, SynchronizationEvent, FALSE);
    KeInitializeEvent(&miniport->requests_idle, NotificationEvent, TRUE);
    init_serialisation(miniport);
    return miniport;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    MiniportDriver* owner = owner_of_driver(driver);
    if (!owner) return STATUS_NO_SUCH_DEVICE;
    Miniport* miniport = create(owner);
    if (!miniport) return STATUS_INSUFFICIENT_RESOURCES;
    PDEVICE_OBJECT device = nullptr;
    NTSTATUS status = read_name(miniport, pdo);
    if (NT_SUCCESS(status))
        status = IoCreateDevice(
            driver, sizeof(DeviceExtension), &miniport->name_string, FILE_DEVICE_PHYSICAL_NETCARD, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    const PDEVICE_OBJECT next = NT_SUCCESS(status) ? IoAttachDeviceToDeviceStack(device, pdo) : nullptr;
    if (!next) {
        if (device) IoDeleteDevice(device);
        ExFreePoolWithTag(miniport, kMiniportTag);
        return NT_SUCCESS(status) ? STATUS_NO_SUCH_DEVICE : status;
    }
    extension_of(device).miniport = miniport;
    KeInitializeEvent(&extension_of(device).turn, SynchronizationEvent, TRUE);
    fill_handlers(miniport);
    init_resources(miniport->resources, miniport, pdo, device, next);
    note_identity(miniport, pdo);
    {
        const CoreGuard guard;
        InsertTailList(&Miniports, &miniport->entry);
    }
    device->Flags |= DO_DIRECT_IO | DO_POWER_PAGABLE;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

NTSTATUS start(Miniport* miniport, PIRP irp) {
    const auto& parameters = IoGetCurrentIrpStackLocation(irp)->Parameters.StartDevice;
    const PCM_RESOURCE_LIST raw = parameters.AllocatedResources, translated = parameters.AllocatedResourcesTranslated;
    NTSTATUS status = pass_down_and_wait(miniport, irp);
    if (NT_SUCCESS(status)) status = set_hardware_resources(miniport->resources, raw, translated);
    if (NT_SUCCESS(status)) {
        status = initialize_miniport(miniport);
        if (!NT_SUCCESS(status)) release_hardware(miniport->resources);
    }
    return complete_request(irp, status);
}

/// Asks every binding whether its adapter may go. PASSIVE_LEVEL.
NTSTATUS ask_to_remove(Miniport* miniport) {
    if (miniport->failed) return STATUS_SUCCESS;  // it goes, whatever they say
    Open* opens[kOpensMax];
    const ULONG count = reference_opens(miniport, opens);
    NTSTATUS status = STATUS_SUCCESS;
    for (ULONG i = 0; i < count; ++i) {
        if (NT_SUCCESS(status)) {
            const NDIS_STATUS said = send_pnp_event(opens[i]->protocol, opens[i], NetEventQueryRemoveDevice, nullptr, 0);
            if (said != NDIS_STATUS_SUCCESS && said != NDIS_STATUS_NOT_SUPPORTED) status = STATUS_UNSUCCESSFUL;
        }
        dereference(opens[i]);
    }
    return status;
}

void tell_removal_cancelled(Miniport* miniport) {
    Open* opens[kOpensMax];
    const ULONG count = reference_opens(miniport, opens);
    for (ULONG i = 0; i < count; ++i) {
        send_pnp_event(opens[i]->protocol, opens[i], NetEventCancelRemoveDevice, nullptr, 0);
        dereference(opens[i]);
    }
}

NTSTATUS remove(PDEVICE_OBJECT device, PIRP irp) {
    Miniport* miniport;
    {
        DeviceTurn turn(device);
        miniport = turn.miniport();
        halt_miniport(miniport, false);
        turn.removed();
    }
    release_hardware(miniport->resources);
    const PDEVICE_OBJECT next = miniport->resources.next;
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(irp);
    const NTSTATUS status = IoCallDriver(next, irp);
    {
        const CoreGuard guard;
        RemoveEntryList(&miniport->entry);
    }
    free_resources(miniport->resources);
    IoDetachDevice(next);
    IoDeleteDevice(device);
    miniport->block.Signature = nullptr;
    ExFreePoolWithTag(miniport, kMiniportTag);
    return status;
}

NTSTATUS stop(Miniport* miniport, PIRP irp, bool surprise) {
    halt_miniport(miniport, surprise);
    release_hardware(miniport->resources);
    irp->IoStatus.Status = STATUS_SUCCESS;
    return pass_down(miniport, irp);
}

NTSTATUS query_state(Miniport* miniport, PIRP irp) {
    const NTSTATUS status = pass_down_and_wait(miniport, irp);
    if (NT_SUCCESS(status) && miniport->failed) irp->IoStatus.Information |= PNP_DEVICE_FAILED;
    return complete_request(irp, status);
}

/// The bus says what the slot can do; whether the driver copes is the miniport's to say.
NTSTATUS query_capabilities(Miniport* miniport, PIRP irp) {
    const PDEVICE_CAPABILITIES capabilities = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceCapabilities.Capabilities;
    const NTSTATUS status = pass_down_and_wait(miniport, irp);
    if (NT_SUCCESS(status) && miniport->state == MiniportState::running)
        capabilities->SurpriseRemovalOK = (miniport->attributes & NDIS_ATTRIBUTE_SURPRISE_REMOVE_OK) != 0;
    return complete_request(irp, status);
}

NTSTATUS NTAPI dispatch_pnp(PDEVICE_OBJECT device, PIRP irp) {
    Miniport* miniport = miniport_of(device);
    switch (IoGetCurrentIrpStackLocation(irp)->MinorFunction) {
        case IRP_MN_START_DEVICE: {
            const DeviceTurn turn(device);
            return start(miniport, irp);
        }
        case IRP_MN_QUERY_STOP_DEVICE:
        case IRP_MN_QUERY_REMOVE_DEVICE: {
            const NTSTATUS status = ask_to_remove(miniport);
            if (!NT_SUCCESS(status)) return complete_request(irp, status);
            irp->IoStatus.Status = STATUS_SUCCESS;
            return pass_down(miniport, irp);
        }
        case IRP_MN_CANCEL_STOP_DEVICE:
        case IRP_MN_CANCEL_REMOVE_DEVICE: {
            const NTSTATUS status = pass_down_and_wait(miniport, irp);
            tell_removal_cancelled(miniport);
            return complete_request(irp, NT_SUCCESS(status) ? status : STATUS_SUCCESS);
        }
        case IRP_MN_STOP_DEVICE:
        case IRP_MN_SURPRISE_REMOVAL: {
            const DeviceTurn turn(device);
            return stop(miniport, irp, IoGetCurrentIrpStackLocation(irp)->MinorFunction == IRP_MN_SURPRISE_REMOVAL);
        }
        case IRP_MN_REMOVE_DEVICE: return remove(device, irp);
        case IRP_MN_QUERY_PNP_DEVICE_STATE: return query_state(miniport, irp);
        case IRP_MN_QUERY_CAPABILITIES: return query_capabilities(miniport, irp);
        default: return pass_down(miniport, irp);
    }
}

NTSTATUS NTAPI dispatch_shutdown(PDEVICE_OBJECT device, PIRP irp) {
    call_shutdown_handler(miniport_of(device)->resources);
    return complete_request(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI dispatch_open(PDEVICE_OBJECT, PIRP irp) { return complete_request(irp, STATUS_SUCCESS); }

/// Statistics IOCTLs for programs (IOCTL_NDIS_QUERY_GLOBAL_STATS) are not there; WMI passes.
NTSTATUS NTAPI dispatch_control(PDEVICE_OBJECT, PIRP irp) { return complete_request(irp, STATUS_INVALID_DEVICE_REQUEST); }
NTSTATUS NTAPI dispatch_system_control(PDEVICE_OBJECT device, PIRP irp) { return pass_down(miniport_of(device), irp); }

/// A driver may have devices of its own in the same driver object (NdisMRegisterDevice): ndis/lib knows those.
template <NTSTATUS(NTAPI* dispatch)(PDEVICE_OBJECT, PIRP)>
NTSTATUS NTAPI route(PDEVICE_OBJECT device, PIRP irp) {
    NTSTATUS status;
    return dispatch_control_device(device, irp, &status) ? status : dispatch(device, irp);
}

}  // namespace

void take_over_dispatch(MiniportDriver* owner) {
    PDRIVER_OBJECT driver = owner->driver;
    driver->DriverExtension->AddDevice = add_device;
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLEANUP] = driver->MajorFunction[IRP_MJ_CLOSE] = route<dispatch_open>;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = route<dispatch_control>;
    driver->MajorFunction[IRP_MJ_PNP] = route<dispatch_pnp>;
    driver->MajorFunction[IRP_MJ_POWER] = route<dispatch_power>;
    driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = route<dispatch_system_control>;
    driver->MajorFunction[IRP_MJ_SHUTDOWN] = route<dispatch_shutdown>;
}

}  // namespace ndis
