// SPDX-License-Identifier: MIT
// io/service.cpp
//
// Loading: a service's key becomes an image, a driver object, and a call of DriverEntry on a thread of its own.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwloaddriver
#include "io/service.hpp"

#include "ldr/ldr.hpp"
#include "ps/ps.hpp"
#include "rtl/literal.hpp"

namespace io {

namespace {

/// A DriverEntry on its way to its thread.
struct Entry {
    IOP_DRIVER* driver;
    UNICODE_STRING path;  ///< In pool of its own; freed when DriverEntry has returned, as on Windows.
};

VOID NTAPI enter(PVOID context) {
    auto* entry = static_cast<Entry*>(context);
    IopInitializeDriver(entry->driver, &entry->path);
}

bool copy_path(const UNICODE_STRING& from, UNICODE_STRING* to) {
    to->Buffer = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, from.Length + sizeof(WCHAR), 'pRoI'));
    if (!to->Buffer) return false;
    to->MaximumLength = static_cast<USHORT>(from.Length + sizeof(WCHAR));
    RtlCopyUnicodeString(to, &from);
    to->Buffer[from.Length / sizeof(WCHAR)] = 0;
    return true;
}

/// Calls DriverEntry and waits for it; the result is in driver->StartStatus.
void run_entry(IOP_DRIVER* driver, const Service& service) {
    Entry entry = {driver, {}};
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    if (copy_path(service.key, &entry.path)) status = IopRunOnThread(enter, &entry, true);
    if (entry.path.Buffer) ExFreePoolWithTag(entry.path.Buffer, 'pRoI');
    if (!NT_SUCCESS(status)) driver->StartStatus = status;
}

NTSTATUS load_image(const Service& service, LDR_MODULE** module) {
    PVOID bytes;
    SIZE_T size;
    NTSTATUS status = IopReadWholeFile(&service.image, &bytes, &size);
    if (!NT_SUCCESS(status)) {
        char name[64];
        image_base_name(service, name);
        ldr::LoaderLock lock;
        ldr::clear_error();
        ldr::add_error("%s: the file cannot be read, status %08x", name, static_cast<unsigned>(status));
        return status;
    }
    status = LdrLoadImage(&service.image, bytes, size, module);
    ExFreePool(bytes);
    if (NT_SUCCESS(status))
        PsCallImageNotifyRoutines(
            const_cast<PUNICODE_STRING>(&service.image), (*module)->DllBase, (*module)->SizeOfImage);
    return status;
}

/// The driver object of a freshly loaded image.
NTSTATUS make_driver(Service& service, LDR_MODULE* module, IOP_DRIVER** made) {
    if (!module->EntryPoint) return STATUS_DRIVER_ENTRYPOINT_NOT_FOUND;
    IOP_DRIVER* driver;
    const NTSTATUS status = IopCreateDriverObject(
        &service.driver, &service.name, reinterpret_cast<PDRIVER_INITIALIZE>(module->EntryPoint), &driver);
    if (!NT_SUCCESS(status)) return status;
    driver->Module = module;
    driver->Public.DriverSection = module;
    driver->Public.DriverStart = module->DllBase;
    driver->Public.DriverSize = module->SizeOfImage;
    *made = driver;
    return STATUS_SUCCESS;
}

void say_entry_failed(const Service& service, NTSTATUS status) {
    char name[64];
    image_base_name(service, name);
    ldr::LoaderLock lock;
    ldr::add_error("%s: DriverEntry failed with status %08x", name, static_cast<unsigned>(status));
}

/// Waits until somebody else's start of the driver is over.
NTSTATUS await_start(IOP_DRIVER* driver) {
    KeWaitForSingleObject(&driver->Started, Executive, KernelMode, FALSE, nullptr);
    return driver->StartStatus;
}

}  // namespace

NTSTATUS find_driver(const Service& service, IOP_DRIVER** driver) {
    PVOID object;
    const NTSTATUS status = ObReferenceObjectByName(
        const_cast<PUNICODE_STRING>(&service.driver), OBJ_CASE_INSENSITIVE, nullptr, 0, IopDriverType, KernelMode, nullptr,
        &object);
    if (NT_SUCCESS(status)) *driver = static_cast<IOP_DRIVER*>(object);
    return status;
}

NTSTATUS start_service(Service& service, IOP_DRIVER** started, bool* was_running) {
    *was_running = NT_SUCCESS(find_driver(service, started));
    if (*was_running) {
        const NTSTATUS status = await_start(*started);
        if (!NT_SUCCESS(status)) ObfDereferenceObject(*started);
        return status;
    }
    LDR_MODULE* module;
    NTSTATUS status = load_image(service, &module);
    if (!NT_SUCCESS(status)) return status;
    IOP_DRIVER* driver;
    status = make_driver(service, module, &driver);
    if (!NT_SUCCESS(status)) {
        LdrUnloadImage(module);
        return status;
    }
    ObfReferenceObject(driver);  // the caller's; the first one is the loaded driver's own
    run_entry(driver, service);
    status = driver->StartStatus;
    if (!NT_SUCCESS(status)) {
        say_entry_failed(service, status);
        finish_driver(driver);
        KeSetEvent(&driver->Started, IO_NO_INCREMENT, FALSE);
        ObfDereferenceObject(driver);
        return status;
    }
    KeSetEvent(&driver->Started, IO_NO_INCREMENT, FALSE);
    *started = driver;
    return STATUS_SUCCESS;
}

void report_start_failure(const Service& service, NTSTATUS status) {
    auto* text = static_cast<char*>(ExAllocatePoolWithTag(PagedPool, 1024, 'xToI'));
    if (text) RdLastLoadError(text, 1024);
    DbgPrint("service %ws did not start: status %08x\n", service.name.Buffer, status);
    if (text && text[0]) {
        RdPutString(text);
        RdPutString("\n");
    }
    if (text) ExFreePoolWithTag(text, 'xToI');
}

void start_services(ULONG first, ULONG last) {
    UNICODE_STRING path = rtl::literal(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE services;
    if (!NT_SUCCESS(ZwOpenKey(&services, KEY_READ, &attributes))) return;
    constexpr ULONG room = 512;
    auto* key = static_cast<PKEY_BASIC_INFORMATION>(ExAllocatePoolWithTag(PagedPool, room, 'xToI'));
    auto* service = static_cast<Service*>(ExAllocatePoolWithTag(PagedPool, sizeof(Service), 'xToI'));
    ULONG needed;
    for (ULONG index = 0; key && service; ++index) {
        if (!NT_SUCCESS(ZwEnumerateKey(services, index, KeyBasicInformation, key, room, &needed))) break;
        const auto bytes = static_cast<USHORT>(key->NameLength);
        const UNICODE_STRING name = {bytes, bytes, key->Name};
        if (!NT_SUCCESS(read_service_by_name(&name, service))) continue;
        if (service->start < first || service->start > last) continue;
        IOP_DRIVER* driver;
        bool was_running;
        const NTSTATUS status = start_service(*service, &driver, &was_running);
        if (NT_SUCCESS(status))
            ObfDereferenceObject(driver);
        else
            report_start_failure(*service, status);
    }
    if (key) ExFreePoolWithTag(key, 'xToI');
    if (service) ExFreePoolWithTag(service, 'xToI');
    ZwClose(services);
}

}  // namespace io

/// PASSIVE_LEVEL. STATUS_IMAGE_ALREADY_LOADED: it runs. What DriverEntry returned, if that failed; RdLastLoadError has
/// sentences. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwloaddriver
NTSTATUS NTAPI ZwLoadDriver(PUNICODE_STRING DriverServiceName) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwLoadDriver");
    io::Service service;
    NTSTATUS status = io::read_service(DriverServiceName, &service);
    if (!NT_SUCCESS(status)) return status;
    IOP_DRIVER* driver;
    bool was_running;
    status = io::start_service(service, &driver, &was_running);
    if (!NT_SUCCESS(status)) return status;
    ObfDereferenceObject(driver);
    return was_running ? STATUS_IMAGE_ALREADY_LOADED : STATUS_SUCCESS;
}

/// See rd_executive.hpp.
NTSTATUS NTAPI RdLoadService(PCUNICODE_STRING name, PDRIVER_OBJECT* driver) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RdLoadService");
    io::Service service;
    NTSTATUS status = io::read_service_by_name(name, &service);
    if (!NT_SUCCESS(status)) return status;
    IOP_DRIVER* started;
    bool was_running;
    status = io::start_service(service, &started, &was_running);
    if (NT_SUCCESS(status)) *driver = &started->Public;
    return status;
}

/// See rd_executive.hpp.
NTSTATUS NTAPI RdQueryDriver(PCUNICODE_STRING name, RD_DRIVER_STATE* state) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RdQueryDriver");
    RtlZeroMemory(state, sizeof *state);
    io::Service service;
    const NTSTATUS status = io::read_service_by_name(name, &service);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) return STATUS_SUCCESS;
    if (!NT_SUCCESS(status)) return status;
    state->Installed = TRUE;
    char image[64];
    io::image_base_name(service, image);
    {
        ldr::LoaderLock lock;
        if (const LDR_MODULE* module = LdrFindModule(image)) {
            state->ImageLoaded = TRUE;
            state->ImageBase = module->DllBase;
            state->ImageBytes = module->SizeOfImage;
        }
    }
    IOP_DRIVER* driver;
    if (!NT_SUCCESS(io::find_driver(service, &driver))) return STATUS_SUCCESS;
    {
        const IopLockGuard lock;
        switch (driver->State) {
        case DriverState::starting: state->State = RD_SERVICE_STARTING; break;
        case DriverState::running: state->State = driver->UnloadRequested ? RD_SERVICE_STOPPING : RD_SERVICE_RUNNING; break;
        case DriverState::stopping: state->State = RD_SERVICE_STOPPING; break;
        case DriverState::stopped: state->State = RD_SERVICE_STOPPED; break;
        }
    }
    ObfDereferenceObject(driver);
    return STATUS_SUCCESS;
}
