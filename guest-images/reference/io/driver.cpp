// SPDX-License-Identifier: MIT
// io/driver.cpp
//
// Driver objects: how they are born, entered and forgotten. Loading their images is service.cpp's, unloading unload.cpp's.
#include "io/iop.hpp"

#include "ldr/ldr.hpp"
#include "rtl/literal.hpp"

namespace {

constexpr ULONG kTag = 'virD';
UNICODE_STRING hardware_database = rtl::literal(L"\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM");

/// What an entry of MajorFunction does until the driver puts its own there.
NTSTATUS NTAPI refuse_request(PDEVICE_OBJECT, PIRP irp) {
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

bool copy_string(UNICODE_STRING* to, PCUNICODE_STRING from) {
    if (!from || !from->Length) return true;
    to->Buffer = static_cast<PWCHAR>(ExAllocatePoolWithTag(NonPagedPool, from->Length + sizeof(WCHAR), kTag));
    if (!to->Buffer) return false;
    RtlCopyMemory(to->Buffer, from->Buffer, from->Length);
    to->Buffer[from->Length / sizeof(WCHAR)] = 0;
    to->Length = from->Length;
    to->MaximumLength = static_cast<USHORT>(from->Length + sizeof(WCHAR));
    return true;
}

void free_string(UNICODE_STRING* string) {
    if (string->Buffer) ExFreePoolWithTag(string->Buffer, kTag);
    *string = {};
}

void fill_in(IOP_DRIVER* driver, PDRIVER_INITIALIZE entry) {
    DRIVER_OBJECT& object = driver->Public;
    object.Type = IO_TYPE_DRIVER;
    object.Size = sizeof(DRIVER_OBJECT);
    object.DriverExtension = &driver->Extension;
    object.HardwareDatabase = &hardware_database;
    object.DriverInit = entry;
    for (PDRIVER_DISPATCH& dispatch : object.MajorFunction) dispatch = refuse_request;
    driver->Extension.DriverObject = &object;
    driver->State = DriverState::starting;
    KeInitializeEvent(&driver->Started, NotificationEvent, FALSE);
    KeInitializeEvent(&driver->Unloaded, NotificationEvent, FALSE);
}

void run_reinitializations(IOP_DRIVER* driver) {
    for (;;) {
        IOP_REINITIALIZATION* next;
        {
            const IopLockGuard lock;
            next = driver->Reinitializations;
            if (next) driver->Reinitializations = next->Next;
        }
        if (!next) return;
        ++driver->Extension.Count;
        next->Routine(&driver->Public, next->Context, driver->Extension.Count);
        ExFreePoolWithTag(next, kTag);
    }
}

/// Devices made by DriverEntry may be opened once it has returned.
void make_devices_ready(IOP_DRIVER* driver) {
    const IopLockGuard lock;
    for (PDEVICE_OBJECT device = driver->Public.DeviceObject; device; device = device->NextDevice)
        device->Flags &= ~DO_DEVICE_INITIALIZING;
}

}  // namespace

NTSTATUS IopCreateDriverObject(
    PCUNICODE_STRING name, PCUNICODE_STRING service, PDRIVER_INITIALIZE entry, IOP_DRIVER** made) {
    OBJECT_ATTRIBUTES attributes;
    const ULONG bits = OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE | (name ? OBJ_PERMANENT : 0);
    InitializeObjectAttributes(&attributes, const_cast<PUNICODE_STRING>(name), bits, nullptr, nullptr);
    PVOID body;
    NTSTATUS status = ObCreateObject(
        KernelMode, IopDriverType, &attributes, KernelMode, nullptr, sizeof(IOP_DRIVER), 0, 0, &body);
    if (!NT_SUCCESS(status)) return status;
    RtlZeroMemory(body, sizeof(IOP_DRIVER));
    auto* driver = static_cast<IOP_DRIVER*>(body);
    IopCount(&IopDriverCount, 1);
    fill_in(driver, entry);
    if (!copy_string(&driver->Public.DriverName, name) || !copy_string(&driver->Extension.ServiceKeyName, service)) {
        ObfDereferenceObject(driver);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = ObInsertObject(driver, nullptr, FILE_READ_DATA, 0, nullptr, nullptr);
    if (NT_SUCCESS(status)) *made = driver;
    return status;
}

NTSTATUS IopInitializeDriver(IOP_DRIVER* driver, PUNICODE_STRING registry_path) {
    const NTSTATUS status = driver->Public.DriverInit(&driver->Public, registry_path);
    if (KeGetCurrentIrql() != PASSIVE_LEVEL)
        RdBugCheckText(
            "DriverEntry returned at a raised IRQL", 0xC9, IOP_DISPATCH_CHANGED_IRQL,
            reinterpret_cast<ULONG_PTR>(&driver->Public), PASSIVE_LEVEL, KeGetCurrentIrql());
    if (NT_SUCCESS(status)) {
        for (PDRIVER_DISPATCH& dispatch : driver->Public.MajorFunction)
            if (!dispatch) dispatch = refuse_request;
        make_devices_ready(driver);
        run_reinitializations(driver);
    }
    {
        const IopLockGuard lock;
        driver->State = NT_SUCCESS(status) ? DriverState::running : DriverState::stopping;
    }
    driver->StartStatus = status;
    return status;
}

VOID IopRetireDriver(IOP_DRIVER* driver) {
    {
        const IopLockGuard lock;
        driver->State = DriverState::stopped;
    }
    driver->Public.DriverSection = nullptr;
    while (IOP_CLIENT_EXTENSION* extension = driver->ClientExtensions) {
        driver->ClientExtensions = extension->Next;
        ExFreePoolWithTag(extension, kTag);
    }
    while (IOP_REINITIALIZATION* next = driver->Reinitializations) {
        driver->Reinitializations = next->Next;
        ExFreePoolWithTag(next, kTag);
    }
    if (driver->Public.DriverName.Length) ObMakeTemporaryObject(driver);
}

/// The type's delete procedure.
VOID NTAPI IopDeleteDriver(PVOID object) {
    auto* driver = static_cast<IOP_DRIVER*>(object);
    if (driver->Public.Type != IO_TYPE_DRIVER) return;
    IopCount(&IopDriverCount, -1);
    free_string(&driver->Public.DriverName);
    free_string(&driver->Extension.ServiceKeyName);
}

/// See rd_executive.hpp.
NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING name, PDRIVER_INITIALIZE entry) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoCreateDriver");
    IOP_DRIVER* driver;
    NTSTATUS status = IopCreateDriverObject(name, nullptr, entry, &driver);
    if (!NT_SUCCESS(status)) return status;
    driver->Public.Flags |= DRVO_BUILTIN_DRIVER;
    UNICODE_STRING none = {};
    status = IopInitializeDriver(driver, &none);
    KeSetEvent(&driver->Started, IO_NO_INCREMENT, FALSE);
    if (!NT_SUCCESS(status)) {
        IopRetireDriver(driver);
        ObfDereferenceObject(driver);
    }
    return status;
}

/// <= DISPATCH_LEVEL. Zeroed memory that goes with the driver. STATUS_OBJECT_NAME_COLLISION: the id is in use.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocatedriverobjectextension
NTSTATUS NTAPI IoAllocateDriverObjectExtension(
    PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress, ULONG DriverObjectExtensionSize,
    PVOID* DriverObjectExtension) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoAllocateDriverObjectExtension");
    *DriverObjectExtension = nullptr;
    const SIZE_T bytes = sizeof(IOP_CLIENT_EXTENSION) + DriverObjectExtensionSize;
    auto* made = static_cast<IOP_CLIENT_EXTENSION*>(ExAllocatePoolWithTag(NonPagedPool, bytes, kTag));
    if (!made) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(made, bytes);
    made->ClientId = ClientIdentificationAddress;
    IOP_DRIVER* driver = IopDriverOf(DriverObject);
    bool taken = false;
    {
        const IopLockGuard lock;
        for (IOP_CLIENT_EXTENSION* at = driver->ClientExtensions; at && !taken; at = at->Next)
            taken = at->ClientId == ClientIdentificationAddress;
        if (!taken) {
            made->Next = driver->ClientExtensions;
            driver->ClientExtensions = made;
        }
    }
    if (taken) {
        ExFreePoolWithTag(made, kTag);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    *DriverObjectExtension = made + 1;
    return STATUS_SUCCESS;
}

/// <= DISPATCH_LEVEL. Null: none of that id.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetdriverobjectextension
PVOID NTAPI IoGetDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoGetDriverObjectExtension");
    const IopLockGuard lock;
    for (IOP_CLIENT_EXTENSION* at = IopDriverOf(DriverObject)->ClientExtensions; at; at = at->Next)
        if (at->ClientId == ClientIdentificationAddress) return at + 1;
    return nullptr;
}

/// PASSIVE_LEVEL, in DriverEntry. The routine is called once DriverEntry has returned.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-ioregisterdriverreinitialization
VOID NTAPI IoRegisterDriverReinitialization(
    PDRIVER_OBJECT DriverObject, PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoRegisterDriverReinitialization");
    auto* made = static_cast<IOP_REINITIALIZATION*>(
        ExAllocatePoolWithTag(NonPagedPool, sizeof(IOP_REINITIALIZATION), kTag));
    if (!made) return;  // as documented: nobody is told
    *made = {nullptr, DriverReinitializationRoutine, Context};
    const IopLockGuard lock;
    IOP_REINITIALIZATION** end = &IopDriverOf(DriverObject)->Reinitializations;
    while (*end) end = &(*end)->Next;
    *end = made;
}

/// The same here: devices are found while drivers are loaded.
VOID NTAPI IoRegisterBootDriverReinitialization(
    PDRIVER_OBJECT DriverObject, PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context) {
    IoRegisterDriverReinitialization(DriverObject, DriverReinitializationRoutine, Context);
}
