// SPDX-License-Identifier: MIT
// io/pnp/stack.cpp
//
// Building and taking down the stack of drivers over a PDO, with the PnP requests in the documented order.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/starting-a-device-in-a-function-driver
// https://learn.microsoft.com/windows-hardware/drivers/kernel/removing-a-device
#include "device_node.hpp"
#include "rd_executive.hpp"

namespace pnp {

namespace {

NTSTATUS NTAPI signal_completion(PDEVICE_OBJECT, PIRP irp, PVOID event) {
    if (irp->PendingReturned) KeSetEvent(static_cast<PKEVENT>(event), IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;  // the request stays ours
}

/// Sends one IRP_MJ_PNP request to the top of the node's stack and waits for it. `parameters` is copied into the stack
/// location; null: none. PASSIVE_LEVEL.
NTSTATUS send_pnp(DeviceNode& node, UCHAR minor, const IO_STACK_LOCATION* parameters) {
    const PDEVICE_OBJECT top = IoGetAttachedDeviceReference(node.pdo);
    const PIRP irp = IoAllocateIrp(top->StackSize, FALSE);
    if (!irp) {
        ObDereferenceObject(top);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;  // what a request nobody answers comes back with
    irp->RequestorMode = KernelMode;
    const PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = IRP_MJ_PNP;
    stack->MinorFunction = minor;
    if (parameters) stack->Parameters = parameters->Parameters;
    IoSetCompletionRoutine(irp, signal_completion, &done, TRUE, TRUE, TRUE);
    const NTSTATUS called = IoCallDriver(top, irp);
    if (called == STATUS_PENDING) KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
    const NTSTATUS status = irp->IoStatus.Status;
    IoFreeIrp(irp);
    ObDereferenceObject(top);
    return status;
}

void release_driver(DeviceNode& node) {
    if (node.driver) ObDereferenceObject(node.driver);
    node.driver = nullptr;
}

NTSTATUS send_start(DeviceNode& node) {
    IO_STACK_LOCATION parameters{};
    const PCM_RESOURCE_LIST raw = build_resources(node, false);
    const PCM_RESOURCE_LIST translated = build_resources(node, true);
    parameters.Parameters.StartDevice.AllocatedResources = raw;
    parameters.Parameters.StartDevice.AllocatedResourcesTranslated = translated;
    const NTSTATUS status =
        (raw != nullptr) == (translated != nullptr) ? send_pnp(node, IRP_MN_START_DEVICE, &parameters)
                                                    : STATUS_INSUFFICIENT_RESOURCES;
    if (raw) ExFreePool(raw);
    if (translated) ExFreePool(translated);
    return status;
}

NTSTATUS add_and_start(DeviceNode& node) {
    UNICODE_STRING service;
    RtlInitUnicodeString(&service, node.service);
    NTSTATUS status = RdLoadService(&service, &node.driver);
    if (!NT_SUCCESS(status)) return status;
    const PDRIVER_ADD_DEVICE add_device = node.driver->DriverExtension->AddDevice;
    if (!add_device) return STATUS_INVALID_DEVICE_REQUEST;  // a legacy driver cannot run a PnP device
    status = add_device(node.driver, node.pdo);
    if (!NT_SUCCESS(status)) return status;
    if (!node.pdo->AttachedDevice) return STATUS_NO_SUCH_DEVICE;  // success, and no device: it does not want it
    status = send_start(node);
    if (!NT_SUCCESS(status)) {
        send_pnp(node, IRP_MN_REMOVE_DEVICE, nullptr);
        return status;
    }
    send_pnp(node, IRP_MN_QUERY_PNP_DEVICE_STATE, nullptr);
    return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS start_node(DeviceNode& node) {
    if (node.state == NodeState::started) return STATUS_SUCCESS;
    if (node.state == NodeState::gone) return STATUS_NO_SUCH_DEVICE;
    const NTSTATUS status = node.service[0] != L'\0' ? add_and_start(node) : STATUS_DEVICE_CONFIGURATION_ERROR;
    node.start_status = status;
    node.state = NT_SUCCESS(status) ? NodeState::started : NodeState::start_failed;
    if (!NT_SUCCESS(status)) {
        release_driver(node);
        set_decoding(node, false);
    }
    return status;
}

NTSTATUS stop_node(DeviceNode& node) {
    if (node.state != NodeState::started) return STATUS_SUCCESS;
    const NTSTATUS status = send_pnp(node, IRP_MN_QUERY_REMOVE_DEVICE, nullptr);
    if (!NT_SUCCESS(status)) {
        send_pnp(node, IRP_MN_CANCEL_REMOVE_DEVICE, nullptr);
        return status;
    }
    send_pnp(node, IRP_MN_REMOVE_DEVICE, nullptr);  // cannot be refused
    release_driver(node);
    node.state = NodeState::stopped;
    return STATUS_SUCCESS;
}

void remove_node(DeviceNode& node) {
    if (node.state == NodeState::started) {
        send_pnp(node, IRP_MN_SURPRISE_REMOVAL, nullptr);
        send_pnp(node, IRP_MN_REMOVE_DEVICE, nullptr);
        release_driver(node);
    }
    node.state = NodeState::gone;
    RemoveEntryList(&node.entry);
    IoDeleteDevice(node.pdo);  // takes the node with it when the last reference is gone
}

}  // namespace pnp
