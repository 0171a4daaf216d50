// SPDX-License-Identifier: MIT
// image/media/pe_probe.hpp
//
// The two things a medium's executables tell of its system: the processor and the version. Pure.
#pragma once

#include <string>
#include <string_view>

#include "image/manifest.hpp"

namespace rundown::image {

/// The architecture of a PE file; invalid when it is none, or for another processor.
Arch arch_of_pe(std::string_view file);

/// The text of "ProductVersion" in a PE file's version resource; empty when there is none.
std::string product_version_of_pe(std::string_view file);

}  // namespace rundown::image
