// SPDX-License-Identifier: MIT
// io/shutdown.cpp
//
// Shutdown: devices that asked for it get IRP_MJ_SHUTDOWN, the one that asked last first; then those that asked for their
// last chance, in the same order; then the machine stops.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioregistershutdownnotification
#include "io/iop.hpp"

namespace {

constexpr ULONG kTag = 'hSoI';
enum Action : ULONG { action_halt = 0, action_restart = 1, action_power_off = 2 };

struct Registration {
    LIST_ENTRY entry;
    PDEVICE_OBJECT device;  ///< Referenced.
};

LIST_ENTRY first_round = {&first_round, &first_round};
LIST_ENTRY last_chance = {&last_chance, &last_chance};

NTSTATUS add(LIST_ENTRY* list, PDEVICE_OBJECT device) {
    auto* made = static_cast<Registration*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Registration), kTag));
    if (!made) return STATUS_INSUFFICIENT_RESOURCES;
    made->device = device;
    ObfReferenceObject(device);
    const IopLockGuard lock;
    device->Flags |= DO_SHUTDOWN_REGISTERED;
    InsertHeadList(list, &made->entry);
    return STATUS_SUCCESS;
}

Registration* take_first(LIST_ENTRY* list, PDEVICE_OBJECT device) {
    const IopLockGuard lock;
    for (PLIST_ENTRY at = list->Flink; at != list; at = at->Flink) {
        auto* found = CONTAINING_RECORD(at, Registration, entry);
        if (device && found->device != device) continue;
        RemoveEntryList(at);
        return found;
    }
    return nullptr;
}

void drop(Registration* registration) {
    ObfDereferenceObject(registration->device);
    ExFreePoolWithTag(registration, kTag);
}

/// Sends IRP_MJ_SHUTDOWN to the top of a device's stack and waits for it.
void notify(PDEVICE_OBJECT device) {
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(device);
    KEVENT done;
    IO_STATUS_BLOCK status_block = {};
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_SHUTDOWN, top, nullptr, 0, nullptr, &done, &status_block);
    if (!irp) {
        DbgPrint("shutdown: no memory for a device's IRP_MJ_SHUTDOWN\n");
    } else if (IoCallDriver(top, irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
    }
    ObfDereferenceObject(top);
}

void notify_all(LIST_ENTRY* list) {
    while (Registration* next = take_first(list, nullptr)) {
        notify(next->device);
        drop(next);
    }
}

}  // namespace

/// PASSIVE_LEVEL.
NTSTATUS NTAPI IoRegisterShutdownNotification(PDEVICE_OBJECT DeviceObject) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoRegisterShutdownNotification");
    return add(&first_round, DeviceObject);
}

/// PASSIVE_LEVEL. Such a driver may not touch the file system.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioregisterlastchanceshutdownnotification
NTSTATUS NTAPI IoRegisterLastChanceShutdownNotification(PDEVICE_OBJECT DeviceObject) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoRegisterLastChanceShutdownNotification");
    return add(&last_chance, DeviceObject);
}

/// PASSIVE_LEVEL (<= APC_LEVEL from IoDeleteDevice). Both kinds.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iounregistershutdownnotification
VOID NTAPI IoUnregisterShutdownNotification(PDEVICE_OBJECT DeviceObject) {
    KiRequireIrqlAtMost(APC_LEVEL, "IoUnregisterShutdownNotification");
    LIST_ENTRY* const lists[] = {&first_round, &last_chance};
    for (LIST_ENTRY* list : lists)
        while (Registration* found = take_first(list, DeviceObject)) drop(found);
    const IopLockGuard lock;
    DeviceObject->Flags &= ~DO_SHUTDOWN_REGISTERED;
}

/// See rd_executive.hpp.
NTSTATUS NTAPI ZwShutdownSystem(ULONG action) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwShutdownSystem");
    if (action > action_power_off) return STATUS_INVALID_PARAMETER;
    notify_all(&first_round);
    notify_all(&last_chance);
    if (action == action_power_off) RdPowerOff();
    if (action == action_restart) RdReset();
    KiHalt();
}
