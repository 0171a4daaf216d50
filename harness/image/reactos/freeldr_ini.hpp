// SPDX-License-Identifier: MIT
// image/reactos/freeldr_ini.hpp
//
// FREELDR.INI, the boot menu of ReactOS's boot loader, on the boot CD and on an installed disk:
// which entry boots by itself, from where, with which options. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image::reactos {

/// Kernel debug output to COM2, so that COM1 is the agent's alone.
inline constexpr std::string_view kDebugOptions = "/DEBUG /DEBUGPORT=COM2 /BAUDRATE=115200 /SOS";

/// The same on the boot CD, where txtsetup.sif's own options would win without the last one.
inline constexpr std::string_view kSetupOptions =
    "/DEBUG /DEBUGPORT=COM2 /BAUDRATE=115200 /NOGUIBOOT /SIFOPTIONSOVERRIDE";

/// The menu with its default entry booting at once and with `options`. `name` is what errors call
/// it. Errors, kind environment: no [FREELOADER] section, no such entry.
result<std::string> with_boot_options(
    std::string_view ini, std::string_view options, const std::string& name
);

/// Directory of the installation that boots by default: "ReactOS" of
/// SystemPath=multi(0)disk(0)rdisk(0)partition(1)\ReactOS. Errors as above.
result<std::string> system_directory(std::string_view ini, const std::string& name);

}  // namespace rundown::image::reactos
