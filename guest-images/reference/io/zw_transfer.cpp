// SPDX-License-Identifier: MIT
// io/zw_transfer.cpp
//
// Reading, writing, flushing, and what files tell about themselves. Everything at PASSIVE_LEVEL.
#include "io/iop.hpp"

namespace {

/// Where a transfer begins: the caller's offset, or the file's own for synchronous files.
NTSTATUS choose_offset(PFILE_OBJECT file, bool write, const LARGE_INTEGER* wanted, LARGE_INTEGER* offset) {
    const bool synchronous = file->Flags & FO_SYNCHRONOUS_IO;
    const bool own = !wanted || (wanted->HighPart == -1 && wanted->LowPart == FILE_USE_FILE_POINTER_POSITION);
    if (own && !synchronous) return STATUS_INVALID_PARAMETER;
    *offset = own ? file->CurrentByteOffset : *wanted;
    const bool append = write && offset->HighPart == -1 && offset->LowPart == FILE_WRITE_TO_END_OF_FILE;
    return offset->QuadPart < 0 && !append ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

NTSTATUS transfer(
    UCHAR major, HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PIO_STATUS_BLOCK status_block, PVOID buffer,
    ULONG bytes, PLARGE_INTEGER wanted, PULONG key, ULONG64 caller) {
    const bool write = major == IRP_MJ_WRITE;
    IOP_FILE_CALL call;
    NTSTATUS status = IopBeginFileCall(handle, 0, event, apc, status_block, &call);
    if (!NT_SUCCESS(status)) return status;
    if (!(write ? call.File->WriteAccess : call.File->ReadAccess)) return IopAbandonFileCall(&call, STATUS_ACCESS_DENIED);
    LARGE_INTEGER offset;
    status = choose_offset(call.File, write, wanted, &offset);
    if (!NT_SUCCESS(status)) return IopAbandonFileCall(&call, status);
    PIRP irp = IopAllocateThreadedIrp(call.Device->StackSize, caller);
    if (!irp) return IopAbandonFileCall(&call, STATUS_INSUFFICIENT_RESOURCES);
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = major;
    stack->Flags = static_cast<UCHAR>(
        (key ? SL_KEY_SPECIFIED : 0) | (write && call.File->Flags & FO_WRITE_THROUGH ? SL_WRITE_THROUGH : 0));
    stack->Parameters.Read.Length = bytes;  // the same places in Write
    stack->Parameters.Read.Key = key ? *key : 0;
    stack->Parameters.Read.ByteOffset = offset;
    if (!IopAttachTransferBuffer(irp, call.Device, major, buffer, bytes)) {
        IopDiscardIrp(irp);
        return IopAbandonFileCall(&call, STATUS_INSUFFICIENT_RESOURCES);
    }
    return IopSendFileCall(&call, irp, false);
}

/// Fixed part of each information class; 0: this guest does not have the class.
ULONG fixed_bytes(FILE_INFORMATION_CLASS wanted) {
    switch (wanted) {
    case FileBasicInformation: return sizeof(FILE_BASIC_INFORMATION);
    case FileStandardInformation: return sizeof(FILE_STANDARD_INFORMATION);
    case FilePositionInformation: return sizeof(FILE_POSITION_INFORMATION);
    case FileDispositionInformation: return sizeof(FILE_DISPOSITION_INFORMATION);
    case FileEndOfFileInformation: return sizeof(FILE_END_OF_FILE_INFORMATION);
    case FileAllocationInformation: return sizeof(FILE_ALLOCATION_INFORMATION);
    case FileNameInformation: return FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + sizeof(WCHAR);
    case FileNetworkOpenInformation: return sizeof(FILE_NETWORK_OPEN_INFORMATION);
    case FileAlignmentInformation: return sizeof(FILE_ALIGNMENT_INFORMATION);
    default: return 0;
    }
}

/// What the I/O manager answers for the file system. False: it asks the driver.
bool answer_query(PFILE_OBJECT file, FILE_INFORMATION_CLASS wanted, PVOID information) {
    if (wanted == FilePositionInformation)
        static_cast<PFILE_POSITION_INFORMATION>(information)->CurrentByteOffset = file->CurrentByteOffset;
    else if (wanted == FileAlignmentInformation)
        static_cast<PFILE_ALIGNMENT_INFORMATION>(information)->AlignmentRequirement =
            file->DeviceObject->AlignmentRequirement;
    else
        return false;
    return true;
}

PIRP build_information(UCHAR major, IOP_FILE_CALL* call, FILE_INFORMATION_CLASS wanted, PVOID information, ULONG bytes) {
    PIRP irp = IopAllocateThreadedIrp(call->Device->StackSize, reinterpret_cast<ULONG64>(KiLoaderBlock.KernelBase));
    if (!irp) return nullptr;
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = major;
    stack->Parameters.QueryFile.Length = bytes;  // the same places in SetFile
    stack->Parameters.QueryFile.FileInformationClass = wanted;
    const bool set = major == IRP_MJ_SET_INFORMATION;
    const ULONG code = CTL_CODE(0, 0, METHOD_BUFFERED, 0);
    if (IopAttachControlBuffers(irp, code, information, set ? bytes : 0, information, set ? 0 : bytes)) return irp;
    IopDiscardIrp(irp);
    return nullptr;
}

NTSTATUS send_information(
    UCHAR major, IOP_FILE_CALL* call, FILE_INFORMATION_CLASS wanted, PVOID information, ULONG bytes) {
    PIRP irp = build_information(major, call, wanted, information, bytes);
    return irp ? IopSendFileCall(call, irp, true) : IopAbandonFileCall(call, STATUS_INSUFFICIENT_RESOURCES);
}

NTSTATUS answered(IOP_FILE_CALL* call, ULONG bytes) {
    *call->StatusBlock = {};
    call->StatusBlock->Information = bytes;
    return IopAbandonFileCall(call, STATUS_SUCCESS);
}

}  // namespace

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile
NTSTATUS NTAPI ZwReadFile(
    HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
    PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwReadFile");
    return transfer(
        IRP_MJ_READ, FileHandle, Event, ApcRoutine, IoStatusBlock, Buffer, Length, ByteOffset, Key, IOP_CALLER);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntwritefile
NTSTATUS NTAPI ZwWriteFile(
    HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
    PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwWriteFile");
    return transfer(
        IRP_MJ_WRITE, FileHandle, Event, ApcRoutine, IoStatusBlock, Buffer, Length, ByteOffset, Key, IOP_CALLER);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntflushbuffersfile
extern "C" NTSTATUS NTAPI ZwFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwFlushBuffersFile");
    IOP_FILE_CALL call;
    const NTSTATUS status = IopBeginFileCall(FileHandle, 0, nullptr, nullptr, IoStatusBlock, &call);
    if (!NT_SUCCESS(status)) return status;
    PIRP irp = IopAllocateThreadedIrp(call.Device->StackSize, IOP_CALLER);
    if (!irp) return IopAbandonFileCall(&call, STATUS_INSUFFICIENT_RESOURCES);
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    return IopSendFileCall(&call, irp, true);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntqueryinformationfile
NTSTATUS NTAPI ZwQueryInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwQueryInformationFile");
    const ULONG fixed = fixed_bytes(FileInformationClass);
    if (!fixed) return STATUS_INVALID_INFO_CLASS;
    if (Length < fixed) return STATUS_INFO_LENGTH_MISMATCH;
    IOP_FILE_CALL call;
    const NTSTATUS status = IopBeginFileCall(FileHandle, 0, nullptr, nullptr, IoStatusBlock, &call);
    if (!NT_SUCCESS(status)) return status;
    if (answer_query(call.File, FileInformationClass, FileInformation)) return answered(&call, fixed);
    return send_information(IRP_MJ_QUERY_INFORMATION, &call, FileInformationClass, FileInformation, Length);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntsetinformationfile
NTSTATUS NTAPI ZwSetInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwSetInformationFile");
    const ULONG fixed = fixed_bytes(FileInformationClass);
    if (!fixed) return STATUS_INVALID_INFO_CLASS;
    if (Length < fixed) return STATUS_INFO_LENGTH_MISMATCH;
    IOP_FILE_CALL call;
    const NTSTATUS status = IopBeginFileCall(FileHandle, 0, nullptr, nullptr, IoStatusBlock, &call);
    if (!NT_SUCCESS(status)) return status;
    if (FileInformationClass == FilePositionInformation) {
        const LARGE_INTEGER position = static_cast<PFILE_POSITION_INFORMATION>(FileInformation)->CurrentByteOffset;
        if (position.QuadPart < 0) return IopAbandonFileCall(&call, STATUS_INVALID_PARAMETER);
        call.File->CurrentByteOffset = position;
        return answered(&call, 0);
    }
    return send_information(IRP_MJ_SET_INFORMATION, &call, FileInformationClass, FileInformation, Length);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwdeletefile
extern "C" NTSTATUS NTAPI ZwDeleteFile(POBJECT_ATTRIBUTES ObjectAttributes) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwDeleteFile");
    HANDLE file;
    IO_STATUS_BLOCK status_block;
    NTSTATUS status = ZwOpenFile(
        &file, DELETE | SYNCHRONIZE, ObjectAttributes, &status_block, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        FILE_SYNCHRONOUS_IO_NONALERT);
    if (!NT_SUCCESS(status)) return status;
    FILE_DISPOSITION_INFORMATION disposition = {TRUE};
    status = ZwSetInformationFile(file, &status_block, &disposition, sizeof disposition, FileDispositionInformation);
    ZwClose(file);
    return status;
}
