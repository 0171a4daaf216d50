// SPDX-License-Identifier: MIT
// agent/win32/dump_operations.cpp
//
// Crash dumps and live-kernel reports: listed, newest first, and read in pieces, so that a dump of
// any size can be got without memory for it.
#include <algorithm>

#include "agent/win32/answer.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/registry.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr wchar_t kCrashControl[] = L"SYSTEM\\CurrentControlSet\\Control\\CrashControl";
constexpr uint64_t kEpoch = 116444736000000000ull; // 1970 in units of 100 ns since 1601.

/// A path of CrashControl's, or the usual one.
std::wstring
configured(const wchar_t *value, const wchar_t *usual)
{
    RegistryKey key;
    std::wstring path;
    if (!key.open(kCrashControl))
        path = key.text(value);
    return expanded(path.empty() ? std::wstring(usual) : path);
}

std::wstring
memory_dump()
{
    return configured(L"DumpFile", L"%SystemRoot%\\MEMORY.DMP");
}

std::wstring
mini_folder()
{
    return configured(L"MinidumpDir", L"%SystemRoot%\\Minidump");
}

std::wstring
reports_folder()
{
    return system_root() + L"\\LiveKernelReports";
}

struct Found {
    std::string name;
    uint64_t bytes;
    uint64_t written; // Seconds since 1970.
};

void
add(const std::string &name, const WIN32_FIND_DATAW &data, std::vector<Found> *found)
{
    if (dump_name(name).place == DumpPlace::none)
        return;
    const auto joined = [](DWORD high, DWORD low) {
        return static_cast<uint64_t>(high) << 32 | low;
    };
    const uint64_t time =
        joined(data.ftLastWriteTime.dwHighDateTime, data.ftLastWriteTime.dwLowDateTime);
    found->push_back(
        {name,
         joined(data.nFileSizeHigh, data.nFileSizeLow),
         time > kEpoch ? (time - kEpoch) / 10000000 : 0});
}

/// The dumps in a folder, and in those below it where `depth` says so.
void
look_in(const std::wstring &folder, const std::string &prefix, int depth, std::vector<Found> *found)
{
    WIN32_FIND_DATAW data;
    HANDLE search = FindFirstFileW((folder + L"\\*").c_str(), &data);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        const std::string name = narrow(data.cFileName);
        if (name == "." || name == "..")
            continue;
        if (!(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
            add(prefix + name, data, found);
        else if (depth)
            look_in(folder + L"\\" + data.cFileName, prefix + name + "\\", depth - 1, found);
    } while (FindNextFileW(search, &data));
    FindClose(search);
}

void
dump_list(void *, const Request &, Response &response)
{
    std::vector<Found> found;
    WIN32_FIND_DATAW data;
    HANDLE search = FindFirstFileW(memory_dump().c_str(), &data);
    if (search != INVALID_HANDLE_VALUE) {
        add("MEMORY.DMP", data, &found);
        FindClose(search);
    }
    look_in(mini_folder(), "Minidump\\", 0, &found);
    look_in(reports_folder(), "LiveKernelReports\\", 1, &found);
    std::sort(found.begin(), found.end(), [](const Found &a, const Found &b) {
        return a.written != b.written ? a.written > b.written : a.name < b.name;
    });
    response.which_result = rundown_rpc_Response_dumps_tag;
    auto &list = response.result.dumps;
    list.total = static_cast<uint32_t>(found.size());
    for (const Found &one : found) {
        if (list.dump_count == sizeof list.dump / sizeof *list.dump)
            break;
        auto &to = list.dump[list.dump_count++];
        copy(to.name, one.name);
        to.bytes = one.bytes;
        to.written = one.written;
    }
}

std::wstring
path_of(const DumpName &name)
{
    switch (name.place) {
    case DumpPlace::memory:
        return memory_dump();
    case DumpPlace::mini:
        return mini_folder() + L"\\" + widen(name.below);
    case DumpPlace::reports:
        return reports_folder() + L"\\" + widen(name.below);
    default:
        return {};
    }
}

void
dump_read(void *, const Request &request, Response &response)
{
    const auto &wanted = request.op.dump_read;
    const std::wstring path = path_of(dump_name(wanted.name));
    if (path.empty())
        return refuse_plainly(response, kStatusObjectNameInvalid, "that is no name of a dump");
    const Handle file(open_to_read(path));
    LARGE_INTEGER size, offset;
    if (!file || !GetFileSizeEx(file.get(), &size))
        return refuse_error(response, GetLastError(), "the dump cannot be read");
    offset.QuadPart = static_cast<LONGLONG>(wanted.offset);
    if (offset.QuadPart < 0 || offset.QuadPart > size.QuadPart)
        return refuse_plainly(
            response, agent::kStatusEndOfFile, "the piece lies beyond the dump's end");
    DWORD filled = 0;
    const DWORD room = sizeof response.data.bytes;
    if (!SetFilePointerEx(file.get(), offset, nullptr, FILE_BEGIN) ||
        !ReadFile(
            file.get(),
            response.data.bytes,
            wanted.bytes < room ? wanted.bytes : room,
            &filled,
            nullptr))
        return refuse_error(response, GetLastError(), "the dump cannot be read");
    response.data.size = static_cast<pb_size_t>(filled);
    response.value = static_cast<uint64_t>(size.QuadPart);
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_dump_list_tag, agent::kBlocks | agent::kRepeatable, dump_list},
    {rundown_rpc_Request_dump_read_tag, agent::kBlocks | agent::kRepeatable, dump_read},
};

} // namespace

OperationTable
dump_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
