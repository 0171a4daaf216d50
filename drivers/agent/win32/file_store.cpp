// SPDX-License-Identifier: MIT
#include "agent/win32/file_store.hpp"

#include "agent/win32/answer.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr LONGLONG kBytesMax = 64 << 20; // Of a file that is read whole.

std::wstring store;

bool
make_folder(const std::wstring &path)
{
    const DWORD attributes = GetFileAttributesW(path.c_str());
    if (attributes != INVALID_FILE_ATTRIBUTES)
        return attributes & FILE_ATTRIBUTE_DIRECTORY;
    const std::wstring parent = folder_of(path);
    if (parent.size() > 2 && parent.size() < path.size() && !make_folder(parent))
        return false;
    return CreateDirectoryW(path.c_str(), nullptr);
}

uint32_t
write_whole(const std::wstring &path, const uint8_t *bytes, size_t count)
{
    const Handle file(
        CreateFileW(path.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS, 0, nullptr));
    if (!file)
        return status_of(GetLastError());
    DWORD written = 0;
    if (!WriteFile(file.get(), bytes, static_cast<DWORD>(count), &written, nullptr))
        return status_of(GetLastError());
    return written == count ? 0 : kStatusUnsuccessful;
}

} // namespace

std::wstring
prepare_file_store(const std::string &folder)
{
    const std::wstring usual = system_root() + L"\\Temp\\rundown";
    const std::wstring beside = folder_of(own_path()) + L"\\rundown-files";
    store = folder.empty() ? usual : widen(folder);
    if (!make_folder(store) && folder.empty()) {
        store = beside;
        make_folder(store);
    }
    return store;
}

std::wstring
file_store_folder()
{
    return store;
}

std::wstring
stored_path(std::string_view name)
{
    return is_file_name(name) ? store + L"\\" + widen(name) : std::wstring();
}

/// Under another name first: a file is there whole, or as it was.
uint32_t
write_file(void *, const char *name, const uint8_t *bytes, size_t count)
{
    const std::wstring path = stored_path(name);
    if (path.empty())
        return kStatusObjectNameInvalid;
    const std::wstring partial = path + L".part";
    if (const uint32_t status = write_whole(partial, bytes, count)) {
        DeleteFileW(partial.c_str());
        return status;
    }
    if (MoveFileExW(partial.c_str(), path.c_str(), MOVEFILE_REPLACE_EXISTING))
        return 0;
    const DWORD error = GetLastError();
    DeleteFileW(partial.c_str());
    return status_of(error);
}

uint32_t
read_file(void *, const char *name, uint8_t **bytes, size_t *count)
{
    const std::wstring path = stored_path(name);
    if (path.empty())
        return kStatusObjectNameInvalid;
    const Handle file(open_to_read(path));
    LARGE_INTEGER size;
    if (!file || !GetFileSizeEx(file.get(), &size))
        return status_of(GetLastError());
    if (size.QuadPart > kBytesMax)
        return agent::kStatusFileTooLarge;
    const auto wanted = static_cast<DWORD>(size.QuadPart);
    auto *memory = static_cast<uint8_t *>(HeapAlloc(GetProcessHeap(), 0, wanted ? wanted : 1));
    if (!memory)
        return agent::kStatusInsufficientResources;
    DWORD filled = 0;
    const bool is_read = ReadFile(file.get(), memory, wanted, &filled, nullptr);
    if (is_read && filled == wanted) {
        *bytes = memory;
        *count = wanted;
        return 0;
    }
    const uint32_t status = is_read ? agent::kStatusEndOfFile : status_of(GetLastError());
    HeapFree(GetProcessHeap(), 0, memory);
    return status;
}

} // namespace rundown::win32
