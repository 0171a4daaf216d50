// SPDX-License-Identifier: MIT
// io/zw_file.cpp
//
// Opening files, and device control. Everything at PASSIVE_LEVEL.
#include "io/iop.hpp"

namespace {

NTSTATUS check_options(ULONG disposition, ULONG options, ACCESS_MASK access) {
    constexpr ULONG synchronous = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT;
    if (disposition > FILE_MAXIMUM_DISPOSITION) return STATUS_INVALID_PARAMETER;
    if ((options & synchronous) == synchronous) return STATUS_INVALID_PARAMETER;
    if (options & synchronous && !(access & (SYNCHRONIZE | GENERIC_ALL | GENERIC_READ | GENERIC_WRITE | MAXIMUM_ALLOWED)))
        return STATUS_INVALID_PARAMETER;
    if (options & FILE_DELETE_ON_CLOSE && !(access & (DELETE | GENERIC_ALL | MAXIMUM_ALLOWED)))
        return STATUS_INVALID_PARAMETER;
    constexpr ULONG kinds = FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE;
    return (options & kinds) == kinds ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

}  // namespace

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocreatefile
NTSTATUS NTAPI IoCreateFile(
    PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
    PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess, ULONG Disposition, ULONG CreateOptions,
    PVOID EaBuffer, ULONG EaLength, CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters, ULONG Options) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoCreateFile");
    if (CreateFileType != CreateFileTypeNone) return STATUS_NOT_SUPPORTED;  // pipes and mailslots
    NTSTATUS status = check_options(Disposition, CreateOptions, DesiredAccess);
    if (!NT_SUCCESS(status)) return status;
    IOP_OPEN open = {};
    open.Disposition = Disposition;
    open.Options = CreateOptions;
    open.FileAttributes = FileAttributes;
    open.ShareAccess = ShareAccess;
    open.AllocationSize = AllocationSize;
    open.EaBuffer = EaBuffer;
    open.EaLength = EaLength;
    open.Status = STATUS_OBJECT_TYPE_MISMATCH;
    HANDLE handle;
    status = ObOpenObjectByName(ObjectAttributes, IopFileType, KernelMode, nullptr, DesiredAccess, &open, &handle);
    IoStatusBlock->Status = status;
    IoStatusBlock->Information = open.Information;
    if (NT_SUCCESS(status)) *FileHandle = handle;
    return status;
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatefile
NTSTATUS NTAPI ZwCreateFile(
    PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
    PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions,
    PVOID EaBuffer, ULONG EaLength) {
    return IoCreateFile(
        FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes, ShareAccess,
        CreateDisposition, CreateOptions, EaBuffer, EaLength, CreateFileTypeNone, nullptr, 0);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwopenfile
NTSTATUS NTAPI ZwOpenFile(
    PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
    ULONG ShareAccess, ULONG OpenOptions) {
    return IoCreateFile(
        FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, nullptr, 0, ShareAccess, FILE_OPEN, OpenOptions,
        nullptr, 0, CreateFileTypeNone, nullptr, 0);
}

namespace {

NTSTATUS control(
    UCHAR major, HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PIO_STATUS_BLOCK status_block, ULONG code, PVOID input,
    ULONG input_bytes, PVOID output, ULONG output_bytes, ULONG64 caller) {
    IOP_FILE_CALL call;
    NTSTATUS status = IopBeginFileCall(file, 0, event, apc, status_block, &call);
    if (!NT_SUCCESS(status)) return status;
    const ULONG access = code >> 14 & 3;
    if ((access & FILE_READ_ACCESS && !call.File->ReadAccess) || (access & FILE_WRITE_ACCESS && !call.File->WriteAccess))
        return IopAbandonFileCall(&call, STATUS_ACCESS_DENIED);
    PIRP irp = IopAllocateThreadedIrp(call.Device->StackSize, caller);
    if (!irp) return IopAbandonFileCall(&call, STATUS_INSUFFICIENT_RESOURCES);
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = major;
    stack->Parameters.DeviceIoControl.IoControlCode = code;
    stack->Parameters.DeviceIoControl.InputBufferLength = input_bytes;
    stack->Parameters.DeviceIoControl.OutputBufferLength = output_bytes;
    if (!IopAttachControlBuffers(irp, code, input, input_bytes, output, output_bytes)) {
        IopDiscardIrp(irp);
        return IopAbandonFileCall(&call, STATUS_INSUFFICIENT_RESOURCES);
    }
    return IopSendFileCall(&call, irp, false);
}

}  // namespace

/// STATUS_PENDING for an asynchronous file: the event or the file is signalled.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntdeviceiocontrolfile
NTSTATUS NTAPI ZwDeviceIoControlFile(
    HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE UserApcRoutine, PVOID UserApcContext, PIO_STATUS_BLOCK IoStatusBlock,
    ULONG IoControlCode, PVOID InputBuffer, ULONG InputBufferSize, PVOID OutputBuffer, ULONG OutputBufferSize) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwDeviceIoControlFile");
    return control(
        IRP_MJ_DEVICE_CONTROL, FileHandle, Event, UserApcRoutine, IoStatusBlock, IoControlCode, InputBuffer,
        InputBufferSize, OutputBuffer, OutputBufferSize, IOP_CALLER);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntfscontrolfile
NTSTATUS NTAPI ZwFsControlFile(
    HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
    ULONG FsControlCode, PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwFsControlFile");
    return control(
        IRP_MJ_FILE_SYSTEM_CONTROL, FileHandle, Event, ApcRoutine, IoStatusBlock, FsControlCode, InputBuffer,
        InputBufferLength, OutputBuffer, OutputBufferLength, IOP_CALLER);
}
