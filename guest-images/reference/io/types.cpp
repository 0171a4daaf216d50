// SPDX-License-Identifier: MIT
// io/types.cpp
//
// The I/O manager's object types, and the counters of the census.
#include "io/iop.hpp"

#include "arch/cpu.hpp"
#include "ke/ki.hpp"

KSPIN_LOCK IopLock;
POBJECT_TYPE IopDeviceType, IopDriverType, IopFileType;

extern "C" {
ULONG IopDeviceCount, IopDriverCount, IopFileCount, IopIrpCount;
}

namespace {

constexpr GENERIC_MAPPING kFileMapping = {
    FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};

/// A file's name is its device's followed by its own.
NTSTATUS query_file_name(PVOID object, PWCHAR buffer, ULONG bytes, ULONG* needed) {
    const auto* file = static_cast<PFILE_OBJECT>(object);
    constexpr ULONG room = 512;
    auto* device = static_cast<POBJECT_NAME_INFORMATION>(ExAllocatePoolWithTag(PagedPool, room, 'mNoI'));
    if (!device) return STATUS_INSUFFICIENT_RESOURCES;
    ULONG length = 0;
    NTSTATUS status = ObQueryNameString(file->DeviceObject, device, room, &length);
    if (NT_SUCCESS(status)) {
        *needed = device->Name.Length + file->FileName.Length;
        status = *needed > bytes ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
    }
    if (NT_SUCCESS(status)) {
        RtlCopyMemory(buffer, device->Name.Buffer, device->Name.Length);
        RtlCopyMemory(buffer + device->Name.Length / sizeof(WCHAR), file->FileName.Buffer, file->FileName.Length);
    }
    ExFreePoolWithTag(device, 'mNoI');
    return status;
}

void create(PCWSTR name, const OB_TYPE_INFO& info, POBJECT_TYPE* type) {
    const NTSTATUS status = ObCreateType(name, &info, type);
    if (!NT_SUCCESS(status)) KiFatal("the I/O manager's types", 0x69, 0, static_cast<ULONG>(status), 0, 0);
}

}  // namespace

VOID IopCreateTypes() {
    KeInitializeSpinLock(&IopLock);
    OB_TYPE_INFO info = {};
    info.WaitOffset = OB_NOT_WAITABLE;
    info.Mapping = kFileMapping;
    info.Tag = 'virD';
    info.MinimumBody = sizeof(IOP_DRIVER);
    info.Delete = IopDeleteDriver;
    create(L"Driver", info, &IopDriverType);
    info.Tag = 'iveD';
    info.MinimumBody = IOP_DEVICE_BYTES;
    info.Delete = IopDeleteDevice;
    info.Parse = IopParseDevice;
    create(L"Device", info, &IopDeviceType);
    info.Tag = 'eliF';
    info.MinimumBody = sizeof(FILE_OBJECT);
    info.WaitOffset = FIELD_OFFSET(FILE_OBJECT, Event);
    info.Delete = IopDeleteFile;
    info.Parse = IopParseFile;
    info.Close = IopCloseFile;
    info.QueryName = query_file_name;
    create(L"File", info, &IopFileType);
    *IoDriverObjectType = IopDriverType;
    *IoDeviceObjectType = IopDeviceType;
    *IoFileObjectType = IopFileType;
}

LONG IopCriticalRegions() { return KeGetCurrentThread()->CriticalRegions; }
bool IopInterruptsOn() { return cpu::flags() & cpu::kInterruptFlag; }

VOID IopViolation(IOP_VERIFIER what, const char* sentence, const void* p2, ULONG_PTR p3, ULONG_PTR p4) {
    RdBugCheckText(sentence, 0xC9, what, reinterpret_cast<ULONG_PTR>(p2), p3, p4);
    __builtin_unreachable();
}

namespace {

struct ThreadCall {
    PKSTART_ROUTINE routine;
    PVOID context;
};

VOID NTAPI run_call(PVOID context) {
    const ThreadCall call = *static_cast<ThreadCall*>(context);
    ExFreePoolWithTag(context, 'hTpI');
    call.routine(call.context);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

}  // namespace

NTSTATUS IopRunOnThread(PKSTART_ROUTINE routine, PVOID context, bool wait) {
    auto* call = static_cast<ThreadCall*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(ThreadCall), 'hTpI'));
    if (!call) return STATUS_INSUFFICIENT_RESOURCES;
    *call = {routine, context};
    HANDLE handle;
    NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, run_call, call);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(call, 'hTpI');
        return status;
    }
    ob::Reference<void> thread;
    status = ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, thread.receive(), nullptr);
    ZwClose(handle);
    if (wait && NT_SUCCESS(status)) KeWaitForSingleObject(thread.get(), Executive, KernelMode, FALSE, nullptr);
    return status;
}
