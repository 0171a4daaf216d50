// SPDX-License-Identifier: MIT
// io/selftest_device.cpp
//
// A driver inside the kernel, opened, called by every method, stacked, cancelled and deleted.
#include "io/iop.hpp"
#include "io/selftest.hpp"
#include "rtl/literal.hpp"

namespace {

constexpr ULONG code(ULONG function, ULONG method) { return CTL_CODE(FILE_DEVICE_UNKNOWN, function, method, FILE_ANY_ACCESS); }
constexpr ULONG kReverse = code(0x800, METHOD_BUFFERED), kDirect = code(0x801, METHOD_OUT_DIRECT),
                kNeither = code(0x802, METHOD_NEITHER), kQueue = code(0x803, METHOD_BUFFERED),
                kFinish = code(0x804, METHOD_BUFFERED);

/// The device extension.
struct Extension {
    ULONG creates, cleanups, closes, canceled;
    IO_CSQ queue;
    LIST_ENTRY pending;
    KSPIN_LOCK lock;
    KIRQL irql;
    PDEVICE_OBJECT below;
};

PDRIVER_OBJECT test_driver;
PDEVICE_OBJECT test_device;

Extension* extension_of(PDEVICE_OBJECT device) { return static_cast<Extension*>(device->DeviceExtension); }
Extension* of_queue(PIO_CSQ queue) { return CONTAINING_RECORD(queue, Extension, queue); }

VOID NTAPI insert_irp(PIO_CSQ queue, PIRP irp) { InsertTailList(&of_queue(queue)->pending, &irp->Tail.Overlay.ListEntry); }
VOID NTAPI remove_irp(PIO_CSQ, PIRP irp) { RemoveEntryList(&irp->Tail.Overlay.ListEntry); }
PIRP NTAPI peek_irp(PIO_CSQ queue, PIRP irp, PVOID) {
    PLIST_ENTRY head = &of_queue(queue)->pending;
    PLIST_ENTRY next = irp ? irp->Tail.Overlay.ListEntry.Flink : head->Flink;
    return next == head ? nullptr : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}
VOID NTAPI lock_queue(PIO_CSQ queue, PKIRQL irql) { KeAcquireSpinLock(&of_queue(queue)->lock, irql); }
VOID NTAPI unlock_queue(PIO_CSQ queue, KIRQL irql) { KeReleaseSpinLock(&of_queue(queue)->lock, irql); }

NTSTATUS finish(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

VOID NTAPI complete_canceled(PIO_CSQ queue, PIRP irp) {
    ++of_queue(queue)->canceled;
    finish(irp, STATUS_CANCELLED, 0);
}

NTSTATUS NTAPI dispatch_file(PDEVICE_OBJECT device, PIRP irp) {
    Extension* extension = extension_of(device);
    switch (IoGetCurrentIrpStackLocation(irp)->MajorFunction) {
    case IRP_MJ_CREATE: ++extension->creates; break;
    case IRP_MJ_CLEANUP: ++extension->cleanups; break;
    default: ++extension->closes; break;
    }
    return finish(irp, STATUS_SUCCESS, 0);
}

void reverse(const UCHAR* from, UCHAR* to, ULONG bytes) {
    for (ULONG i = 0; i < bytes / 2 + bytes % 2; ++i) {
        const UCHAR low = from[i], high = from[bytes - 1 - i];
        to[i] = high;
        to[bytes - 1 - i] = low;
    }
}

NTSTATUS NTAPI dispatch_control(PDEVICE_OBJECT device, PIRP irp) {
    const auto& control = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
    auto* buffer = static_cast<PUCHAR>(irp->AssociatedIrp.SystemBuffer);
    Extension* extension = extension_of(device);
    switch (control.IoControlCode) {
    case kReverse:
        reverse(buffer, buffer, control.InputBufferLength);
        return finish(irp, STATUS_SUCCESS, control.OutputBufferLength);
    case kDirect: {
        auto* out = static_cast<PUCHAR>(MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority));
        reverse(buffer, out, control.OutputBufferLength);
        return finish(irp, STATUS_SUCCESS, control.OutputBufferLength);
    }
    case kNeither:
        reverse(
            static_cast<PUCHAR>(control.Type3InputBuffer), static_cast<PUCHAR>(irp->UserBuffer), control.OutputBufferLength);
        return finish(irp, STATUS_SUCCESS, control.OutputBufferLength);
    case kQueue: IoCsqInsertIrp(&extension->queue, irp, nullptr); return STATUS_PENDING;
    case kFinish: {
        PIRP waiting = IoCsqRemoveNextIrp(&extension->queue, nullptr);
        if (waiting) finish(waiting, STATUS_SUCCESS, 0);
        return finish(irp, waiting ? STATUS_SUCCESS : STATUS_NOT_FOUND, 0);
    }
    default: return finish(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

NTSTATUS NTAPI enter(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLEANUP] = dispatch_file;
    driver->MajorFunction[IRP_MJ_CLOSE] = dispatch_file;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch_control;
    driver->MajorFunction[IRP_MJ_READ] = nullptr;
    test_driver = driver;
    return STATUS_SUCCESS;
}

NTSTATUS make_device(BOOLEAN exclusive) {
    UNICODE_STRING name = rtl::literal(L"\\Device\\SelfTest"), link = rtl::literal(L"\\DosDevices\\Global\\SelfTest");
    NTSTATUS status = IoCreateDevice(test_driver, sizeof(Extension), &name, FILE_DEVICE_UNKNOWN, 0, exclusive, &test_device);
    if (!NT_SUCCESS(status)) return status;
    Extension* extension = extension_of(test_device);
    InitializeListHead(&extension->pending);
    KeInitializeSpinLock(&extension->lock);
    IoCsqInitialize(
        &extension->queue, insert_irp, remove_irp, peek_irp, lock_queue, unlock_queue, complete_canceled);
    test_device->Flags |= DO_BUFFERED_IO;
    test_device->Flags &= ~DO_DEVICE_INITIALIZING;
    return IoCreateSymbolicLink(&link, &name);
}

void delete_device() {
    UNICODE_STRING link = rtl::literal(L"\\DosDevices\\Global\\SelfTest");
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(test_device);
}

NTSTATUS open(PCWSTR path, HANDLE* handle, bool synchronous = true) {
    UNICODE_STRING name = rtl::counted(path);
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    return ZwOpenFile(
        handle, GENERIC_READ | SYNCHRONIZE, &attributes, &result, 0, synchronous ? FILE_SYNCHRONOUS_IO_NONALERT : 0);
}

const char* test_open_and_delete() {
    KI_EXPECT(make_device(TRUE) == STATUS_SUCCESS);
    KI_EXPECT(reinterpret_cast<ULONG64>(test_device->DeviceExtension) % 16 == 0);
    KI_EXPECT(test_driver->DeviceObject == test_device);
    HANDLE first, second;
    KI_EXPECT(open(L"\\??\\SelfTest\\some\\name", &first) == STATUS_SUCCESS);
    KI_EXPECT(open(L"\\Device\\SELFTEST", &second) == STATUS_ACCESS_DENIED);
    Extension* extension = extension_of(test_device);
    PVOID object;
    KI_EXPECT(ObReferenceObjectByHandle(first, 0, IopFileType, KernelMode, &object, nullptr) == STATUS_SUCCESS);
    KI_EXPECT(static_cast<PFILE_OBJECT>(object)->FileName.Length == 20);
    IO_STATUS_BLOCK result;
    KI_EXPECT(
        ZwReadFile(first, nullptr, nullptr, nullptr, &result, &second, 4, nullptr, nullptr) == STATUS_INVALID_DEVICE_REQUEST);
    ZwClose(first);
    KI_EXPECT(extension->creates == 1 && extension->cleanups == 1 && extension->closes == 0);
    const ULONG devices = IopDeviceCount;
    delete_device();
    KI_EXPECT(test_driver->DeviceObject == nullptr && IopDeviceCount == devices);
    KI_EXPECT(open(L"\\Device\\SelfTest", &second) == STATUS_OBJECT_NAME_NOT_FOUND);
    ObDereferenceObject(object);
    KI_EXPECT(IopDeviceCount == devices - 1);
    return nullptr;
}

const char* test_methods() {
    KI_EXPECT(make_device(FALSE) == STATUS_SUCCESS);
    HANDLE file;
    KI_EXPECT(open(L"\\??\\SelfTest", &file) == STATUS_SUCCESS);
    const ULONG irps = IopIrpCount;
    constexpr ULONG methods[] = {kReverse, kDirect, kNeither};
    for (const ULONG method : methods) {
        char in[4] = {'a', 'b', 'c', 'd'}, out[4] = {};
        IO_STATUS_BLOCK result;
        KI_EXPECT(
            ZwDeviceIoControlFile(file, nullptr, nullptr, nullptr, &result, method, in, 4, out, 4) == STATUS_SUCCESS);
        KI_EXPECT(result.Information == 4 && out[0] == 'd' && out[3] == 'a');
    }
    KI_EXPECT(IopIrpCount == irps);
    ZwClose(file);
    PFILE_OBJECT object;
    PDEVICE_OBJECT top;
    UNICODE_STRING name = rtl::literal(L"\\Device\\SelfTest");
    KI_EXPECT(IoGetDeviceObjectPointer(&name, FILE_READ_DATA, &object, &top) == STATUS_SUCCESS && top == test_device);
    KEVENT done;
    IO_STATUS_BLOCK result = {};
    char text[3] = {'x', 'y', 'z'};
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    PIRP irp = IoBuildDeviceIoControlRequest(kReverse, top, text, 3, text, 3, FALSE, &done, &result);
    KI_EXPECT(irp && IoCallDriver(top, irp) == STATUS_SUCCESS && KeReadStateEvent(&done) && text[0] == 'z');
    ObDereferenceObject(object);
    delete_device();
    KI_EXPECT(IopIrpCount == irps);
    return nullptr;
}

const char* test_pending() {
    KI_EXPECT(make_device(FALSE) == STATUS_SUCCESS);
    Extension* extension = extension_of(test_device);
    HANDLE file, event;
    KI_EXPECT(open(L"\\??\\SelfTest", &file, false) == STATUS_SUCCESS);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    KI_EXPECT(ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE) == STATUS_SUCCESS);
    IO_STATUS_BLOCK first = {}, second = {}, third = {};
    const auto control = [&](ULONG what, HANDLE signal, PIO_STATUS_BLOCK result) {
        return ZwDeviceIoControlFile(file, signal, nullptr, nullptr, result, what, nullptr, 0, nullptr, 0);
    };
    first.Status = second.Status = STATUS_PENDING;
    KI_EXPECT(control(kQueue, event, &first) == STATUS_PENDING);
    KI_EXPECT(control(kQueue, nullptr, &second) == STATUS_PENDING);
    KI_EXPECT(control(kFinish, nullptr, &third) == STATUS_SUCCESS);
    LARGE_INTEGER soon;
    soon.QuadPart = -10 * 1000 * 1000;
    KI_EXPECT(ZwWaitForSingleObject(event, FALSE, &soon) == STATUS_SUCCESS && first.Status == STATUS_SUCCESS);
    KI_EXPECT(second.Status == STATUS_PENDING);
    KI_EXPECT(ZwCancelIoFile(file, &third) == STATUS_SUCCESS);
    KI_EXPECT(second.Status == STATUS_CANCELLED && extension->canceled == 1);
    ZwClose(event);
    ZwClose(file);
    delete_device();
    return nullptr;
}

ULONG passed_through;

NTSTATUS NTAPI count_completion(PDEVICE_OBJECT, PIRP irp, PVOID) {
    if (irp->PendingReturned) IoMarkIrpPending(irp);
    ++passed_through;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI pass_down(PDEVICE_OBJECT device, PIRP irp) {
    IoCopyCurrentIrpStackLocationToNext(irp);
    IoSetCompletionRoutine(irp, count_completion, nullptr, TRUE, TRUE, TRUE);
    return IoCallDriver(extension_of(device)->below, irp);
}

PDRIVER_OBJECT filter_driver;
NTSTATUS NTAPI enter_filter(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    for (PDRIVER_DISPATCH& dispatch : driver->MajorFunction) dispatch = pass_down;
    filter_driver = driver;
    return STATUS_SUCCESS;
}

const char* test_stack() {
    KI_EXPECT(make_device(FALSE) == STATUS_SUCCESS);
    UNICODE_STRING name = rtl::literal(L"\\Driver\\SelfTestFilter");
    KI_EXPECT(IoCreateDriver(&name, enter_filter) == STATUS_SUCCESS);
    PDEVICE_OBJECT filter;
    KI_EXPECT(
        IoCreateDevice(filter_driver, sizeof(Extension), nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &filter) == STATUS_SUCCESS);
    extension_of(filter)->below = IoAttachDeviceToDeviceStack(filter, test_device);
    KI_EXPECT(extension_of(filter)->below == test_device && filter->StackSize == 2);
    filter->Flags &= ~DO_DEVICE_INITIALIZING;
    HANDLE file;
    passed_through = 0;
    KI_EXPECT(open(L"\\Device\\SelfTest", &file) == STATUS_SUCCESS && passed_through == 1);
    char text[2] = {'1', '2'};
    IO_STATUS_BLOCK result;
    KI_EXPECT(
        ZwDeviceIoControlFile(file, nullptr, nullptr, nullptr, &result, kReverse, text, 2, text, 2) == STATUS_SUCCESS);
    KI_EXPECT(text[0] == '2' && passed_through == 2);
    ZwClose(file);
    KI_EXPECT(passed_through == 4);
    IoDetachDevice(test_device);
    IoDeleteDevice(filter);
    delete_device();
    IopRetireDriver(IopDriverOf(filter_driver));
    ObDereferenceObject(filter_driver);
    return nullptr;
}

KEVENT work_done;
VOID NTAPI work(PDEVICE_OBJECT, PVOID context) {
    IoFreeWorkItem(static_cast<PIO_WORKITEM>(context));
    KeSetEvent(&work_done, IO_NO_INCREMENT, FALSE);
}

const char* test_work_item() {
    KI_EXPECT(make_device(FALSE) == STATUS_SUCCESS);
    KeInitializeEvent(&work_done, NotificationEvent, FALSE);
    PIO_WORKITEM item = IoAllocateWorkItem(test_device);
    KI_EXPECT(item);
    IoQueueWorkItem(item, work, DelayedWorkQueue, item);
    delete_device();
    LARGE_INTEGER soon;
    soon.QuadPart = -10 * 1000 * 1000;
    KI_EXPECT(KeWaitForSingleObject(&work_done, Executive, KernelMode, FALSE, &soon) == STATUS_SUCCESS);
    return nullptr;
}

VOID NTAPI release_later(PVOID context) {
    LARGE_INTEGER pause;
    pause.QuadPart = -10 * 1000 * 5;
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
    IoReleaseRemoveLock(static_cast<PIO_REMOVE_LOCK>(context), nullptr);
}

const char* test_remove_lock() {
    IO_REMOVE_LOCK lock;
    IoInitializeRemoveLock(&lock, 'tseT', 0, 0);
    KI_EXPECT(IoAcquireRemoveLock(&lock, nullptr) == STATUS_SUCCESS);
    KI_EXPECT(IoAcquireRemoveLock(&lock, nullptr) == STATUS_SUCCESS);
    KI_EXPECT(IopRunOnThread(release_later, &lock, false) == STATUS_SUCCESS);
    IoReleaseRemoveLockAndWait(&lock, nullptr);
    KI_EXPECT(lock.Common.IoCount == 0);
    KI_EXPECT(IoAcquireRemoveLock(&lock, nullptr) == STATUS_DELETE_PENDING);
    return nullptr;
}

const char* test_driver_object() {
    UNICODE_STRING name = rtl::literal(L"\\Driver\\SelfTest");
    KI_EXPECT(IoCreateDriver(&name, enter) == STATUS_SUCCESS);
    KI_EXPECT(IoCreateDriver(&name, enter) == STATUS_OBJECT_NAME_COLLISION);
    PVOID extension, second;
    KI_EXPECT(IoAllocateDriverObjectExtension(test_driver, &name, 24, &extension) == STATUS_SUCCESS);
    KI_EXPECT(IoAllocateDriverObjectExtension(test_driver, &name, 24, &second) == STATUS_OBJECT_NAME_COLLISION);
    KI_EXPECT(IoGetDriverObjectExtension(test_driver, &name) == extension);
    return nullptr;
}

/// The last one: takes the test driver away again.
const char* test_driver_goes() {
    const ULONG drivers = IopDriverCount;
    IopRetireDriver(IopDriverOf(test_driver));
    ObDereferenceObject(test_driver);
    KI_EXPECT(IopDriverCount == drivers - 1);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST IopDeviceTests[] = {
    {"io.driver-object", test_driver_object},
    {"io.device-open-and-delete", test_open_and_delete},
    {"io.device-transfer-methods", test_methods},
    {"io.device-pending-and-cancelled", test_pending},
    {"io.device-stack", test_stack},
    {"io.device-work-item", test_work_item},
    {"io.remove-lock", test_remove_lock},
    {"io.driver-goes", test_driver_goes},
    {nullptr, nullptr},
};
