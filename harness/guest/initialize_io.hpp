// SPDX-License-Identifier: MIT
// guest/initialize_io.hpp
//
// libvirt's first call, made so that it does not write to our stderr.
#pragma once

#include <string>

#include "base/result.hpp"

namespace rundown::guest {

/// Initialises libvirt; its warnings and errors go to the file `log` (for the life of the process:
/// the first call decides), unless the person set LIBVIRT_LOG_OUTPUTS. Error: environment.
result<void> initialize_libvirt(const std::string& log);

/// The last libvirt error of this thread as one line.
std::string last_libvirt_error();

}  // namespace rundown::guest
