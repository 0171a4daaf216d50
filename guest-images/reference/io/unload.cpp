// SPDX-License-Identifier: MIT
// io/unload.cpp
//
// Unloading. Unload is called when no file is open on the driver's devices and nothing is attached to them, on a thread of its
// own; what the driver has left behind then goes to the trace as violations; then its image goes, and code that was still to
// run stops the guest with bug check 0xCE when it does.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-driver_unload
#include "io/service.hpp"

#include "ldr/ldr.hpp"
#include "rd_faults.hpp"

namespace {

constexpr ULONG kWorkItemWaitMs = 2000;

/// By IopLock. `opens` that keep a driver loaded: its own, but in a test of who notices.
bool may_unload(const IOP_DRIVER* driver, LONG opens) {
    if (!driver->UnloadRequested || driver->State != DriverState::running || opens) return false;
    for (PDEVICE_OBJECT device = driver->Public.DeviceObject; device; device = device->NextDevice)
        if (device->AttachedDevice) return false;
    return true;
}

/// Whoever gets true runs Unload.
bool claim(IOP_DRIVER* driver, bool whatever_is_open = false) {
    const IopLockGuard lock;
    if (!may_unload(driver, whatever_is_open ? 0 : driver->Opens)) return false;
    driver->State = DriverState::stopping;
    driver->Public.Flags |= DRVO_UNLOAD_INVOKED;
    return true;
}

VOID NTAPI unload(PVOID context) {
    auto* driver = static_cast<IOP_DRIVER*>(context);
    driver->Public.DriverUnload(&driver->Public);
    if (KeGetCurrentIrql() != PASSIVE_LEVEL)
        RdBugCheckText(
            "Unload returned at a raised IRQL", 0xC9, IOP_DISPATCH_CHANGED_IRQL,
            reinterpret_cast<ULONG_PTR>(&driver->Public), PASSIVE_LEVEL, KeGetCurrentIrql());
    io::finish_driver(driver);
}

/// Devices of a driver that is gone refuse what still comes.
NTSTATUS NTAPI refuse_orphan(PDEVICE_OBJECT, PIRP irp) {
    irp->IoStatus.Status = STATUS_NO_SUCH_DEVICE;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_NO_SUCH_DEVICE;
}

void tell(const IOP_DRIVER* driver, rd_trace_violation what, ULONG64 detail, const char* noun, ULONG64 count) {
    RdTraceWrite(
        RD_SOURCE_KERNEL, RD_KIND_NOTE, RD_EV_VIOLATION, 0, 0, reinterpret_cast<ULONG64>(&driver->Public), what, detail, 0);
    DbgPrint("unloading %ws: %u %s left behind\n", driver->Public.DriverName.Buffer, static_cast<ULONG>(count), noun);
}

void tell_objects(const IOP_DRIVER* driver, rd_trace_live_object kind, const char* noun, ULONG64 count) {
    if (count) tell(driver, RD_VIOLATION_LIVE_OBJECT, static_cast<ULONG64>(kind) << 32 | count, noun, count);
}

ULONG count_devices(const IOP_DRIVER* driver) {
    const IopLockGuard lock;
    ULONG count = 0;
    for (PDEVICE_OBJECT device = driver->Public.DeviceObject; device; device = device->NextDevice) ++count;
    return count;
}

void report_leftovers(const IOP_DRIVER* driver) {
    RD_MODULE_OBJECTS objects;
    ULONG64 bytes;
    RdQueryObjectsOfModule(driver->Module->DllBase, driver->Module->SizeOfImage, &objects);
    const ULONG blocks = RdQueryPoolOfModule(driver->Module->DllBase, driver->Module->SizeOfImage, &bytes);
    tell_objects(driver, RD_LIVE_DEVICES, "devices", count_devices(driver));
    tell_objects(driver, RD_LIVE_TIMERS, "timers", objects.Timers);
    tell_objects(driver, RD_LIVE_DPCS, "queued DPCs", objects.Dpcs);
    tell_objects(driver, RD_LIVE_THREADS, "threads", objects.Threads);
    tell_objects(driver, RD_LIVE_INTERRUPTS, "interrupts", objects.Interrupts);
    tell_objects(driver, RD_LIVE_WORK_ITEMS, "work items", static_cast<ULONG>(driver->WorkItems));
    if (blocks) tell(driver, RD_VIOLATION_POOL_LEAKED, bytes, "pool blocks", blocks);
    io::stop_for_leftovers(driver, blocks);
}

/// The guarantee of IoQueueWorkItem: an item's routine finds its driver's code. Bounded, for items that never end.
void await_work_items(const IOP_DRIVER* driver) {
    for (ULONG waited = 0; driver->WorkItems && waited < kWorkItemWaitMs; ++waited) {
        LARGE_INTEGER pause;
        pause.QuadPart = -10 * 1000;
        KeDelayExecutionThread(KernelMode, FALSE, &pause);
    }
}

/// Deletes the devices that were left, so that their names are free; those below others stay as they are.
void delete_orphans(IOP_DRIVER* driver) {
    for (PDRIVER_DISPATCH& dispatch : driver->Public.MajorFunction) dispatch = refuse_orphan;
    driver->Public.FastIoDispatch = nullptr;
    driver->Public.DriverStartIo = nullptr;
    for (PDEVICE_OBJECT next, device = driver->Public.DeviceObject; device; device = next) {
        next = device->NextDevice;
        if (PDEVICE_OBJECT below = IopDeviceOf(device)->AttachedTo) IoDetachDevice(below);
        if (!device->AttachedDevice) IoDeleteDevice(device);
    }
}

}  // namespace

namespace io {

void finish_driver(IOP_DRIVER* driver) {
    LDR_MODULE* module = driver->Module;
    report_leftovers(driver);
    await_work_items(driver);
    delete_orphans(driver);
    driver->Module = nullptr;
    driver->Public.DriverUnload = nullptr;
    LdrUnloadImage(module);
    IopRetireDriver(driver);
    KeSetEvent(&driver->Unloaded, IO_NO_INCREMENT, FALSE);
    ObfDereferenceObject(driver);
}

NTSTATUS stop_driver(IOP_DRIVER* driver) {
    {
        const IopLockGuard lock;
        // A device that PnP has started keeps its driver; and what has no Unload, or is unloading, cannot be unloaded.
        const bool pnp = driver->Extension.AddDevice && driver->Public.DeviceObject;
        if (!driver->Module || !driver->Public.DriverUnload || pnp || driver->UnloadRequested ||
            driver->State != DriverState::running)
            return STATUS_INVALID_DEVICE_REQUEST;
        driver->UnloadRequested = TRUE;
    }
    if (!claim(driver, RdFaultWanted(RD_FAULT_UNLOADS_WITH_HANDLES))) return STATUS_PENDING;
    const NTSTATUS status = IopRunOnThread(unload, driver, true);
    if (NT_SUCCESS(status)) return STATUS_SUCCESS;
    const IopLockGuard lock;
    driver->State = DriverState::running;
    driver->UnloadRequested = FALSE;
    driver->Public.Flags &= ~static_cast<ULONG>(DRVO_UNLOAD_INVOKED);
    return status;
}

}  // namespace io

namespace {

VOID NTAPI unload_later(PVOID context) {
    auto* driver = static_cast<IOP_DRIVER*>(context);
    const NTSTATUS status = IopRunOnThread(unload, driver, false);
    if (NT_SUCCESS(status)) return;
    DbgPrint("unloading %ws: no thread for it, status %08x\n", driver->Public.DriverName.Buffer, status);
    const IopLockGuard lock;
    driver->State = DriverState::running;  // the next close tries again
}

}  // namespace

VOID IopContinueUnload(IOP_DRIVER* driver) {
    if (!claim(driver)) return;
    // A close may come at DISPATCH_LEVEL; threads are made at PASSIVE_LEVEL.
    ExInitializeWorkItem(&driver->UnloadItem, unload_later, driver);
    ExQueueWorkItem(&driver->UnloadItem, DelayedWorkQueue);
}

/// PASSIVE_LEVEL. Success: Unload has returned and the image is gone. STATUS_PENDING: files are open on the driver's devices;
/// Unload is called when the last one is closed, and nothing can be opened until then.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwunloaddriver
NTSTATUS NTAPI ZwUnloadDriver(PUNICODE_STRING DriverServiceName) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwUnloadDriver");
    io::Service service;
    NTSTATUS status = io::read_service(DriverServiceName, &service);
    if (!NT_SUCCESS(status)) return status;
    IOP_DRIVER* driver;
    status = io::find_driver(service, &driver);
    if (!NT_SUCCESS(status)) return status;
    status = io::stop_driver(driver);
    ObfDereferenceObject(driver);
    return status;
}
