// SPDX-License-Identifier: MIT
// run/driver_file.hpp
//
// The driver under test as a file: read, and judged by the same code that the reference guest's
// loader uses, so that what cannot load is refused in one sentence before anything boots.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::run {

struct DriverFile {
    std::string path;  // As the person gave it, or of the built protocol5.sys.
    std::string bytes;
    std::string arch;  // "x86-64" or "i386", as guests name it.
};

/// "x86-64" or "i386" by the file's machine field; empty: neither, or no PE file.
std::string arch_of_image(std::string_view bytes);

/// Reads and checks a driver. Of an i386 one, which the reference guest cannot load, only that it
/// is a native PE32 image. Fails (usage, for a file the person named): the sentence has the path
/// and what is wrong. Imports are resolved by the guest, which knows what it exports.
result<DriverFile> read_driver(const std::string& path);

}  // namespace rundown::run
