// SPDX-License-Identifier: MIT
// io/selftest_file.cpp
//
// The RAM disk through the functions the agent and the loader use.
#include "io/iop.hpp"
#include "io/ramdisk_tree.hpp"
#include "io/selftest.hpp"
#include "rtl/literal.hpp"

namespace {

constexpr WCHAR kPath[] = L"\\SystemRoot\\system32\\drivers\\selftest.bin";

struct TestFile {
    HANDLE handle = nullptr;
    IO_STATUS_BLOCK result = {};
    ~TestFile() { close(); }
    void close() {
        if (handle) ZwClose(handle);
        handle = nullptr;
    }
    NTSTATUS open(PCWSTR path, ACCESS_MASK access, ULONG disposition, ULONG share = 0, ULONG options = 0) {
        close();
        UNICODE_STRING name = rtl::counted(path);
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
        return ZwCreateFile(
            &handle, access | SYNCHRONIZE, &attributes, &result, nullptr, FILE_ATTRIBUTE_NORMAL, share, disposition,
            FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE | options, nullptr, 0);
    }
    NTSTATUS write(const char* text, ULONG bytes, PLARGE_INTEGER offset = nullptr) {
        return ZwWriteFile(handle, nullptr, nullptr, nullptr, &result, const_cast<char*>(text), bytes, offset, nullptr);
    }
    NTSTATUS read(char* text, ULONG bytes, PLARGE_INTEGER offset = nullptr) {
        return ZwReadFile(handle, nullptr, nullptr, nullptr, &result, text, bytes, offset, nullptr);
    }
    LONGLONG size() {
        FILE_STANDARD_INFORMATION standard = {};
        ZwQueryInformationFile(handle, &result, &standard, sizeof standard, FileStandardInformation);
        return standard.EndOfFile.QuadPart;
    }
    NTSTATUS remove() {
        FILE_DISPOSITION_INFORMATION disposition = {TRUE};
        return ZwSetInformationFile(handle, &result, &disposition, sizeof disposition, FileDispositionInformation);
    }
};

const char* test_write_and_read() {
    TestFile file;
    char text[16] = {};
    KI_EXPECT(file.open(kPath, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_CREATE) == STATUS_SUCCESS);
    KI_EXPECT(file.result.Information == FILE_CREATED);
    KI_EXPECT(file.write("hello ", 6) == STATUS_SUCCESS && file.result.Information == 6);
    KI_EXPECT(file.write("world", 5) == STATUS_SUCCESS && file.size() == 11);
    LARGE_INTEGER offset = {};
    KI_EXPECT(file.read(text, sizeof text, &offset) == STATUS_SUCCESS && file.result.Information == 11);
    KI_EXPECT(RtlCompareMemory(text, "hello world", 11) == 11);
    KI_EXPECT(file.read(text, 1) == STATUS_END_OF_FILE);
    FILE_END_OF_FILE_INFORMATION end;
    end.EndOfFile.QuadPart = 5;
    KI_EXPECT(
        ZwSetInformationFile(file.handle, &file.result, &end, sizeof end, FileEndOfFileInformation) == STATUS_SUCCESS);
    KI_EXPECT(file.size() == 5);
    offset.QuadPart = 8;  // a hole of zeros
    KI_EXPECT(file.write("x", 1, &offset) == STATUS_SUCCESS && file.size() == 9);
    offset.QuadPart = 0;
    KI_EXPECT(file.read(text, 9, &offset) == STATUS_SUCCESS && text[5] == 0 && text[7] == 0 && text[8] == 'x');
    KI_EXPECT(file.remove() == STATUS_SUCCESS);
    file.close();
    KI_EXPECT(file.open(kPath, GENERIC_READ, FILE_OPEN) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_dispositions() {
    TestFile file, other;
    KI_EXPECT(file.open(kPath, GENERIC_WRITE | DELETE, FILE_OPEN_IF) == STATUS_SUCCESS);
    KI_EXPECT(file.write("12345", 5) == STATUS_SUCCESS);
    KI_EXPECT(other.open(kPath, GENERIC_READ, FILE_OPEN, FILE_SHARE_READ) == STATUS_SHARING_VIOLATION);
    file.close();
    KI_EXPECT(file.open(kPath, GENERIC_WRITE, FILE_CREATE) == STATUS_OBJECT_NAME_COLLISION);
    KI_EXPECT(file.open(L"\\??\\c:\\windows\\SYSTEM32\\Drivers\\SelfTest.BIN", GENERIC_READ, FILE_OPEN) == STATUS_SUCCESS);
    KI_EXPECT(file.size() == 5);
    KI_EXPECT(file.write("x", 1) == STATUS_ACCESS_DENIED);
    KI_EXPECT(file.open(kPath, GENERIC_WRITE, FILE_OVERWRITE) == STATUS_SUCCESS);
    KI_EXPECT(file.result.Information == FILE_OVERWRITTEN && file.size() == 0);
    KI_EXPECT(file.open(kPath, DELETE, FILE_OPEN, 0, FILE_DELETE_ON_CLOSE) == STATUS_SUCCESS);
    file.close();
    KI_EXPECT(file.open(kPath, GENERIC_READ, FILE_OPEN) == STATUS_OBJECT_NAME_NOT_FOUND);
    KI_EXPECT(file.open(L"\\SystemRoot\\none\\x", GENERIC_READ, FILE_OPEN) == STATUS_OBJECT_PATH_NOT_FOUND);
    KI_EXPECT(file.open(L"\\SystemRoot\\system32", GENERIC_READ, FILE_OPEN) == STATUS_FILE_IS_A_DIRECTORY);
    return nullptr;
}

const char* test_full_disk() {
    const ramdisk::Space before = ramdisk::space;
    TestFile file;
    ramdisk::space.limit = before.used + 100;
    char bytes[80] = {};
    NTSTATUS opened = file.open(kPath, GENERIC_WRITE | DELETE, FILE_CREATE);
    const NTSTATUS first = file.write(bytes, 80), second = file.write(bytes, 21), third = file.write(bytes, 20);
    ramdisk::space.limit = before.limit;
    KI_EXPECT(opened == STATUS_SUCCESS && first == STATUS_SUCCESS && third == STATUS_SUCCESS);
    KI_EXPECT(second == STATUS_DISK_FULL && file.size() == 100);
    KI_EXPECT(file.remove() == STATUS_SUCCESS);
    file.close();
    KI_EXPECT(ramdisk::space.used == before.used);
    return nullptr;
}

const char* test_archive() {
    constexpr UNICODE_STRING path = rtl::literal(L"\\SystemRoot\\System32\\ntoskrnl.exe");
    PVOID bytes;
    SIZE_T size;
    KI_EXPECT(IopReadWholeFile(&path, &bytes, &size) == STATUS_SUCCESS);
    const bool same = size == KiLoaderBlock.KernelFileSize &&
                      RtlCompareMemory(bytes, KiLoaderBlock.KernelFile, size) == size;
    ExFreePool(bytes);
    KI_EXPECT(same);
    constexpr UNICODE_STRING none = rtl::literal(L"\\SystemRoot\\System32\\none.dll");
    KI_EXPECT(IopReadWholeFile(&none, &bytes, &size) == STATUS_OBJECT_NAME_NOT_FOUND);
    return nullptr;
}

const char* test_counts() {
    const ULONG files = IopFileCount, irps = IopIrpCount;
    {
        TestFile file;
        KI_EXPECT(file.open(L"\\SystemRoot\\system32\\hal.dll", GENERIC_READ, FILE_OPEN, FILE_SHARE_READ) == STATUS_SUCCESS);
        KI_EXPECT(IopFileCount == files + 1 && IopIrpCount == irps);
    }
    KI_EXPECT(IopFileCount == files && IopIrpCount == irps);
    return nullptr;
}

}  // namespace

extern "C" const KI_SELF_TEST IopFileTests[] = {
    {"io.file-write-and-read", test_write_and_read},
    {"io.file-dispositions", test_dispositions},
    {"io.file-full-disk", test_full_disk},
    {"io.file-archive", test_archive},
    {"io.file-counts", test_counts},
    {nullptr, nullptr},
};
