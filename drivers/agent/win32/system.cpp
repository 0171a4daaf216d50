// SPDX-License-Identifier: MIT
#include "agent/win32/system.hpp"

#include "agent/win32/library.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/registry.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr wchar_t kCurrentVersion[] = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
constexpr wchar_t kBootKey[] = L"SYSTEM\\CurrentControlSet\\Control\\RundownAgent";

SystemVersion
learn_version()
{
    SystemVersion version;
    OSVERSIONINFOEXW told = {};
    told.dwOSVersionInfoSize = sizeof told;
    // GetVersionEx tells programs without a manifest that every system is Windows 8.
    if (const auto get =
            function<NTSTATUS NTAPI(OSVERSIONINFOEXW *)>(L"ntdll.dll", "RtlGetVersion"))
        get(&told);
    version.major = told.dwMajorVersion;
    version.minor = told.dwMinorVersion;
    version.build = told.dwBuildNumber & 0xFFFF;
    version.service_pack = narrow(told.szCSDVersion);
    RegistryKey key, reactos;
    if (!key.open(kCurrentVersion))
        version.product = narrow(key.text(L"ProductName"));
    version.is_wine = function<const char *()>(L"ntdll.dll", "wine_get_version") != nullptr;
    version.is_reactos = version.product.rfind("ReactOS", 0) == 0 ||
                         !reactos.open(L"SYSTEM\\CurrentControlSet\\Control\\ReactOS");
    return version;
}

/// The machine's architecture, whatever the program was built for.
const char *
native_arch(const SYSTEM_INFO &info)
{
    switch (info.wProcessorArchitecture) {
    case PROCESSOR_ARCHITECTURE_AMD64:
        return "x86-64";
    case PROCESSOR_ARCHITECTURE_INTEL:
        return "i386";
    default:
        return "unknown";
    }
}

uint64_t
draw_number()
{
    LARGE_INTEGER counter;
    FILETIME now;
    QueryPerformanceCounter(&counter);
    GetSystemTimeAsFileTime(&now);
    const uint64_t time = static_cast<uint64_t>(now.dwHighDateTime) << 32 | now.dwLowDateTime;
    uint64_t mixed = time * 0x9E3779B97F4A7C15ull ^ static_cast<uint64_t>(counter.QuadPart);
    mixed = (mixed ^ mixed >> 31) * 0xBF58476D1CE4E5B9ull ^ GetCurrentProcessId();
    return mixed ? mixed : 1;
}

} // namespace

const SystemVersion &
system_version()
{
    static const SystemVersion version = learn_version(); // main() asks first
    return version;
}

uint64_t
boot_id()
{
    RegistryKey key;
    if (key.create(kBootKey, true))
        return 0;
    const std::vector<std::string> kept = key.texts(L"BootId");
    if (kept.size() == 1)
        return strtoull(kept[0].c_str(), nullptr, 16);
    const uint64_t drawn = draw_number();
    key.set(L"BootId", std::vector<std::string>{format("%llx", (unsigned long long)drawn)});
    return drawn;
}

void
describe_system(agent::Hello &hello)
{
    const SystemVersion &version = system_version();
    copy(hello.guest, guest_name(version));
    copy(hello.os_version, version_text(version));
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    copy(hello.arch, native_arch(info));
    hello.processors = info.dwNumberOfProcessors;
    MEMORYSTATUSEX memory = {};
    memory.dwLength = sizeof memory;
    if (GlobalMemoryStatusEx(&memory))
        hello.memory_bytes = memory.ullTotalPhys;
    hello.boot_id = boot_id();
    for (const uint16_t ndis : ndis_versions(version))
        hello.ndis_versions[hello.ndis_versions_count++] = ndis;
}

uint32_t
enable_privilege(const wchar_t *name)
{
    Handle token;
    if (!OpenProcessToken(
            GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, token.receive()))
        return GetLastError();
    TOKEN_PRIVILEGES wanted = {};
    wanted.PrivilegeCount = 1;
    wanted.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    if (!LookupPrivilegeValueW(nullptr, name, &wanted.Privileges[0].Luid))
        return GetLastError();
    if (!AdjustTokenPrivileges(token.get(), FALSE, &wanted, 0, nullptr, nullptr))
        return GetLastError();
    return GetLastError(); // ERROR_NOT_ALL_ASSIGNED comes with success
}

} // namespace rundown::win32
