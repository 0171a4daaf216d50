// SPDX-License-Identifier: MIT
// agent/win32/names.hpp
//
// Names that come from the host, checked before anything is opened by them: none may lead out of
// the place it is meant for. Pure.
#pragma once
#include <string>
#include <string_view>

namespace rundown::win32
{

/// A file name without a folder, as every system since XP takes it: printable ASCII, no
/// separators, no stream, no device ("NUL", "COM1.txt"), no space or dot at its end.
bool is_file_name(std::string_view name);

/// A name of a service: letters, digits, '_', '-' and '.', 63 at most.
bool is_service_name(std::string_view name);

/// "{GUID}" in upper case out of "{GUID}" or "\Device\{GUID}"; empty: it is neither.
std::string adapter_guid(std::string_view name);

/// The device of an adapter: "\Device\{GUID}".
std::string adapter_device(std::string_view guid);

/// Are the two the same but for the case of ASCII letters?
bool same_name(std::string_view a, std::string_view b);

/// A native device path: begins with '\', printable ASCII.
bool is_device_path(std::string_view path);

/// Where dumps are, of three kinds.
enum class DumpPlace {
    none,    // That is no dump's name.
    memory,  // "MEMORY.DMP": CrashControl's DumpFile.
    mini,    // "Minidump\x.dmp": a file of CrashControl's MinidumpDir.
    reports, // "LiveKernelReports\x.dmp" or "LiveKernelReports\SUB\x.dmp".
};

struct DumpName {
    DumpPlace place = DumpPlace::none;
    std::string below; // The path below the place's folder; empty for `memory`.
};

DumpName dump_name(std::string_view name);

} // namespace rundown::win32
