// SPDX-License-Identifier: MIT
// ndis/power_irps.cpp
//
// IRP_MJ_POWER of adapters: what it asks of NDIS and passes to the bus. What it means for protocols and miniports: power.cpp.
// https://learn.microsoft.com/windows-hardware/drivers/kernel/handling-irp-mj-power
#include "ndis/device.hpp"

namespace ndis {

namespace {

NTSTATUS pass_power_down(Miniport* miniport, PIRP irp) {
    PoStartNextPowerIrp(irp);
    IoSkipCurrentIrpStackLocation(irp);
    return PoCallDriver(miniport->resources.next, irp);
}

NTSTATUS set_device_power(Miniport* miniport, PIRP irp, DEVICE_POWER_STATE to) {
    if (to != PowerDeviceD0) {
        power_down(miniport, to);
        irp->IoStatus.Status = STATUS_SUCCESS;
        return pass_power_down(miniport, irp);
    }
    NTSTATUS status = pass_down_and_wait(miniport, irp);
    PoStartNextPowerIrp(irp);
    if (NT_SUCCESS(status)) status = power_up(miniport);
    return complete_request(irp, status);
}

VOID NTAPI device_power_set(PDEVICE_OBJECT, UCHAR, POWER_STATE, PVOID done, PIO_STATUS_BLOCK) {
    KeSetEvent(static_cast<PKEVENT>(done), IO_NO_INCREMENT, FALSE);
}

/// The adapter has been removed since the request was sent.
NTSTATUS refuse_power(PIRP irp) {
    PoStartNextPowerIrp(irp);
    return complete_request(irp, STATUS_NO_SUCH_DEVICE);
}

/// The device's PDO, referenced; null: the adapter has been removed.
PDEVICE_OBJECT pdo_of(PDEVICE_OBJECT device) {
    const DeviceTurn turn(device);
    if (!turn.miniport()) return nullptr;
    ObReferenceObject(turn.miniport()->resources.pdo);
    return turn.miniport()->resources.pdo;
}

/// NDIS owns the power policy of its adapters: the system's state decides the device's, by a request of its own.
NTSTATUS follow_system_power(PDEVICE_OBJECT device, PIRP irp, SYSTEM_POWER_STATE system) {
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    const POWER_STATE wanted = {.DeviceState = system == PowerSystemWorking ? PowerDeviceD0 : PowerDeviceD3};
    const PDEVICE_OBJECT pdo = pdo_of(device);
    if (!pdo) return refuse_power(irp);
    if (PoRequestPowerIrp(pdo, IRP_MN_SET_POWER, wanted, device_power_set, &done, nullptr) == STATUS_PENDING)
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
    ObDereferenceObject(pdo);
    const DeviceTurn turn(device);
    if (!turn.miniport()) return refuse_power(irp);
    irp->IoStatus.Status = STATUS_SUCCESS;
    return pass_power_down(turn.miniport(), irp);
}

}  // namespace

/// PASSIVE_LEVEL: the devices are DO_POWER_PAGABLE.
NTSTATUS NTAPI dispatch_power(PDEVICE_OBJECT device, PIRP irp) {
    const PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const bool of_device = stack->Parameters.Power.Type == DevicePowerState;
    const POWER_STATE to = stack->Parameters.Power.State;
    if (stack->MinorFunction == IRP_MN_SET_POWER && !of_device) return follow_system_power(device, irp, to.SystemState);
    const DeviceTurn turn(device);
    Miniport* miniport = turn.miniport();
    if (!miniport) return refuse_power(irp);
    if (stack->MinorFunction == IRP_MN_SET_POWER) return set_device_power(miniport, irp, to.DeviceState);
    if (stack->MinorFunction != IRP_MN_QUERY_POWER) return pass_power_down(miniport, irp);
    const NTSTATUS status = query_power(miniport, of_device                              ? to.DeviceState
                                                  : to.SystemState == PowerSystemWorking ? PowerDeviceD0
                                                                                         : PowerDeviceD3);
    if (NT_SUCCESS(status)) {
        irp->IoStatus.Status = STATUS_SUCCESS;
        return pass_power_down(miniport, irp);
    }
    PoStartNextPowerIrp(irp);
    return complete_request(irp, status);
}

}  // namespace ndis
