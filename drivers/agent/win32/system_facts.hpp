// SPDX-License-Identifier: MIT
// agent/win32/system_facts.hpp
//
// What follows from a system's name and version: what to call it, and the NDIS versions its
// ndis.sys takes protocol drivers of ("Overview of NDIS versions", Windows drivers documentation).
// Pure.
#pragma once
#include <stdint.h>

#include <string>
#include <vector>

namespace rundown::win32
{

struct SystemVersion {
    uint32_t major = 0, minor = 0, build = 0; // Of NT, as RtlGetVersion tells them.
    bool is_reactos = false;
    bool is_wine = false;
    std::string product;      // The registry's ProductName; may be empty.
    std::string service_pack; // As RtlGetVersion tells it; may be empty.
};

/// "windows", "reactos" or "wine".
const char *guest_name(const SystemVersion &version);

/// "ReactOS (NT 5.2.3790 Service Pack 1)".
std::string version_text(const SystemVersion &version);

/// major << 8 | minor of each interface a protocol may register with: the newest one, and 5.1 where
/// NDIS 5 protocols still load (up to Windows 7 and Server 2008 R2). None under Wine.
std::vector<uint16_t> ndis_versions(const SystemVersion &version);

/// The architecture of a PE image's first bytes: its machine field; 0: they are no PE image.
uint16_t pe_machine(const uint8_t *bytes, size_t count);

} // namespace rundown::win32
