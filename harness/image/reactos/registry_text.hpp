// SPDX-License-Identifier: MIT
// image/reactos/registry_text.hpp
//
// Registry files ("Windows Registry Editor Version 5.00") as reged takes them, and whether what
// reged exports afterwards has it all: its exit code does not tell. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rundown::image::reactos {

/// One key of a registry file and its values.
struct RegistrySection {
    std::string key;                  // Below the hive's prefix: "ControlSet001\\Services\\X".
    std::vector<std::string> values;  // Lines: "\"Start\"=dword:00000002".
};

/// The text without comments and empty lines in the wrong places, on which reged 0.1 crashes.
std::string as_reged_takes_it(std::string_view text);

/// The sections of such a text. `prefix`: what each key begins with,
/// "HKEY_LOCAL_MACHINE\\SYSTEM". Error: internal, the text is ours.
result<std::vector<RegistrySection>> registry_sections(
    std::string_view text, std::string_view prefix
);

/// True when an export of the section's key has every value of it.
bool has_all_values(std::string_view exported, const RegistrySection& section);

}  // namespace rundown::image::reactos
