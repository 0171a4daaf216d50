// SPDX-License-Identifier: MIT
// io/ramdisk_boot.cpp
//
// What the RAM disk holds from the beginning: the boot archive, where a setup would have put its files; and the names that lead
// there.
#include "io/iop.hpp"
#include "io/ramdisk_tree.hpp"
#include "rtl/literal.hpp"

namespace {

using ramdisk::Node;

constexpr ULONG kTag = 'pDmR';
constexpr ULONG64 kDefaultBytes = 16 << 20;  // "ramdisk=" on the command line says otherwise

NTSTATUS make_directories() {
    constexpr UNICODE_STRING directories[] = {
        rtl::literal(L""), rtl::literal(L"\\Windows"), rtl::literal(L"\\Windows\\system32"),
        rtl::literal(L"\\Windows\\system32\\drivers"), rtl::literal(L"\\Windows\\temp")};
    NTSTATUS status = STATUS_SUCCESS;
    for (const UNICODE_STRING& path : directories) {
        Node* node;
        if (NT_SUCCESS(status)) status = ramdisk::create(&path, true, &node);
    }
    return status;
}

bool ends_with(const char* name, const char* suffix) {
    SIZE_T length = 0, suffix_length = 0;
    while (name[length]) ++length;
    while (suffix[suffix_length]) ++suffix_length;
    if (length < suffix_length) return false;
    for (SIZE_T i = 0; i < suffix_length; ++i)
        if ((name[length - suffix_length + i] | 0x20) != suffix[i]) return false;
    return true;
}

/// Drivers go to system32\drivers, everything else to system32. The bytes stay in the archive.
NTSTATUS add_archive_file(const LOADER_FILE& file) {
    WCHAR text[128];
    UNICODE_STRING path = {0, sizeof text, text};
    NTSTATUS status = RtlAppendUnicodeToString(
        &path, ends_with(file.Name, ".sys") ? L"\\Windows\\system32\\drivers\\" : L"\\Windows\\system32\\");
    if (!NT_SUCCESS(status)) return status;
    for (const char* c = file.Name; *c; ++c, path.Length += sizeof(WCHAR)) {
        if (path.Length == sizeof text || *c == '/') return STATUS_OBJECT_NAME_INVALID;
        text[path.Length / sizeof(WCHAR)] = static_cast<UCHAR>(*c);
    }
    Node* node;
    status = ramdisk::create(&path, false, &node);
    if (!NT_SUCCESS(status)) return status;
    node->data = file.Data;
    node->bytes = file.Size;
    return STATUS_SUCCESS;
}

NTSTATUS make_links() {
    UNICODE_STRING device = rtl::literal(L"\\Device\\RamDisk"), windows = rtl::literal(L"\\Device\\RamDisk\\Windows");
    UNICODE_STRING drive = rtl::literal(L"\\??\\C:"), root = rtl::literal(L"\\SystemRoot");
    const NTSTATUS status = IoCreateSymbolicLink(&drive, &device);
    return NT_SUCCESS(status) ? IoCreateSymbolicLink(&root, &windows) : status;
}

}  // namespace

NTSTATUS IopInitializeRamDisk(const LOADER_BLOCK* block) {
    ramdisk::space.limit = RdCommandLineNumber("ramdisk", kDefaultBytes);
    NTSTATUS status = make_directories();
    for (ULONG index = 0; index < block->FileCount && NT_SUCCESS(status); ++index) {
        const NTSTATUS added = add_archive_file(block->Files[index]);
        if (added == STATUS_OBJECT_NAME_INVALID)
            DbgPrint("ramdisk: %s in the boot archive has no name a driver could use\n", block->Files[index].Name);
        else
            status = added;
    }
    UNICODE_STRING name = rtl::literal(L"\\FileSystem\\RamDisk");
    if (NT_SUCCESS(status)) status = IoCreateDriver(&name, ramdisk::enter_driver);
    return NT_SUCCESS(status) ? make_links() : status;
}

NTSTATUS IopReadWholeFile(PCUNICODE_STRING path, PVOID* bytes, SIZE_T* size) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(
        &attributes, const_cast<PUNICODE_STRING>(path), OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE file;
    IO_STATUS_BLOCK result;
    NTSTATUS status = ZwOpenFile(
        &file, FILE_READ_DATA | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_DELETE,
        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(status)) return status;
    FILE_STANDARD_INFORMATION standard;
    status = ZwQueryInformationFile(file, &result, &standard, sizeof standard, FileStandardInformation);
    PVOID buffer = nullptr;
    const ULONG length = NT_SUCCESS(status) ? standard.EndOfFile.LowPart : 0;
    if (NT_SUCCESS(status)) {
        buffer = ExAllocatePoolWithTag(PagedPool, length ? length : 1, kTag);
        status = buffer ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (NT_SUCCESS(status) && length)
        status = ZwReadFile(file, nullptr, nullptr, nullptr, &result, buffer, length, nullptr, nullptr);
    if (NT_SUCCESS(status) && length && result.Information != length) status = STATUS_END_OF_FILE;
    ZwClose(file);
    if (!NT_SUCCESS(status)) {
        if (buffer) ExFreePoolWithTag(buffer, kTag);
        return status;
    }
    *bytes = buffer;
    *size = length;
    return STATUS_SUCCESS;
}
