// SPDX-License-Identifier: MIT
// ndis/lib/control_device.cpp: see control_device.hpp.
// https://learn.microsoft.com/previous-versions/windows/hardware/network/ff553580(v=vs.85)
#include "ndis/lib/control_device.hpp"

#include "ndis/lib/core_seam.hpp"

using namespace ndis;

namespace {

constexpr ULONG kTag = 'dcDN';                  // "NDcd"
constexpr ULONG64 kMagic = 0x4543495645444452;  // "RDDEVICE"

/// The device's extension.
struct ControlDevice {
    ULONG64 magic;
    PDEVICE_OBJECT device;
    UNICODE_STRING link;  // our copy
    PDRIVER_DISPATCH dispatch[IRP_MJ_MAXIMUM_FUNCTION + 1];
};

ControlDevice* control_device_of(PDEVICE_OBJECT device) {
    auto* control = static_cast<ControlDevice*>(device->DeviceExtension);
    const bool ours = control && device->DeviceType == FILE_DEVICE_NETWORK && device->StackSize && control->magic == kMagic;
    return ours && control->device == device ? control : nullptr;
}

bool copy_name(PUNICODE_STRING from, UNICODE_STRING& to) {
    to.Buffer = static_cast<PWSTR>(ExAllocatePoolWithTag(NonPagedPool, from->Length + sizeof(WCHAR), kTag));
    if (!to.Buffer) return false;
    to.Length = from->Length;
    to.MaximumLength = static_cast<USHORT>(from->Length + sizeof(WCHAR));
    RtlCopyMemory(to.Buffer, from->Buffer, from->Length);
    to.Buffer[to.Length / sizeof(WCHAR)] = 0;
    return true;
}

}  // namespace

namespace ndis {

bool dispatch_control_device(PDEVICE_OBJECT device, PIRP irp, NTSTATUS* status) {
    const ControlDevice* control = control_device_of(device);
    if (!control) return false;
    const PDRIVER_DISPATCH dispatch = control->dispatch[IoGetCurrentIrpStackLocation(irp)->MajorFunction];
    if (dispatch) {
        *status = dispatch(device, irp);
        return true;
    }
    *status = irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return true;
}

}  // namespace ndis

/// A named device with a symbolic link and a dispatch table of its own, which the driver must deregister before its last
/// adapter is halted. NDIS_STATUS_RESOURCES, or NDIS_STATUS_FAILURE when a name is taken. PASSIVE_LEVEL.
NDIS_STATUS NTAPI NdisMRegisterDevice(
    NDIS_HANDLE NdisWrapperHandle, PNDIS_STRING DeviceName, PNDIS_STRING SymbolicName, PDRIVER_DISPATCH MajorFunctions[],
    PDEVICE_OBJECT* pDeviceObject, NDIS_HANDLE* NdisDeviceHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMRegisterDevice", NDIS_CALLER);
    *pDeviceObject = nullptr;
    *NdisDeviceHandle = nullptr;
    PDEVICE_OBJECT device = nullptr;
    NTSTATUS status = IoCreateDevice(
        driver_object_of(NdisWrapperHandle), sizeof(ControlDevice), DeviceName, FILE_DEVICE_NETWORK, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status == STATUS_INSUFFICIENT_RESOURCES ? NDIS_STATUS_RESOURCES : NDIS_STATUS_FAILURE;
    auto* control = static_cast<ControlDevice*>(device->DeviceExtension);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; ++i) control->dispatch[i] = MajorFunctions[i];
    control->device = device;
    if (!copy_name(SymbolicName, control->link)) {
        IoDeleteDevice(device);
        return NDIS_STATUS_RESOURCES;
    }
    status = IoCreateSymbolicLink(&control->link, DeviceName);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(control->link.Buffer, kTag);
        IoDeleteDevice(device);
        return NDIS_STATUS_FAILURE;
    }
    control->magic = kMagic;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    *pDeviceObject = device;
    *NdisDeviceHandle = control;
    return NDIS_STATUS_SUCCESS;
}

/// PASSIVE_LEVEL. The device goes when its last file is closed.
NDIS_STATUS NTAPI NdisMDeregisterDevice(NDIS_HANDLE NdisDeviceHandle) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisMDeregisterDevice", NDIS_CALLER);
    auto* control = static_cast<ControlDevice*>(NdisDeviceHandle);
    if (!control || control->magic != kMagic)
        RdBugCheckText(
            "NdisMDeregisterDevice: not a handle of NdisMRegisterDevice", 0xC4, 0x5244000C, reinterpret_cast<ULONG_PTR>(control),
            0, reinterpret_cast<ULONG_PTR>(NDIS_CALLER));
    IoDeleteSymbolicLink(&control->link);
    ExFreePoolWithTag(control->link.Buffer, kTag);
    IoDeleteDevice(control->device);
    return NDIS_STATUS_SUCCESS;
}
