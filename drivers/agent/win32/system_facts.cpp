// SPDX-License-Identifier: MIT
#include "agent/win32/system_facts.hpp"

#include <stddef.h>

namespace rundown::win32
{

namespace
{

/// From which build of NT 10.0 on, which minor version of NDIS 6.
struct BuildMinor {
    uint32_t build;
    uint8_t minor;
};
constexpr BuildMinor kTen[] = {
    {10240, 50},
    {10586, 51},
    {14393, 60},
    {15063, 70},
    {16299, 80},
    {17134, 81},
    {17763, 82},
    {18362, 83},
    {19041, 84},
    {20348, 85},
    {22000, 86},
    {22621, 87},
    {25398, 88},
    {26100, 89},
};

uint8_t
ndis6_minor(const SystemVersion &version)
{
    if (version.major == 6) {
        if (version.minor == 0)
            return version.build >= 6001 ? 1 : 0; // Vista without and with a service pack
        return version.minor == 1 ? 20 : version.minor == 2 ? 30 : 40;
    }
    uint8_t minor = 50;
    for (const BuildMinor &one : kTen)
        if (version.build >= one.build)
            minor = one.minor;
    return minor;
}

} // namespace

const char *
guest_name(const SystemVersion &version)
{
    return version.is_wine ? "wine" : version.is_reactos ? "reactos" : "windows";
}

std::string
version_text(const SystemVersion &version)
{
    std::string product = version.product;
    if (product.empty())
        product = version.is_reactos ? "ReactOS" : "Windows";
    std::string number = std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                         std::to_string(version.build);
    if (!version.service_pack.empty())
        number += " " + version.service_pack;
    return product + " (" + (version.is_wine ? "Wine as " : "") + "NT " + number + ")";
}

std::vector<uint16_t>
ndis_versions(const SystemVersion &version)
{
    if (version.is_wine)
        return {};
    // ReactOS implements NDIS 5.1 whatever version of NT it calls itself.
    if (version.is_reactos || version.major < 6)
        return {5 << 8 | 1};
    const auto newest = static_cast<uint16_t>(6 << 8 | ndis6_minor(version));
    if (version.major == 6 && version.minor <= 1)
        return {5 << 8 | 1, newest};
    return {newest};
}

uint16_t
pe_machine(const uint8_t *bytes, size_t count)
{
    const auto word = [&](size_t at) {
        return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8);
    };
    if (count < 64 || word(0) != 0x5A4D) // "MZ"
        return 0;
    const size_t header = word(60) | static_cast<size_t>(word(62)) << 16;
    if (header > count || count - header < 6)
        return 0;
    const bool is_pe = word(header) == 0x4550 && word(header + 2) == 0; // "PE\0\0"
    return is_pe ? word(header + 4) : 0;
}

} // namespace rundown::win32
