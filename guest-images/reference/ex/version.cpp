// SPDX-License-Identifier: MIT
// ex/version.cpp
//
// What this guest says it is: Windows Server 2003 x64, the last system whose NDIS is 5.1.
#include "ex/ex.hpp"

namespace {

constexpr ULONG kMajor = 5, kMinor = 2, kBuild = 3790;
constexpr WCHAR kServicePack[] = L"Service Pack 2";

}  // namespace

extern "C" {

/// FALSE: a free build. Any pointer may be null; the string's buffer is the system's. <= APC_LEVEL.
BOOLEAN NTAPI PsGetVersion(PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber, PUNICODE_STRING CSDVersion) {
    if (MajorVersion) *MajorVersion = kMajor;
    if (MinorVersion) *MinorVersion = kMinor;
    if (BuildNumber) *BuildNumber = kBuild;
    if (CSDVersion) RtlInitUnicodeString(CSDVersion, kServicePack);
    return FALSE;
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlgetversion
NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW VersionInformation) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlGetVersion");
    VersionInformation->dwMajorVersion = kMajor;
    VersionInformation->dwMinorVersion = kMinor;
    VersionInformation->dwBuildNumber = kBuild;
    VersionInformation->dwPlatformId = 2;  // VER_PLATFORM_WIN32_NT
    RtlCopyMemory(VersionInformation->szCSDVersion, kServicePack, sizeof kServicePack);
    if (VersionInformation->dwOSVersionInfoSize == sizeof(RTL_OSVERSIONINFOEXW)) {
        auto* more = reinterpret_cast<PRTL_OSVERSIONINFOEXW>(VersionInformation);
        more->wServicePackMajor = 2;
        more->wServicePackMinor = 0;
        more->wSuiteMask = 0;
        more->wProductType = 3;  // VER_NT_SERVER
    }
    return STATUS_SUCCESS;
}

}  // extern "C"
