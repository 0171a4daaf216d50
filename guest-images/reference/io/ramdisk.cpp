// SPDX-License-Identifier: MIT
// io/ramdisk.cpp
//
// The RAM disk's driver, \FileSystem\RamDisk: files are opened, read, written, cut and deleted by the requests any file
// system gets. \SystemRoot and \??\C: lead here. One mutex serialises everything; requests come at PASSIVE_LEVEL.
#include "io/iop.hpp"
#include "io/ramdisk_tree.hpp"
#include "rtl/literal.hpp"

namespace {

using ramdisk::Node;

constexpr ULONG kTag = 'pDmR';
KMUTEX mutex;

class Lock {
  public:
    Lock() { KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, nullptr); }
    ~Lock() { KeReleaseMutex(&mutex, FALSE); }
    Lock(const Lock&) = delete;
};

Node* node_of(PFILE_OBJECT file) { return static_cast<Node*>(file->FsContext); }

NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

/// The path a file object names, in new pool: behind the file it is relative to, trailing backslashes cut.
NTSTATUS whole_path(PFILE_OBJECT file, UNICODE_STRING* path) {
    const UNICODE_STRING none = {};
    const UNICODE_STRING& base = file->RelatedFileObject ? node_of(file->RelatedFileObject)->path : none;
    const ULONG bytes = base.Length + sizeof(WCHAR) + file->FileName.Length;
    if (bytes > MAXUSHORT) return STATUS_OBJECT_NAME_INVALID;
    auto* text = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, bytes, kTag));
    if (!text) return STATUS_INSUFFICIENT_RESOURCES;
    *path = {0, static_cast<USHORT>(bytes), text};
    RtlAppendUnicodeStringToString(path, const_cast<PUNICODE_STRING>(&base));
    if (file->RelatedFileObject && file->FileName.Length && file->FileName.Buffer[0] != '\\')
        RtlAppendUnicodeToString(path, L"\\");
    RtlAppendUnicodeStringToString(path, &file->FileName);
    while (path->Length && text[path->Length / sizeof(WCHAR) - 1] == '\\') path->Length -= sizeof(WCHAR);
    return STATUS_SUCCESS;
}

/// What becomes of a file that exists.
NTSTATUS open_existing(Node* node, ULONG disposition, ULONG options, ULONG_PTR* information) {
    if (node->is_deleted) return STATUS_DELETE_PENDING;
    if (disposition == FILE_CREATE) return STATUS_OBJECT_NAME_COLLISION;
    if (node->is_directory && options & FILE_NON_DIRECTORY_FILE) return STATUS_FILE_IS_A_DIRECTORY;
    if (!node->is_directory && options & FILE_DIRECTORY_FILE) return STATUS_NOT_A_DIRECTORY;
    const bool replace = disposition == FILE_SUPERSEDE || disposition == FILE_OVERWRITE || disposition == FILE_OVERWRITE_IF;
    if (replace && node->is_directory) return STATUS_INVALID_PARAMETER;
    *information = disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : replace ? FILE_OVERWRITTEN : FILE_OPENED;
    return STATUS_SUCCESS;
}

NTSTATUS open_missing(PCUNICODE_STRING path, ULONG disposition, ULONG options, Node** node, ULONG_PTR* information) {
    if (disposition == FILE_OPEN || disposition == FILE_OVERWRITE)
        return ramdisk::has_parent(path) ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND;
    *information = FILE_CREATED;
    return ramdisk::create(path, (options & FILE_DIRECTORY_FILE) != 0, node);
}

/// Finds or makes the file and counts the opener. Under Lock.
NTSTATUS open_path(PCUNICODE_STRING path, PFILE_OBJECT file, PIO_STACK_LOCATION stack, ULONG_PTR* information) {
    const ULONG disposition = stack->Parameters.Create.Options >> 24;
    const ULONG options = stack->Parameters.Create.Options & 0xFFFFFF;
    const ACCESS_MASK access = stack->Parameters.Create.SecurityContext->DesiredAccess;
    Node* node = ramdisk::find(path);
    const bool existed = node != nullptr;
    NTSTATUS status = existed ? open_existing(node, disposition, options, information)
                              : open_missing(path, disposition, options, &node, information);
    if (NT_SUCCESS(status) && node->handles)
        status = IoCheckShareAccess(access, stack->Parameters.Create.ShareAccess, file, &node->share, TRUE);
    else if (NT_SUCCESS(status))
        IoSetShareAccess(access, stack->Parameters.Create.ShareAccess, file, &node->share);
    if (!NT_SUCCESS(status)) return status;
    if (*information == FILE_OVERWRITTEN || *information == FILE_SUPERSEDED) ramdisk::resize(node, 0);
    ++node->opens;
    ++node->handles;
    file->FsContext = node;
    if (options & FILE_DELETE_ON_CLOSE) file->Flags |= FO_DELETE_ON_CLOSE;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI dispatch_create(PDEVICE_OBJECT, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    UNICODE_STRING path;
    ULONG_PTR information = 0;
    NTSTATUS status = whole_path(stack->FileObject, &path);
    if (!NT_SUCCESS(status)) return complete(irp, status, 0);
    {
        const Lock lock;
        status = open_path(&path, stack->FileObject, stack, &information);
    }
    ExFreePoolWithTag(path.Buffer, kTag);
    return complete(irp, status, NT_SUCCESS(status) ? information : 0);
}

NTSTATUS NTAPI dispatch_cleanup(PDEVICE_OBJECT, PIRP irp) {
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    {
        const Lock lock;
        Node* node = node_of(file);
        IoRemoveShareAccess(file, &node->share);
        if (file->Flags & FO_DELETE_ON_CLOSE && NT_SUCCESS(ramdisk::may_delete(node))) node->is_deleted = true;
        if (--node->handles == 0 && node->is_deleted && !node->is_unlinked) ramdisk::unlink(node);
    }
    return complete(irp, STATUS_SUCCESS, 0);
}

NTSTATUS NTAPI dispatch_close(PDEVICE_OBJECT, PIRP irp) {
    PFILE_OBJECT file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    {
        const Lock lock;
        Node* node = node_of(file);
        file->FsContext = nullptr;
        if (--node->opens == 0 && node->is_unlinked) ramdisk::release(node);
    }
    return complete(irp, STATUS_SUCCESS, 0);
}

void advance(PFILE_OBJECT file, ULONG64 end) {
    if (file->Flags & FO_SYNCHRONOUS_IO) file->CurrentByteOffset.QuadPart = static_cast<LONGLONG>(end);
}

NTSTATUS NTAPI dispatch_read(PDEVICE_OBJECT, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const ULONG64 offset = static_cast<ULONG64>(stack->Parameters.Read.ByteOffset.QuadPart);
    NTSTATUS status = STATUS_SUCCESS;
    SIZE_T bytes = stack->Parameters.Read.Length;
    {
        const Lock lock;
        const Node* node = node_of(stack->FileObject);
        if (node->is_directory)
            status = STATUS_INVALID_DEVICE_REQUEST;
        else if (bytes && offset >= node->bytes)
            status = STATUS_END_OF_FILE;
        else if (bytes > node->bytes - offset)
            bytes = node->bytes - offset;
        if (NT_SUCCESS(status)) RtlCopyMemory(irp->UserBuffer, node->data + offset, bytes);
    }
    if (!NT_SUCCESS(status)) return complete(irp, status, 0);
    advance(stack->FileObject, offset + bytes);
    return complete(irp, STATUS_SUCCESS, bytes);
}

NTSTATUS NTAPI dispatch_write(PDEVICE_OBJECT, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const LARGE_INTEGER wanted = stack->Parameters.Write.ByteOffset;
    const SIZE_T bytes = stack->Parameters.Write.Length;
    NTSTATUS status;
    SIZE_T offset;
    {
        const Lock lock;
        Node* node = node_of(stack->FileObject);
        const bool append = wanted.HighPart == -1 && wanted.LowPart == FILE_WRITE_TO_END_OF_FILE;
        offset = append ? node->bytes : static_cast<SIZE_T>(wanted.QuadPart);
        status = node->is_directory ? STATUS_INVALID_DEVICE_REQUEST : ramdisk::write(node, offset, irp->UserBuffer, bytes);
    }
    if (!NT_SUCCESS(status)) return complete(irp, status, 0);
    advance(stack->FileObject, offset + bytes);
    return complete(irp, STATUS_SUCCESS, bytes);
}

ULONG attributes_of(const Node* node) { return node->is_directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_NORMAL; }

LARGE_INTEGER large(SIZE_T bytes) {
    LARGE_INTEGER value;
    value.QuadPart = static_cast<LONGLONG>(bytes);
    return value;
}

NTSTATUS query_name(const Node* node, PVOID buffer, ULONG room, ULONG* bytes) {
    auto* name = static_cast<PFILE_NAME_INFORMATION>(buffer);
    const ULONG fits = room - FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    const ULONG length = node->path.Length ? node->path.Length : sizeof(WCHAR);
    name->FileNameLength = length;
    RtlCopyMemory(name->FileName, node->path.Length ? node->path.Buffer : L"\\", length < fits ? length : fits);
    *bytes = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + (length < fits ? length : fits);
    return length > fits ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/// The I/O manager has checked that the fixed part fits. Under Lock.
NTSTATUS query(const Node* node, FILE_INFORMATION_CLASS wanted, PVOID buffer, ULONG room, ULONG* bytes) {
    switch (wanted) {
    case FileBasicInformation:
        *static_cast<PFILE_BASIC_INFORMATION>(buffer) = {
            node->created, node->written, node->written, node->written, attributes_of(node)};
        *bytes = sizeof(FILE_BASIC_INFORMATION);
        return STATUS_SUCCESS;
    case FileStandardInformation:
        *static_cast<PFILE_STANDARD_INFORMATION>(buffer) = {
            large(node->capacity ? node->capacity : node->bytes), large(node->bytes), node->is_deleted ? 0u : 1u,
            node->is_deleted, node->is_directory};
        *bytes = sizeof(FILE_STANDARD_INFORMATION);
        return STATUS_SUCCESS;
    case FileNetworkOpenInformation:
        *static_cast<PFILE_NETWORK_OPEN_INFORMATION>(buffer) = {
            node->created, node->written, node->written, node->written,
            large(node->capacity ? node->capacity : node->bytes), large(node->bytes), attributes_of(node)};
        *bytes = sizeof(FILE_NETWORK_OPEN_INFORMATION);
        return STATUS_SUCCESS;
    case FileNameInformation: return query_name(node, buffer, room, bytes);
    default: return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS NTAPI dispatch_query(PDEVICE_OBJECT, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG bytes = 0;
    NTSTATUS status;
    {
        const Lock lock;
        status = query(
            node_of(stack->FileObject), stack->Parameters.QueryFile.FileInformationClass, irp->AssociatedIrp.SystemBuffer,
            stack->Parameters.QueryFile.Length, &bytes);
    }
    return complete(irp, status, bytes);
}

NTSTATUS set_length(PFILE_OBJECT file, LARGE_INTEGER bytes) {
    Node* node = node_of(file);
    if (node->is_directory || bytes.QuadPart < 0) return STATUS_INVALID_PARAMETER;
    return file->WriteAccess ? ramdisk::resize(node, static_cast<SIZE_T>(bytes.QuadPart)) : STATUS_ACCESS_DENIED;
}

NTSTATUS set_disposition(PFILE_OBJECT file, bool remove) {
    Node* node = node_of(file);
    if (!file->DeleteAccess) return STATUS_ACCESS_DENIED;
    const NTSTATUS status = remove ? ramdisk::may_delete(node) : STATUS_SUCCESS;
    if (NT_SUCCESS(status)) file->DeletePending = node->is_deleted = remove;
    return status;
}

/// Under Lock.
NTSTATUS set(PFILE_OBJECT file, FILE_INFORMATION_CLASS wanted, const void* buffer) {
    switch (wanted) {
    case FileEndOfFileInformation:
        return set_length(file, static_cast<const FILE_END_OF_FILE_INFORMATION*>(buffer)->EndOfFile);
    case FileAllocationInformation: {
        // Less than the file holds cuts it; more is memory that will be found when it is written.
        const LARGE_INTEGER size = static_cast<const FILE_ALLOCATION_INFORMATION*>(buffer)->AllocationSize;
        return static_cast<SIZE_T>(size.QuadPart) < node_of(file)->bytes ? set_length(file, size) : STATUS_SUCCESS;
    }
    case FileDispositionInformation:
        return set_disposition(file, static_cast<const FILE_DISPOSITION_INFORMATION*>(buffer)->DeleteFile);
    default: return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS NTAPI dispatch_set(PDEVICE_OBJECT, PIRP irp) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    NTSTATUS status;
    {
        const Lock lock;
        status = set(
            stack->FileObject, stack->Parameters.SetFile.FileInformationClass, irp->AssociatedIrp.SystemBuffer);
    }
    return complete(irp, status, 0);
}

/// Nothing waits to be written anywhere.
NTSTATUS NTAPI dispatch_flush(PDEVICE_OBJECT, PIRP irp) { return complete(irp, STATUS_SUCCESS, 0); }

}  // namespace

NTSTATUS NTAPI ramdisk::enter_driver(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    KeInitializeMutex(&mutex, 0);
    driver->MajorFunction[IRP_MJ_CREATE] = dispatch_create;
    driver->MajorFunction[IRP_MJ_CLEANUP] = dispatch_cleanup;
    driver->MajorFunction[IRP_MJ_CLOSE] = dispatch_close;
    driver->MajorFunction[IRP_MJ_READ] = dispatch_read;
    driver->MajorFunction[IRP_MJ_WRITE] = dispatch_write;
    driver->MajorFunction[IRP_MJ_QUERY_INFORMATION] = dispatch_query;
    driver->MajorFunction[IRP_MJ_SET_INFORMATION] = dispatch_set;
    driver->MajorFunction[IRP_MJ_FLUSH_BUFFERS] = dispatch_flush;
    UNICODE_STRING name = rtl::literal(L"\\Device\\RamDisk");
    PDEVICE_OBJECT device;
    return IoCreateDevice(driver, 0, &name, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &device);
}
