// SPDX-License-Identifier: MIT
// image/hash_io.hpp
//
// SHA-256 of files and bytes, as 64 lower-case hexadecimal digits. Blocking.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "image/store.hpp"

namespace rundown::image {

std::string sha256(std::string_view bytes);

/// Errors: environment (cannot be read), cancelled.
result<std::string> sha256_of_file(const std::string& path, const Watch& watch = {});

}  // namespace rundown::image
