// SPDX-License-Identifier: MIT
// guest/text_file_io.hpp
//
// Small files, whole.
#pragma once

#include <string>

namespace rundown::guest {

/// The file's contents; empty when it cannot be read. Never throws: a process that ends while its
/// file in /proc is being read makes the read fail, which the standard library's stream buffers
/// answer with an exception.
std::string read_text_file(const std::string& path);

/// Writes beside `path` and renames, so that the file appears whole or not at all. False when it
/// could not.
bool replace_text_file(const std::string& path, const std::string& text);

}  // namespace rundown::guest
