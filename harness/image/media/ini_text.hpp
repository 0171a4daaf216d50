// SPDX-License-Identifier: MIT
// image/media/ini_text.hpp
//
// Values of .SIF and .INF files. Pure.
#pragma once

#include <string>
#include <string_view>

namespace rundown::image {

/// The value of `key` in `[section]`, without quotes, comments and spaces around it; case does not
/// matter. Empty when there is none. The file is Latin-1, UTF-8 or UTF-16 with a byte order mark.
std::string ini_value(std::string_view file, std::string_view section, std::string_view key);

}  // namespace rundown::image
