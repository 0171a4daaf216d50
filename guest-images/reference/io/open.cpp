// SPDX-License-Identifier: MIT
// io/open.cpp
//
// Names that run into devices become file objects: IRP_MJ_CREATE when one is opened, IRP_MJ_CLEANUP when its last handle is
// closed, IRP_MJ_CLOSE when its last reference goes.
#include "io/iop.hpp"

namespace {

constexpr ULONG kTag = 'eliF';

/// Options that the I/O manager itself heeds.
ULONG file_flags(const IOP_OPEN* open, ULONG attributes) {
    ULONG flags = 0;
    if (open->Options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) flags |= FO_SYNCHRONOUS_IO;
    if (open->Options & FILE_SYNCHRONOUS_IO_ALERT) flags |= FO_ALERTABLE_IO;
    if (open->Options & FILE_NO_INTERMEDIATE_BUFFERING) flags |= FO_NO_INTERMEDIATE_BUFFERING;
    if (open->Options & FILE_WRITE_THROUGH) flags |= FO_WRITE_THROUGH;
    if (open->Options & FILE_SEQUENTIAL_ONLY) flags |= FO_SEQUENTIAL_ONLY;
    if (open->Options & FILE_RANDOM_ACCESS) flags |= FO_RANDOM_ACCESS;
    if (!(attributes & OBJ_CASE_INSENSITIVE)) flags |= FO_OPENED_CASE_SENSITIVE;
    return flags;
}

void set_access(PFILE_OBJECT file, ACCESS_MASK access, ULONG share) {
    file->ReadAccess = (access & (FILE_EXECUTE | FILE_READ_DATA)) != 0;
    file->WriteAccess = (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
    file->DeleteAccess = (access & DELETE) != 0;
    file->SharedRead = (share & FILE_SHARE_READ) != 0;
    file->SharedWrite = (share & FILE_SHARE_WRITE) != 0;
    file->SharedDelete = (share & FILE_SHARE_DELETE) != 0;
}

ACCESS_MASK specific(ACCESS_MASK access) {
    PGENERIC_MAPPING mapping = IoGetFileObjectGenericMapping();
    if (access & MAXIMUM_ALLOWED) access |= FILE_ALL_ACCESS;
    RtlMapGenericMask(&access, mapping);
    return access & ~static_cast<ACCESS_MASK>(MAXIMUM_ALLOWED);
}

/// A file object on `device`, whose reference it takes over. Null: out of memory; the reference is given back.
PFILE_OBJECT make_file(const OB_PARSE* parse, PDEVICE_OBJECT device, const IOP_OPEN* open) {
    PVOID body = nullptr;
    if (!NT_SUCCESS(ObCreateObject(
            KernelMode, IopFileType, nullptr, KernelMode, nullptr, sizeof(FILE_OBJECT), 0, 0, &body))) {
        IopDereferenceDevice(device);
        return nullptr;
    }
    auto* file = static_cast<PFILE_OBJECT>(body);
    RtlZeroMemory(file, sizeof *file);
    file->Type = IO_TYPE_FILE;
    file->Size = sizeof *file;
    file->DeviceObject = device;
    file->Flags = file_flags(open, parse->Attributes);
    set_access(file, specific(parse->DesiredAccess), open->ShareAccess);
    KeInitializeEvent(&file->Lock, SynchronizationEvent, FALSE);
    KeInitializeEvent(&file->Event, NotificationEvent, FALSE);
    KeInitializeSpinLock(&file->IrpListLock);
    InitializeListHead(&file->IrpList);
    IopCount(&IopFileCount, 1);
    if (const USHORT bytes = parse->RemainingName.Length) {
        file->FileName.Buffer = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, bytes + sizeof(WCHAR), kTag));
        if (!file->FileName.Buffer) {
            ObfDereferenceObject(file);
            return nullptr;
        }
        RtlCopyMemory(file->FileName.Buffer, parse->RemainingName.Buffer, bytes);
        file->FileName.Buffer[bytes / sizeof(WCHAR)] = 0;
        file->FileName.Length = bytes;
        file->FileName.MaximumLength = static_cast<USHORT>(bytes + sizeof(WCHAR));
    }
    if (open->RelatedFile) {
        ObfReferenceObject(open->RelatedFile);
        file->RelatedFileObject = open->RelatedFile;
    }
    return file;
}

NTSTATUS NTAPI keep_request(PDEVICE_OBJECT, PIRP irp, PVOID event) {
    if (irp->PendingReturned) KeSetEvent(static_cast<PKEVENT>(event), IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/// Sends the request to the top of the file's stack, waits, returns its result and frees it.
IO_STATUS_BLOCK send_and_wait(PDEVICE_OBJECT top, PIRP irp) {
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    IoSetCompletionRoutine(irp, keep_request, &done, TRUE, TRUE, TRUE);
    if (IoCallDriver(top, irp) == STATUS_PENDING)
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
    const IO_STATUS_BLOCK result = irp->IoStatus;
    IoFreeIrp(irp);
    return result;
}

NTSTATUS send_create(const OB_PARSE* parse, PFILE_OBJECT file, IOP_OPEN* open) {
    PDEVICE_OBJECT top = IoGetRelatedDeviceObject(file);
    PIRP irp = IoAllocateIrp(top->StackSize, FALSE);
    if (!irp) return STATUS_INSUFFICIENT_RESOURCES;
    ACCESS_STATE access_state = {};
    access_state.RemainingDesiredAccess = 0;
    access_state.PreviouslyGrantedAccess = access_state.OriginalDesiredAccess = specific(parse->DesiredAccess);
    IO_SECURITY_CONTEXT security = {};
    security.AccessState = &access_state;
    security.DesiredAccess = access_state.OriginalDesiredAccess;
    irp->RequestorMode = KernelMode;
    irp->Flags = IRP_CREATE_OPERATION | IRP_SYNCHRONOUS_API;
    irp->Tail.Overlay.Thread = reinterpret_cast<PETHREAD>(KeGetCurrentThread());
    irp->Tail.Overlay.OriginalFileObject = file;
    irp->AssociatedIrp.SystemBuffer = open->EaBuffer;
    if (open->AllocationSize) irp->Overlay.AllocationSize = *open->AllocationSize;
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = IRP_MJ_CREATE;
    stack->FileObject = file;
    stack->Flags = parse->Attributes & OBJ_CASE_INSENSITIVE ? 0 : SL_CASE_SENSITIVE;
    stack->Parameters.Create.SecurityContext = &security;
    stack->Parameters.Create.Options = open->Disposition << 24 | (open->Options & 0x00FFFFFF);
    stack->Parameters.Create.FileAttributes = static_cast<USHORT>(open->FileAttributes);
    stack->Parameters.Create.ShareAccess = static_cast<USHORT>(open->ShareAccess);
    stack->Parameters.Create.EaLength = open->EaLength;
    const IO_STATUS_BLOCK result = send_and_wait(top, irp);
    open->Information = result.Information;
    return result.Status;
}

}  // namespace

NTSTATUS IopOpenFile(OB_PARSE* parse, PDEVICE_OBJECT device, IOP_OPEN* open) {
    NTSTATUS status = IopReferenceDevice(device);
    if (!NT_SUCCESS(status)) return open->Status = status;
    PFILE_OBJECT file = make_file(parse, device, open);
    if (!file) return open->Status = STATUS_INSUFFICIENT_RESOURCES;
    status = send_create(parse, file, open);
    if (status == STATUS_REPARSE) status = STATUS_IO_REPARSE_TAG_INVALID;  // no file system here has reparse points
    open->Status = status;
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(file);  // never opened: neither CLEANUP nor CLOSE follows
        return status;
    }
    file->Flags |= FO_FILE_OPEN;
    parse->Object = file;
    return STATUS_SUCCESS;
}

/// Devices named by themselves are found as devices; whoever opens a file says so by the context.
NTSTATUS IopParseDevice(OB_PARSE* parse) {
    auto* device = static_cast<PDEVICE_OBJECT>(parse->ParseObject);
    if (parse->Context) return IopOpenFile(parse, device, static_cast<IOP_OPEN*>(parse->Context));
    if (parse->WantedType && parse->WantedType != IopDeviceType) return STATUS_OBJECT_TYPE_MISMATCH;
    if (parse->RemainingName.Length) return STATUS_OBJECT_PATH_NOT_FOUND;
    ObfReferenceObject(device);
    parse->Object = device;
    return STATUS_SUCCESS;
}

/// An open relative to an open file.
NTSTATUS IopParseFile(OB_PARSE* parse) {
    auto* file = static_cast<PFILE_OBJECT>(parse->ParseObject);
    auto* open = static_cast<IOP_OPEN*>(parse->Context);
    if (!open) {
        if (parse->RemainingName.Length) return STATUS_OBJECT_TYPE_MISMATCH;
        ObfReferenceObject(file);
        parse->Object = file;
        return STATUS_SUCCESS;
    }
    open->RelatedFile = file;
    return IopOpenFile(parse, file->DeviceObject, open);
}

NTSTATUS IopSendFileRequest(PFILE_OBJECT file, UCHAR major) {
    PDEVICE_OBJECT top = IoGetRelatedDeviceObject(file);
    PIRP irp = IoAllocateIrp(top->StackSize, FALSE);
    // A driver that is not told of the end of a file keeps what belongs to it: as on Windows, this memory must be there.
    while (!irp) {
        LARGE_INTEGER pause;
        pause.QuadPart = -10 * 1000 * 10;
        KeDelayExecutionThread(KernelMode, FALSE, &pause);
        irp = IoAllocateIrp(top->StackSize, FALSE);
    }
    irp->RequestorMode = KernelMode;
    irp->Flags = IRP_SYNCHRONOUS_API | (major == IRP_MJ_CLOSE ? IRP_CLOSE_OPERATION : 0);
    irp->Tail.Overlay.Thread = reinterpret_cast<PETHREAD>(KeGetCurrentThread());
    irp->Tail.Overlay.OriginalFileObject = file;
    PIO_STACK_LOCATION stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = major;
    stack->FileObject = file;
    return send_and_wait(top, irp).Status;
}

VOID IopCloseFile(PVOID object, ACCESS_MASK, ULONG handles) {
    auto* file = static_cast<PFILE_OBJECT>(object);
    if (handles || !(file->Flags & FO_FILE_OPEN)) return;
    const bool synchronous = file->Flags & FO_SYNCHRONOUS_IO;
    if (synchronous) IopLockFile(file);
    file->Flags |= FO_HANDLE_CREATED | FO_CLEANUP_COMPLETE;
    IopSendFileRequest(file, IRP_MJ_CLEANUP);
    if (synchronous) IopUnlockFile(file);
}

VOID NTAPI IopDeleteFile(PVOID object) {
    auto* file = static_cast<PFILE_OBJECT>(object);
    if (file->Type != IO_TYPE_FILE) return;
    if (file->Flags & FO_FILE_OPEN) {
        // Opened, but never given a handle: its CLEANUP is still due.
        if (!(file->Flags & FO_CLEANUP_COMPLETE)) IopSendFileRequest(file, IRP_MJ_CLEANUP);
        IopSendFileRequest(file, IRP_MJ_CLOSE);
    }
    IopCount(&IopFileCount, -1);
    if (file->FileName.Buffer) ExFreePool(file->FileName.Buffer);
    PFILE_OBJECT related = file->RelatedFileObject;
    IopDereferenceDevice(file->DeviceObject);
    if (related) ObfDereferenceObject(related);
}

/// <= DISPATCH_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetrelateddeviceobject
PDEVICE_OBJECT NTAPI IoGetRelatedDeviceObject(PFILE_OBJECT FileObject) {
    return IoGetAttachedDevice(FileObject->DeviceObject);
}

/// PASSIVE_LEVEL. Opens the device and returns the top of its stack; both live while the file object is referenced.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetdeviceobjectpointer
NTSTATUS NTAPI IoGetDeviceObjectPointer(
    PUNICODE_STRING ObjectName, ACCESS_MASK DesiredAccess, PFILE_OBJECT* FileObject, PDEVICE_OBJECT* DeviceObject) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoGetDeviceObjectPointer");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(
        &attributes, ObjectName, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    HANDLE handle;
    IO_STATUS_BLOCK status_block;
    NTSTATUS status = ZwOpenFile(&handle, DesiredAccess, &attributes, &status_block, 0, FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(status)) return status;
    PVOID file;
    status = ObReferenceObjectByHandle(handle, 0, IopFileType, KernelMode, &file, nullptr);
    if (NT_SUCCESS(status)) {
        *FileObject = static_cast<PFILE_OBJECT>(file);
        *DeviceObject = IoGetRelatedDeviceObject(*FileObject);
    }
    ZwClose(handle);
    return status;
}
