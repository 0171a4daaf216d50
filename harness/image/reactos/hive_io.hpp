// SPDX-License-Identifier: MIT
// image/reactos/hive_io.hpp
//
// A registry hive file edited without the system it belongs to, by reged (package chntpw).
// Blocking.
#pragma once

#include <string>

#include "base/result.hpp"
#include "image/store.hpp"

namespace rundown::image::reactos {

/// The hive with a registry file (registry_text.hpp) put into it; looked at again afterwards.
/// Errors: environment (reged is missing or failed, the values are not in it).
result<std::string> with_registry_values(
    const std::string& hive, const std::string& text, const Watch& watch
);

/// The number of the control set in use. Error: environment.
result<unsigned> control_set_of(const std::string& hive, const Watch& watch);

}  // namespace rundown::image::reactos
