// SPDX-License-Identifier: MIT
// run/driver_file.hpp
//
// The driver under test as a file: read, and judged by the same code that the reference guest's
// loader uses, so that what cannot load is refused in one sentence before anything boots.
#pragma once

#include <string>

#include "base/result.hpp"

namespace rundown::run {

struct DriverFile {
    std::string path;  // As the person gave it, or of the built protocol5.sys.
    std::string bytes;
};

/// Reads and checks a driver. Fails (usage, for a file the person named): the sentence has the path
/// and what is wrong. Imports are resolved by the guest, which knows what it exports.
result<DriverFile> read_driver(const std::string& path);

}  // namespace rundown::run
