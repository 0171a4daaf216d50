// SPDX-License-Identifier: MIT
#include "agent/win32/names.hpp"

#include <stddef.h>

namespace rundown::win32
{

namespace
{

constexpr std::string_view kDevice = "\\Device\\";
constexpr std::string_view kMini = "Minidump\\";
constexpr std::string_view kReports = "LiveKernelReports\\";
constexpr std::string_view kEnding = ".dmp";

char
upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool
is_printable(std::string_view text)
{
    for (const char c : text)
        if (c < 0x20 || c > 0x7e)
            return false;
    return true;
}

bool
begins(std::string_view text, std::string_view with)
{
    return text.size() >= with.size() && same_name(text.substr(0, with.size()), with);
}

/// Names of DOS devices, which stand for the device in every folder and with every extension.
bool
is_dos_device(std::string_view name)
{
    const std::string_view stem = name.substr(0, name.find('.'));
    for (const char *device : {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"})
        if (same_name(stem, device))
            return true;
    const bool is_numbered = stem.size() == 4 && stem[3] >= '0' && stem[3] <= '9';
    return is_numbered && (begins(stem, "COM") || begins(stem, "LPT"));
}

bool
is_dump_file(std::string_view name)
{
    return is_file_name(name) && name.size() > kEnding.size() &&
           same_name(name.substr(name.size() - kEnding.size()), kEnding);
}

} // namespace

bool
same_name(std::string_view a, std::string_view b)
{
    if (a.size() != b.size())
        return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (upper(a[i]) != upper(b[i]))
            return false;
    return true;
}

bool
is_file_name(std::string_view name)
{
    if (name.empty() || name.size() > 120 || !is_printable(name))
        return false;
    if (name.find_first_of("\\/:*?\"<>|") != std::string_view::npos)
        return false;
    const bool ends_well = name.back() != '.' && name.back() != ' ' && name.front() != ' ';
    return ends_well && !is_dos_device(name);
}

bool
is_service_name(std::string_view name)
{
    if (name.empty() || name.size() > 63)
        return false;
    for (const char c : name) {
        const bool is_letter = upper(c) >= 'A' && upper(c) <= 'Z';
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && c != '_' && c != '-' && c != '.')
            return false;
    }
    return name != "." && name != "..";
}

std::string
adapter_guid(std::string_view name)
{
    if (begins(name, kDevice))
        name.remove_prefix(kDevice.size());
    constexpr std::string_view kForm = "{hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh}";
    if (name.size() != kForm.size())
        return {};
    std::string guid;
    for (size_t i = 0; i < name.size(); ++i) {
        const char c = upper(name[i]);
        const bool is_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
        if (kForm[i] == 'h' ? !is_digit : c != kForm[i])
            return {};
        guid += c;
    }
    return guid;
}

std::string
adapter_device(std::string_view guid)
{
    return std::string(kDevice).append(guid);
}

bool
is_device_path(std::string_view path)
{
    return path.size() > 1 && path[0] == '\\' && path[1] != '\\' && is_printable(path);
}

DumpName
dump_name(std::string_view name)
{
    if (same_name(name, "MEMORY.DMP"))
        return {DumpPlace::memory, {}};
    if (begins(name, kMini) && is_dump_file(name.substr(kMini.size())))
        return {DumpPlace::mini, std::string(name.substr(kMini.size()))};
    if (!begins(name, kReports))
        return {};
    const std::string_view below = name.substr(kReports.size());
    const size_t separator = below.find('\\');
    const bool is_good =
        separator == std::string_view::npos
            ? is_dump_file(below)
            : is_file_name(below.substr(0, separator)) && is_dump_file(below.substr(separator + 1));
    return is_good ? DumpName{DumpPlace::reports, std::string(below)} : DumpName{};
}

} // namespace rundown::win32
