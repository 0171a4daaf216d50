// SPDX-License-Identifier: MIT
// selftest/tests_files.cpp
//
// Files by a driver's hand, cancel-safe queues, power requests, and what our own drivers ask of this kernel alone.
#include "rd_executive.hpp"
#include "rd_faults.hpp"
#include "selftest/crt.hpp"
#include "selftest/tests.hpp"

RD_IMPORT(NTSTATUS, IoCreateFile, PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, PLARGE_INTEGER, ULONG, ULONG, ULONG, ULONG, PVOID, ULONG, ULONG, PVOID, ULONG)
RD_IMPORT(NTSTATUS, ZwFlushBuffersFile, HANDLE, PIO_STATUS_BLOCK)
RD_IMPORT(NTSTATUS, ZwDeleteFile, POBJECT_ATTRIBUTES)
RD_IMPORT(NTSTATUS, ZwFsControlFile, HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, ULONG, PVOID, ULONG, PVOID, ULONG)
RD_IMPORT(NTSTATUS, IoCsqInitializeEx, PIO_CSQ, PVOID, PIO_CSQ_REMOVE_IRP, PIO_CSQ_PEEK_NEXT_IRP, PIO_CSQ_ACQUIRE_LOCK, PIO_CSQ_RELEASE_LOCK, PIO_CSQ_COMPLETE_CANCELED_IRP)
RD_IMPORT(NTSTATUS, IoCsqInsertIrpEx, PIO_CSQ, PIRP, PIO_CSQ_IRP_CONTEXT, PVOID)
RD_IMPORT(PIRP, IoCsqRemoveIrp, PIO_CSQ, PIO_CSQ_IRP_CONTEXT)
RD_IMPORT(PIRP, IoCsqRemoveNextIrp, PIO_CSQ, PVOID)
RD_IMPORT(NTSTATUS, PoCallDriver, PDEVICE_OBJECT, PIRP)
RD_IMPORT(void, PoStartNextPowerIrp, PIRP)
RD_IMPORT(void, DbgBreakPoint)
RD_IMPORT(void, DbgBreakPointWithStatus, ULONG)

namespace {

const char* test_files() {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\??\\C:\\selftest.txt");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    IO_STATUS_BLOCK status = {};
    HANDLE file;
    RD_EXPECT(
        crt::IoCreateFile(
            &file, FILE_WRITE_DATA | FILE_READ_DATA | SYNCHRONIZE, &attributes, &status, nullptr, FILE_ATTRIBUTE_NORMAL, 0, FILE_CREATE,
            FILE_SYNCHRONOUS_IO_NONALERT, nullptr, 0, CreateFileTypeNone, nullptr, 0) == STATUS_SUCCESS);
    RD_EXPECT(status.Information == FILE_CREATED && crt::ZwFlushBuffersFile(file, &status) == STATUS_SUCCESS);
    const NTSTATUS control = crt::ZwFsControlFile(file, nullptr, nullptr, nullptr, &status, 0x90000, nullptr, 0, nullptr, 0);
    ZwClose(file);
    RD_EXPECT(!NT_SUCCESS(control));  // the RAM disk has no such thing, and says so
    RD_EXPECT(crt::ZwDeleteFile(&attributes) == STATUS_SUCCESS && crt::ZwDeleteFile(&attributes) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

// ---------------------------------------------------------------------------------------------- a queue of two requests

LIST_ENTRY queued;
KSPIN_LOCK queue_lock;
ULONG canceled;

NTSTATUS NTAPI insert(PIO_CSQ, PIRP irp, PVOID refused) {
    if (refused) return STATUS_DEVICE_BUSY;
    InsertTailList(&queued, &irp->Tail.Overlay.ListEntry);
    return STATUS_SUCCESS;
}
VOID NTAPI remove(PIO_CSQ, PIRP irp) { RemoveEntryList(&irp->Tail.Overlay.ListEntry); }
PIRP NTAPI peek(PIO_CSQ, PIRP irp, PVOID) {
    PLIST_ENTRY next = irp ? irp->Tail.Overlay.ListEntry.Flink : queued.Flink;
    return next == &queued ? nullptr : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}
VOID NTAPI acquire(PIO_CSQ, PKIRQL irql) { KeAcquireSpinLock(&queue_lock, irql); }
VOID NTAPI release(PIO_CSQ, KIRQL irql) { KeReleaseSpinLock(&queue_lock, irql); }
VOID NTAPI on_canceled(PIO_CSQ, PIRP) { ++canceled; }

PIRP make_request() {
    PIRP irp = IoAllocateIrp(1, FALSE);
    IoSetNextIrpStackLocation(irp);
    return irp;
}

const char* test_cancel_safe_queue() {
    IO_CSQ queue;
    InitializeListHead(&queued);
    KeInitializeSpinLock(&queue_lock);
    canceled = 0;
    RD_EXPECT(crt::IoCsqInitializeEx(&queue, reinterpret_cast<PVOID>(&insert), remove, peek, acquire, release, on_canceled) == STATUS_SUCCESS);
    PIRP first = make_request(), second = make_request(), third = make_request();
    IO_CSQ_IRP_CONTEXT context;
    RD_EXPECT(crt::IoCsqInsertIrpEx(&queue, first, &context, nullptr) == STATUS_SUCCESS);
    RD_EXPECT(crt::IoCsqInsertIrpEx(&queue, second, nullptr, nullptr) == STATUS_SUCCESS);
    RD_EXPECT(crt::IoCsqInsertIrpEx(&queue, third, nullptr, &queue) == STATUS_DEVICE_BUSY);
    RD_EXPECT(crt::IoCsqRemoveIrp(&queue, &context) == first && crt::IoCsqRemoveIrp(&queue, &context) == nullptr);
    RD_EXPECT(IoCancelIrp(second) && canceled == 1 && crt::IoCsqRemoveNextIrp(&queue, nullptr) == nullptr);
    IoFreeIrp(first);
    IoFreeIrp(second);
    IoFreeIrp(third);
    return nullptr;
}

NTSTATUS NTAPI on_power(PDEVICE_OBJECT, PIRP irp) {
    crt::PoStartNextPowerIrp(irp);
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI take_back(PDEVICE_OBJECT, PIRP, PVOID) { return STATUS_MORE_PROCESSING_REQUIRED; }

const char* test_power_requests() {
    PDEVICE_OBJECT device;
    IoCreateDevice(selftest::driver_object, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    selftest::driver_object->MajorFunction[IRP_MJ_POWER] = on_power;
    PIRP irp = IoAllocateIrp(1, FALSE);
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_POWER;
    IoGetNextIrpStackLocation(irp)->MinorFunction = IRP_MN_QUERY_POWER;
    IoSetCompletionRoutine(irp, take_back, nullptr, TRUE, TRUE, TRUE);
    const NTSTATUS status = crt::PoCallDriver(device, irp);
    IoFreeIrp(irp);
    IoDeleteDevice(device);
    RD_EXPECT(status == STATUS_SUCCESS);
    return nullptr;
}

const char* test_break_points() {
    RD_EXPECT(selftest_try([](PVOID) { crt::DbgBreakPoint(); }, nullptr) == STATUS_BREAKPOINT);
    RD_EXPECT(selftest_try([](PVOID) { crt::DbgBreakPointWithStatus(5); }, nullptr) == STATUS_BREAKPOINT);
    return nullptr;
}

const char* test_private_exports() {
    UNICODE_STRING name;
    RD_DRIVER_STATE state = {};
    RtlInitUnicodeString(&name, L"no-such-service");
    RD_EXPECT(RdQueryDriver(&name, &state) == STATUS_SUCCESS && !state.Installed && state.State == RD_SERVICE_STOPPED);
    RD_EXPECT(RdCommandLineNumber("selftest", 0) == 1 && RdCommandLineNumber("no-such-word", 77) == 77);
    RD_EXPECT(RdRandom(RD_RANDOM_AGENT) != RdRandom(RD_RANDOM_AGENT) && !RdFaultWanted(RD_FAULT_UNLOADS_WITH_HANDLES));
    SIZE_T bytes = 1;
    RD_EXPECT((RdTraceRing() != nullptr) == (RdTraceWindow(&bytes) != nullptr) && !RdIsDeterministic());
    RdTraceWrite(RD_SOURCE_KERNEL, RD_KIND_NOTE, RD_EV_MARK, 0, 0, 0, 0, 0, 0);  // nothing without a window
    RdPutString("a line of selftest.sys\n");
    RdNameThread("selftest");
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST file_tests[] = {
    {"io.files-of-a-driver", test_files},
    {"io.cancel-safe-queue", test_cancel_safe_queue},
    {"io.power-requests", test_power_requests},
    {"ke.break-points", test_break_points},
    {"ldr.private-exports", test_private_exports},
    {nullptr, nullptr},
};

}  // namespace selftest
