// SPDX-License-Identifier: MIT
// selftest/tests_io.cpp
//
// Io* and what is around it: stacks of devices, requests of a driver's own, cancellation, queues, work items, timers, interfaces,
// notifications, share access, stack limits.
#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

RD_IMPORT(NTSTATUS, IofCallDriver, PDEVICE_OBJECT, PIRP)
RD_IMPORT(void, IofCompleteRequest, PIRP, CCHAR)
RD_IMPORT(NTSTATUS, IoAttachDeviceToDeviceStackSafe, PDEVICE_OBJECT, PDEVICE_OBJECT, PDEVICE_OBJECT*)
RD_IMPORT(NTSTATUS, IoAttachDeviceByPointer, PDEVICE_OBJECT, PDEVICE_OBJECT)
RD_IMPORT(NTSTATUS, IoAttachDevice, PDEVICE_OBJECT, PUNICODE_STRING, PDEVICE_OBJECT*)
RD_IMPORT(PDEVICE_OBJECT, IoGetAttachedDevice, PDEVICE_OBJECT)
RD_IMPORT(PDEVICE_OBJECT, IoGetAttachedDeviceReference, PDEVICE_OBJECT)
RD_IMPORT(PDEVICE_OBJECT, IoGetLowerDeviceObject, PDEVICE_OBJECT)
RD_IMPORT(PDEVICE_OBJECT, IoGetDeviceAttachmentBaseRef, PDEVICE_OBJECT)
RD_IMPORT(PDEVICE_OBJECT, IoGetRelatedDeviceObject, PFILE_OBJECT)
RD_IMPORT(NTSTATUS, IoCreateUnprotectedSymbolicLink, PUNICODE_STRING, PUNICODE_STRING)
RD_IMPORT(void, IoInitializeIrp, PIRP, USHORT, CCHAR)
RD_IMPORT(void, IoReuseIrp, PIRP, NTSTATUS)
RD_IMPORT(PIRP, IoMakeAssociatedIrp, PIRP, CCHAR)
RD_IMPORT(PIRP, IoBuildSynchronousFsdRequest, ULONG, PDEVICE_OBJECT, PVOID, ULONG, PLARGE_INTEGER, PKEVENT, PIO_STATUS_BLOCK)
RD_IMPORT(PIRP, IoBuildAsynchronousFsdRequest, ULONG, PDEVICE_OBJECT, PVOID, ULONG, PLARGE_INTEGER, PIO_STATUS_BLOCK)
RD_IMPORT(BOOLEAN, IoForwardIrpSynchronously, PDEVICE_OBJECT, PIRP)
RD_IMPORT(NTSTATUS, IoSetCompletionRoutineEx, PDEVICE_OBJECT, PIRP, PIO_COMPLETION_ROUTINE, PVOID, BOOLEAN, BOOLEAN, BOOLEAN)
RD_IMPORT(BOOLEAN, IoCancelIrp, PIRP)
RD_IMPORT(void, IoAcquireCancelSpinLock, PKIRQL)
RD_IMPORT(void, IoReleaseCancelSpinLock, KIRQL)
RD_IMPORT(void, IoStartPacket, PDEVICE_OBJECT, PIRP, PULONG, PDRIVER_CANCEL)
RD_IMPORT(void, IoStartNextPacket, PDEVICE_OBJECT, BOOLEAN)
RD_IMPORT(void, IoStartNextPacketByKey, PDEVICE_OBJECT, BOOLEAN, ULONG)
RD_IMPORT(void, KeInitializeDeviceQueue, PKDEVICE_QUEUE)
RD_IMPORT(BOOLEAN, KeInsertDeviceQueue, PKDEVICE_QUEUE, PKDEVICE_QUEUE_ENTRY)
RD_IMPORT(BOOLEAN, KeInsertByKeyDeviceQueue, PKDEVICE_QUEUE, PKDEVICE_QUEUE_ENTRY, ULONG)
RD_IMPORT(PKDEVICE_QUEUE_ENTRY, KeRemoveDeviceQueue, PKDEVICE_QUEUE)
RD_IMPORT(PKDEVICE_QUEUE_ENTRY, KeRemoveByKeyDeviceQueue, PKDEVICE_QUEUE, ULONG)
RD_IMPORT(BOOLEAN, KeRemoveEntryDeviceQueue, PKDEVICE_QUEUE, PKDEVICE_QUEUE_ENTRY)
RD_IMPORT(void, IoQueueWorkItemEx, PIO_WORKITEM, PIO_WORKITEM_ROUTINE_EX, WORK_QUEUE_TYPE, PVOID)
RD_IMPORT(ULONG, IoSizeofWorkItem)
RD_IMPORT(void, IoInitializeWorkItem, PVOID, PIO_WORKITEM)
RD_IMPORT(void, IoUninitializeWorkItem, PIO_WORKITEM)
RD_IMPORT(void, IoStartTimer, PDEVICE_OBJECT)
RD_IMPORT(void, IoStopTimer, PDEVICE_OBJECT)
RD_IMPORT(PVOID, IoAllocateErrorLogEntry, PVOID, UCHAR)
RD_IMPORT(void, IoFreeErrorLogEntry, PVOID)
RD_IMPORT(void, IoWriteErrorLogEntry, PVOID)
RD_IMPORT(NTSTATUS, IoCheckShareAccess, ACCESS_MASK, ULONG, PFILE_OBJECT, PSHARE_ACCESS, BOOLEAN)
RD_IMPORT(void, IoSetShareAccess, ACCESS_MASK, ULONG, PFILE_OBJECT, PSHARE_ACCESS)
RD_IMPORT(void, IoUpdateShareAccess, PFILE_OBJECT, PSHARE_ACCESS)
RD_IMPORT(void, IoRemoveShareAccess, PFILE_OBJECT, PSHARE_ACCESS)
RD_IMPORT(PGENERIC_MAPPING, IoGetFileObjectGenericMapping)
RD_IMPORT(BOOLEAN, IoIs32bitProcess, PIRP)
RD_IMPORT(ULONG, IoGetRequestorProcessId, PIRP)
RD_IMPORT(PEPROCESS, IoGetRequestorProcess, PIRP)
RD_IMPORT(PEPROCESS, IoThreadToProcess, PETHREAD)
RD_IMPORT(BOOLEAN, IoIsSystemThread, PETHREAD)
RD_IMPORT(BOOLEAN, IoIsOperationSynchronous, PIRP)
RD_IMPORT(BOOLEAN, IoIsWdmVersionAvailable, UCHAR, UCHAR)
RD_IMPORT(PVOID, IoGetInitialStack)
RD_IMPORT(void, IoGetStackLimits, PULONG_PTR, PULONG_PTR)
RD_IMPORT(ULONG_PTR, IoGetRemainingStackSize)
RD_IMPORT(ULONG, IoWithinStackLimits, ULONG_PTR, SIZE_T)
RD_IMPORT(void, IoInitializeRemoveLockEx, PIO_REMOVE_LOCK, ULONG, ULONG, ULONG, ULONG)
RD_IMPORT(NTSTATUS, IoAcquireRemoveLockEx, PIO_REMOVE_LOCK, PVOID, PCSTR, ULONG, ULONG)
RD_IMPORT(void, IoReleaseRemoveLockEx, PIO_REMOVE_LOCK, PVOID, ULONG)
RD_IMPORT(void, IoReleaseRemoveLockAndWaitEx, PIO_REMOVE_LOCK, PVOID, ULONG)
RD_IMPORT(NTSTATUS, IoRegisterLastChanceShutdownNotification, PDEVICE_OBJECT)
RD_IMPORT(POWER_STATE, PoSetPowerState, PDEVICE_OBJECT, POWER_STATE_TYPE, POWER_STATE)

namespace {

constexpr ULONG kTag = 'tsts';

/// A device of this driver, ready; deleted at the end of the scope.
class Device {
  public:
    explicit Device(PCWSTR name = nullptr) {
        UNICODE_STRING text;
        RtlInitUnicodeString(&text, name);
        IoCreateDevice(selftest::driver_object, 0, name ? &text : nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device_);
        device_->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    ~Device() { IoDeleteDevice(device_); }
    operator PDEVICE_OBJECT() const { return device_; }
    PDEVICE_OBJECT operator->() const { return device_; }

  private:
    PDEVICE_OBJECT device_;
};

NTSTATUS NTAPI complete(PDEVICE_OBJECT, PIRP irp) {
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 7;
    crt::IofCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
PIRP held;
NTSTATUS NTAPI hold(PDEVICE_OBJECT, PIRP irp) {
    IoMarkIrpPending(irp);
    held = irp;
    return STATUS_PENDING;
}
NTSTATUS NTAPI take_back(PDEVICE_OBJECT, PIRP, PVOID context) {
    ++*static_cast<ULONG*>(context);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

const char* test_device_stacks() {
    constexpr int kOpening[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    for (const int major : kOpening) selftest::driver_object->MajorFunction[major] = complete;
    Device low(L"\\Device\\selftest-low"), middle, high;
    PDEVICE_OBJECT below = nullptr;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Device\\selftest-low");
    RD_EXPECT(crt::IoAttachDevice(middle, &name, &below) == STATUS_SUCCESS && below == low);
    RD_EXPECT(crt::IoAttachDeviceToDeviceStackSafe(high, low, &below) == STATUS_SUCCESS && below == middle);
    RD_EXPECT(crt::IoGetAttachedDevice(low) == high && high->StackSize == 3);
    const PDEVICE_OBJECT top = crt::IoGetAttachedDeviceReference(low), base = crt::IoGetDeviceAttachmentBaseRef(high);
    const PDEVICE_OBJECT lower = crt::IoGetLowerDeviceObject(high);
    RD_EXPECT(top == high && base == low && lower == middle && !crt::IoGetLowerDeviceObject(low));
    ObDereferenceObject(top);
    ObDereferenceObject(base);
    ObDereferenceObject(lower);
    IoDetachDevice(middle);
    IoDetachDevice(low);
    RD_EXPECT(crt::IoAttachDeviceByPointer(high, low) == STATUS_SUCCESS && crt::IoGetAttachedDevice(low) == high);
    IoDetachDevice(low);
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, L"\\??\\SelftestLow");
    RD_EXPECT(crt::IoCreateUnprotectedSymbolicLink(&link, &name) == STATUS_SUCCESS);
    PFILE_OBJECT file;
    RD_EXPECT(IoGetDeviceObjectPointer(&link, FILE_READ_DATA, &file, &below) == STATUS_SUCCESS);
    const bool related = crt::IoGetRelatedDeviceObject(file) == low && below == low;
    ObDereferenceObject(file);
    RD_EXPECT(IoDeleteSymbolicLink(&link) == STATUS_SUCCESS && related);
    return nullptr;
}

const char* test_own_requests() {
    Device device;
    ULONG calls = 0;
    selftest::driver_object->MajorFunction[IRP_MJ_DEVICE_CONTROL] = complete;
    PIRP irp = IoAllocateIrp(2, FALSE);
    for (int round = 0; round < 2; ++round) {
        IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
        RD_EXPECT(crt::IoSetCompletionRoutineEx(device, irp, take_back, &calls, TRUE, TRUE, TRUE) == STATUS_SUCCESS);
        RD_EXPECT(crt::IofCallDriver(device, irp) == STATUS_SUCCESS && irp->IoStatus.Information == 7);
        crt::IoReuseIrp(irp, STATUS_NOT_SUPPORTED);
        RD_EXPECT(irp->IoStatus.Status == STATUS_NOT_SUPPORTED && irp->CurrentLocation == 3);
    }
    RD_EXPECT(calls == 2 && !crt::IoIs32bitProcess(irp));
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    IoCopyCurrentIrpStackLocationToNext(irp);
    RD_EXPECT(crt::IoForwardIrpSynchronously(device, irp) && irp->IoStatus.Status == STATUS_SUCCESS);
    IoFreeIrp(irp);
    alignas(16) static UCHAR memory[sizeof(IRP) + 2 * sizeof(IO_STACK_LOCATION)];
    auto* own = reinterpret_cast<PIRP>(memory);
    crt::IoInitializeIrp(own, sizeof memory, 2);
    RD_EXPECT(own->StackCount == 2 && own->CurrentLocation == 3 && own->Type == IO_TYPE_IRP);
    return nullptr;
}

const char* test_built_requests() {
    Device device;
    device->Flags |= DO_BUFFERED_IO;
    selftest::driver_object->MajorFunction[IRP_MJ_WRITE] = complete;
    KEVENT event;
    IO_STATUS_BLOCK status = {};
    LARGE_INTEGER offset = {};
    char bytes[16] = "to be written";
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    PIRP irp = crt::IoBuildSynchronousFsdRequest(IRP_MJ_WRITE, device, bytes, sizeof bytes, &offset, &event, &status);
    RD_EXPECT(irp && crt::IoGetRequestorProcessId(irp) == 4 && crt::IoGetRequestorProcess(irp) == PsInitialSystemProcess);
    crt::IofCallDriver(device, irp);
    RD_EXPECT(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr) == STATUS_SUCCESS && status.Information == 7);
    ULONG calls = 0;
    irp = crt::IoBuildAsynchronousFsdRequest(IRP_MJ_WRITE, device, bytes, sizeof bytes, &offset, &status);
    RD_EXPECT(irp);
    IoSetCompletionRoutine(irp, take_back, &calls, TRUE, TRUE, TRUE);
    crt::IofCallDriver(device, irp);
    RD_EXPECT(calls == 1);
    if (irp->AssociatedIrp.SystemBuffer && irp->Flags & IRP_DEALLOCATE_BUFFER) ExFreePool(irp->AssociatedIrp.SystemBuffer);
    IoFreeIrp(irp);
    return nullptr;
}

/// Each part counts its master down, and the last one completes it.
const char* test_associated_requests() {
    Device device;
    ULONG calls = 0;
    selftest::driver_object->MajorFunction[IRP_MJ_DEVICE_CONTROL] = complete;
    PIRP master = IoAllocateIrp(1, FALSE);
    IoGetNextIrpStackLocation(master)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    IoSetCompletionRoutine(master, take_back, &calls, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(master);
    master->AssociatedIrp.IrpCount = 2;
    for (int part = 0; part < 2; ++part) {
        PIRP irp = crt::IoMakeAssociatedIrp(master, 1);
        RD_EXPECT(irp && calls == 0);
        IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
        crt::IofCallDriver(device, irp);
    }
    RD_EXPECT(calls == 1);
    IoFreeIrp(master);
    return nullptr;
}

VOID NTAPI on_cancel(PDEVICE_OBJECT, PIRP irp) {
    crt::IoReleaseCancelSpinLock(irp->CancelIrql);
    irp->IoStatus.Status = STATUS_CANCELLED;
    crt::IofCompleteRequest(irp, IO_NO_INCREMENT);
}

const char* test_cancellation() {
    Device device;
    ULONG calls = 0;
    selftest::driver_object->MajorFunction[IRP_MJ_DEVICE_CONTROL] = hold;
    PIRP irp = IoAllocateIrp(1, FALSE);
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    IoSetCompletionRoutine(irp, take_back, &calls, TRUE, TRUE, TRUE);
    RD_EXPECT(crt::IofCallDriver(device, irp) == STATUS_PENDING && held == irp);
    RD_EXPECT(!crt::IoCancelIrp(irp) && irp->Cancel && calls == 0);  // no cancel routine: only marked
    KIRQL irql;
    crt::IoAcquireCancelSpinLock(&irql);
    const KIRQL inside = KeGetCurrentIrql();
    IoSetCancelRoutine(irp, on_cancel);
    crt::IoReleaseCancelSpinLock(irql);
    RD_EXPECT(inside == DISPATCH_LEVEL && crt::IoCancelIrp(irp) && calls == 1 && irp->IoStatus.Status == STATUS_CANCELLED);
    IoFreeIrp(irp);
    return nullptr;
}

ULONG started[4], started_count;
VOID NTAPI start_io(PDEVICE_OBJECT, PIRP irp) { started[started_count++ & 3] = static_cast<ULONG>(irp->IoStatus.Information); }

const char* test_start_io() {
    Device device;
    selftest::driver_object->DriverStartIo = start_io;
    started_count = 0;
    PIRP irps[3];
    ULONG keys[3] = {0, 30, 20};
    for (ULONG index = 0; index < 3; ++index) {
        irps[index] = IoAllocateIrp(1, FALSE);
        irps[index]->IoStatus.Information = index;
        IoSetNextIrpStackLocation(irps[index]);
        crt::IoStartPacket(device, irps[index], &keys[index], nullptr);  // the first starts at once
    }
    RD_EXPECT(started_count == 1);
    KIRQL irql;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    crt::IoStartNextPacketByKey(device, FALSE, 25);  // the first key from 25 on
    crt::IoStartNextPacket(device, FALSE);
    crt::IoStartNextPacket(device, FALSE);  // nothing is left
    KeLowerIrql(irql);
    selftest::driver_object->DriverStartIo = nullptr;
    for (PIRP irp : irps) IoFreeIrp(irp);
    RD_EXPECT(started_count == 3 && started[0] == 0 && started[1] == 1 && started[2] == 2 && !device->CurrentIrp);
    return nullptr;
}

const char* test_device_queues() {
    KDEVICE_QUEUE queue;
    KDEVICE_QUEUE_ENTRY entries[4] = {};
    crt::KeInitializeDeviceQueue(&queue);
    KIRQL irql;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    const bool first = crt::KeInsertDeviceQueue(&queue, &entries[0]);  // not busy: not queued
    const bool second = crt::KeInsertByKeyDeviceQueue(&queue, &entries[1], 5) && crt::KeInsertByKeyDeviceQueue(&queue, &entries[2], 3) &&
                        crt::KeInsertByKeyDeviceQueue(&queue, &entries[3], 9);
    const bool out = crt::KeRemoveEntryDeviceQueue(&queue, &entries[3]), again = crt::KeRemoveEntryDeviceQueue(&queue, &entries[3]);
    const auto* key = crt::KeRemoveByKeyDeviceQueue(&queue, 4);
    const auto* any = crt::KeRemoveDeviceQueue(&queue);
    const auto* none = crt::KeRemoveDeviceQueue(&queue);
    KeLowerIrql(irql);
    RD_EXPECT(!first && second && out && !again && key == &entries[1] && any == &entries[2] && !none && !queue.Busy);
    return nullptr;
}

struct Work {
    KEVENT done;
    PVOID object;
};
VOID NTAPI on_work(PVOID object, PVOID context, PIO_WORKITEM item) {
    auto* work = static_cast<Work*>(context);
    work->object = item ? object : nullptr;
    KeSetEvent(&work->done, 0, FALSE);
}

const char* test_work_items() {
    Device device;
    Work work = {};
    KeInitializeEvent(&work.done, NotificationEvent, FALSE);
    auto* item = static_cast<PIO_WORKITEM>(ExAllocatePoolWithTag(NonPagedPool, crt::IoSizeofWorkItem(), kTag));
    crt::IoInitializeWorkItem(static_cast<PDEVICE_OBJECT>(device), item);
    crt::IoQueueWorkItemEx(item, on_work, DelayedWorkQueue, &work);
    KeWaitForSingleObject(&work.done, Executive, KernelMode, FALSE, nullptr);
    crt::IoUninitializeWorkItem(item);
    ExFreePoolWithTag(item, kTag);
    RD_EXPECT(work.object == static_cast<PDEVICE_OBJECT>(device));
    return nullptr;
}

volatile LONG ticks;
VOID NTAPI on_tick(PDEVICE_OBJECT, PVOID) { InterlockedIncrement(&ticks); }

const char* test_device_timers() {
    Device device;
    ticks = 0;
    RD_EXPECT(IoInitializeTimer(device, on_tick, nullptr) == STATUS_SUCCESS);
    crt::IoStartTimer(device);
    LARGE_INTEGER pause = {.QuadPart = -1300 * 10000};
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
    crt::IoStopTimer(device);
    RD_EXPECT(ticks >= 1);
    return nullptr;
}

const char* test_error_log() {
    Device device;
    RD_EXPECT(!crt::IoAllocateErrorLogEntry(static_cast<PDEVICE_OBJECT>(device), 255));  // longer than one may be
    crt::IoFreeErrorLogEntry(crt::IoAllocateErrorLogEntry(static_cast<PDEVICE_OBJECT>(device), sizeof(IO_ERROR_LOG_PACKET)));
    auto* entry = static_cast<PIO_ERROR_LOG_PACKET>(crt::IoAllocateErrorLogEntry(static_cast<PDEVICE_OBJECT>(device), sizeof(IO_ERROR_LOG_PACKET)));
    RD_EXPECT(entry);
    entry->ErrorCode = STATUS_SUCCESS;
    crt::IoWriteErrorLogEntry(entry);
    return nullptr;
}

const char* test_share_access() {
    FILE_OBJECT first = {}, second = {};
    SHARE_ACCESS shares = {};
    crt::IoSetShareAccess(FILE_READ_DATA, FILE_SHARE_READ, &first, &shares);
    RD_EXPECT(shares.OpenCount == 1 && first.ReadAccess && !first.WriteAccess);
    RD_EXPECT(crt::IoCheckShareAccess(FILE_WRITE_DATA, FILE_SHARE_READ, &second, &shares, FALSE) == STATUS_SHARING_VIOLATION);
    RD_EXPECT(crt::IoCheckShareAccess(FILE_READ_DATA, FILE_SHARE_READ, &second, &shares, FALSE) == STATUS_SUCCESS && shares.OpenCount == 1);
    crt::IoUpdateShareAccess(&second, &shares);
    RD_EXPECT(shares.OpenCount == 2 && shares.Readers == 2);
    crt::IoRemoveShareAccess(&second, &shares);
    crt::IoRemoveShareAccess(&first, &shares);
    RD_EXPECT(shares.OpenCount == 0 && shares.Readers == 0 && crt::IoGetFileObjectGenericMapping()->GenericRead);
    return nullptr;
}

const char* test_stack_limits() {
    ULONG_PTR low, high;
    int here;
    crt::IoGetStackLimits(&low, &high);
    const auto at = reinterpret_cast<ULONG_PTR>(&here);
    RD_EXPECT(at > low && at < high && reinterpret_cast<ULONG_PTR>(crt::IoGetInitialStack()) <= high);
    RD_EXPECT(crt::IoGetRemainingStackSize() < high - low && crt::IoGetRemainingStackSize() > 0);
    RD_EXPECT(crt::IoWithinStackLimits(at, 4) && !crt::IoWithinStackLimits(high + 8, 4));
    const auto self = reinterpret_cast<PETHREAD>(KeGetCurrentThread());
    RD_EXPECT(crt::IoIsSystemThread(self) && crt::IoThreadToProcess(self) == PsInitialSystemProcess);
    RD_EXPECT(crt::IoIsWdmVersionAvailable(1, 0x10) && !crt::IoIsWdmVersionAvailable(9, 0));
    return nullptr;
}

const char* test_remove_locks() {
    IO_REMOVE_LOCK lock;
    crt::IoInitializeRemoveLockEx(&lock, kTag, 0, 0, sizeof lock);
    RD_EXPECT(crt::IoAcquireRemoveLockEx(&lock, &lock, __FILE__, __LINE__, sizeof lock) == STATUS_SUCCESS);
    crt::IoReleaseRemoveLockEx(&lock, &lock, sizeof lock);
    RD_EXPECT(crt::IoAcquireRemoveLockEx(&lock, &lock, __FILE__, __LINE__, sizeof lock) == STATUS_SUCCESS);
    crt::IoReleaseRemoveLockAndWaitEx(&lock, &lock, sizeof lock);
    RD_EXPECT(crt::IoAcquireRemoveLockEx(&lock, &lock, __FILE__, __LINE__, sizeof lock) == STATUS_DELETE_PENDING);
    return nullptr;
}

const char* test_shutdown_and_power() {
    Device device;
    RD_EXPECT(IoRegisterShutdownNotification(device) == STATUS_SUCCESS);
    RD_EXPECT(crt::IoRegisterLastChanceShutdownNotification(device) == STATUS_SUCCESS);
    IoUnregisterShutdownNotification(device);
    POWER_STATE state = {.DeviceState = PowerDeviceD3};
    crt::PoSetPowerState(device, DevicePowerState, state);
    RD_EXPECT(crt::PoSetPowerState(device, DevicePowerState, state).DeviceState == PowerDeviceD3);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST io_tests[] = {
    {"io.device-stacks", test_device_stacks},
    {"io.own-requests", test_own_requests},
    {"io.built-requests", test_built_requests},
    {"io.associated-requests", test_associated_requests},
    {"io.cancellation", test_cancellation},
    {"io.start-io", test_start_io},
    {"io.device-queues", test_device_queues},
    {"io.work-items", test_work_items},
    {"io.device-timers", test_device_timers},
    {"io.error-log", test_error_log},
    {"io.share-access", test_share_access},
    {"io.stack-limits", test_stack_limits},
    {"io.remove-lock-forms", test_remove_locks},
    {"io.shutdown-and-power", test_shutdown_and_power},
    {nullptr, nullptr},
};

}  // namespace selftest
