// SPDX-License-Identifier: MIT
#include "agent/win32/native.hpp"

#include <string.h>

#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr uint32_t kInfoLengthMismatch = 0xC0000004;
constexpr uint32_t kNotImplemented = 0xC0000002;
constexpr ULONG kProcesses = 5, kModules = 11, kPoolTags = 0x16;

/// RTL_PROCESS_MODULE_INFORMATION.
struct ModuleEntry {
    void *section, *mapped_base, *image_base;
    ULONG image_size, flags;
    USHORT load_order, init_order, load_count, offset_to_file_name;
    char full_path[256];
};
struct ModuleList {
    ULONG count;
    ModuleEntry entry[1];
};

/// SYSTEM_POOLTAG: 0x28 bytes in 64-bit systems, 0x1C in others.
struct TagEntry {
    ULONG tag, paged_allocs, paged_frees;
    SIZE_T paged_used;
    ULONG allocs, frees;
    SIZE_T used;
};
struct TagList {
    ULONG count;
    TagEntry entry[1];
};

/// The beginning of SYSTEM_PROCESS_INFORMATION.
struct ProcessEntry {
    ULONG next_offset, threads;
    LARGE_INTEGER reserved[3], create_time, user_time, kernel_time;
    UNICODE_STRING image;
    LONG priority;
    HANDLE id, parent;
    ULONG handles;
};

constexpr uintptr_t kSystemProcess = 4;

void
name_attributes(const std::wstring &name, UNICODE_STRING *string, OBJECT_ATTRIBUTES *attributes)
{
    string->Buffer = const_cast<wchar_t *>(name.c_str());
    string->Length = static_cast<USHORT>(name.size() * sizeof(wchar_t));
    string->MaximumLength = static_cast<USHORT>(string->Length + sizeof(wchar_t));
    *attributes = {};
    attributes->Length = sizeof *attributes;
    attributes->ObjectName = string;
    attributes->Attributes = OBJ_CASE_INSENSITIVE;
}

} // namespace

HANDLE
open_to_read(const std::wstring &path)
{
    return CreateFileW(
        path.c_str(),
        GENERIC_READ,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        nullptr,
        OPEN_EXISTING,
        0,
        nullptr);
}

uint32_t
open_device(const std::string &name, HANDLE *handle)
{
    const std::wstring wide = widen(name);
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attributes;
    name_attributes(wide, &string, &attributes);
    IO_STATUS_BLOCK io = {};
    return static_cast<uint32_t>(NtOpenFile(
        handle,
        GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE,
        &attributes,
        &io,
        FILE_SHARE_READ | FILE_SHARE_WRITE,
        0x20)); // FILE_SYNCHRONOUS_IO_NONALERT
}

uint32_t
device_control(
    const std::string &device,
    uint32_t code,
    const void *input,
    uint32_t input_bytes,
    void *output,
    uint32_t output_bytes,
    uint32_t *filled)
{
    *filled = 0;
    Handle file;
    uint32_t status = open_device(device, file.receive());
    if (!succeeded(status))
        return status;
    IO_STATUS_BLOCK io = {};
    status = static_cast<uint32_t>(NtDeviceIoControlFile(
        file.get(),
        nullptr,
        nullptr,
        nullptr,
        &io,
        code,
        const_cast<void *>(input_bytes ? input : nullptr),
        input_bytes,
        output_bytes ? output : nullptr,
        output_bytes));
    if (status == STATUS_PENDING) {
        WaitForSingleObject(file.get(), INFINITE);
        status = static_cast<uint32_t>(io.Status);
    }
    const bool is_error = status >> 30 == 3; // warnings come with output
    if (!is_error)
        *filled =
            io.Information < output_bytes ? static_cast<uint32_t>(io.Information) : output_bytes;
    return status;
}

uint32_t
query_system(ULONG information_class, std::vector<uint8_t> *data)
{
    ULONG needed = 64 << 10;
    for (int attempt = 0; attempt < 6; ++attempt) {
        data->assign(needed, 0);
        ULONG filled = 0;
        const auto status = static_cast<uint32_t>(NtQuerySystemInformation(
            static_cast<SYSTEM_INFORMATION_CLASS>(information_class),
            data->data(),
            needed,
            &filled));
        if (status != kInfoLengthMismatch)
            return status;
        needed = (filled > needed ? filled : needed * 2) + (16 << 10); // what comes meanwhile
    }
    return kInfoLengthMismatch;
}

uint32_t
list_modules(std::vector<LoadedModule> *modules)
{
    std::vector<uint8_t> data;
    const uint32_t status = query_system(kModules, &data);
    if (!succeeded(status))
        return status;
    const auto *list = reinterpret_cast<const ModuleList *>(data.data());
    const size_t room = (data.size() - offsetof(ModuleList, entry)) / sizeof(ModuleEntry);
    for (ULONG i = 0; i < list->count && i < room; ++i) {
        const ModuleEntry &from = list->entry[i];
        const size_t offset =
            from.offset_to_file_name < sizeof from.full_path ? from.offset_to_file_name : 0;
        const char *name = from.full_path + offset;
        modules->push_back(
            {std::string(name, strnlen(name, sizeof from.full_path - offset)),
             reinterpret_cast<uintptr_t>(from.image_base),
             from.image_size});
    }
    return 0;
}

uint32_t
list_pool(std::vector<PoolUse> *pool)
{
    std::vector<uint8_t> data;
    const uint32_t status = query_system(kPoolTags, &data);
    if (!succeeded(status))
        return status;
    const auto *list = reinterpret_cast<const TagList *>(data.data());
    const size_t room = (data.size() - offsetof(TagList, entry)) / sizeof(TagEntry);
    for (ULONG i = 0; i < list->count && i < room; ++i) {
        const TagEntry &from = list->entry[i];
        const uint32_t paged = from.paged_allocs - from.paged_frees;
        const uint32_t non_paged = from.allocs - from.frees;
        if (paged || non_paged)
            pool->push_back({from.tag, from.paged_used + from.used, non_paged, paged});
    }
    return 0;
}

uint32_t
count_system_process(uint32_t *threads, uint32_t *handles)
{
    std::vector<uint8_t> data;
    const uint32_t status = query_system(kProcesses, &data);
    if (!succeeded(status))
        return status;
    for (size_t at = 0; at + sizeof(ProcessEntry) <= data.size();) {
        const auto *entry = reinterpret_cast<const ProcessEntry *>(data.data() + at);
        if (reinterpret_cast<uintptr_t>(entry->id) == kSystemProcess) {
            *threads = entry->threads;
            *handles = entry->handles;
            return 0;
        }
        if (!entry->next_offset)
            break;
        at += entry->next_offset;
    }
    return kNotImplemented;
}

} // namespace rundown::win32
