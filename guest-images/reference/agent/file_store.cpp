// SPDX-License-Identifier: MIT
#include "file_store.hpp"

namespace agent {

namespace {

constexpr LONGLONG kBytesMax = 64 << 20;

NTSTATUS open(const char* name, ACCESS_MASK access, ULONG disposition, Handle& file) {
    Text path;
    file_path(name, path);
    if (!path.good()) return STATUS_OBJECT_NAME_INVALID;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, path.string(), OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    IO_STATUS_BLOCK io;
    return ZwCreateFile(
        file.receive(), access | SYNCHRONIZE, &attributes, &io, nullptr, FILE_ATTRIBUTE_NORMAL, 0, disposition,
        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, nullptr, 0);
}

}  // namespace

void file_path(const char* name, Text& path) {
    if (name[0] != '\\') path.add("\\SystemRoot\\system32\\drivers\\");
    path.add(name);
}

uint32_t write_file(void*, const char* name, const uint8_t* bytes, size_t count) {
    Handle file;
    NTSTATUS status = open(name, FILE_GENERIC_WRITE, FILE_OVERWRITE_IF, file);
    IO_STATUS_BLOCK io;
    LARGE_INTEGER offset = {};
    if (NT_SUCCESS(status) && count)
        status = ZwWriteFile(
            file.get(), nullptr, nullptr, nullptr, &io, const_cast<uint8_t*>(bytes), static_cast<ULONG>(count), &offset, nullptr);
    return static_cast<uint32_t>(status);
}

uint32_t read_file(void*, const char* name, uint8_t** bytes, size_t* count) {
    Handle file;
    NTSTATUS status = open(name, FILE_GENERIC_READ, FILE_OPEN, file);
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION information = {};
    if (NT_SUCCESS(status)) status = ZwQueryInformationFile(file.get(), &io, &information, sizeof information, FileStandardInformation);
    if (!NT_SUCCESS(status)) return static_cast<uint32_t>(status);
    if (information.EndOfFile.QuadPart > kBytesMax) return static_cast<uint32_t>(STATUS_FILE_TOO_LARGE);
    const auto size = static_cast<ULONG>(information.EndOfFile.QuadPart);
    auto* memory = static_cast<uint8_t*>(ExAllocatePoolWithTag(NonPagedPool, size ? size : 1, kTag));
    if (!memory) return static_cast<uint32_t>(STATUS_INSUFFICIENT_RESOURCES);
    LARGE_INTEGER offset = {};
    if (size) status = ZwReadFile(file.get(), nullptr, nullptr, nullptr, &io, memory, size, &offset, nullptr);
    if (NT_SUCCESS(status) && size && io.Information != size) status = STATUS_END_OF_FILE;
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(memory, kTag);
        return static_cast<uint32_t>(status);
    }
    *bytes = memory;
    *count = size;
    return 0;
}

}  // namespace agent
