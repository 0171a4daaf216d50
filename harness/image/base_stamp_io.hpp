// SPDX-License-Identifier: MIT
// image/base_stamp_io.hpp
//
// Whether a base is still the file that was added, without hashing gigabytes before each run: the
// size, inode and time stamps the file had when its hash was last right are kept beside it. A file
// that differs in any of them is hashed again. (What changes bytes without touching the file's
// times, a failing disk, is found by `image verify`.)
#pragma once

#include <string>

#include "base/result.hpp"
#include "image/manifest.hpp"
#include "image/store.hpp"

namespace rundown::image {

/// Refuses a base that is missing or not the file the manifest tells of. Hashes it when it must
/// (always when `thorough`), and writes the stamp when that was right.
result<void> check_base(
    const std::string& directory, const Manifest& manifest, bool thorough, const Watch& watch
);

/// Remembers that the base's hash is right as of now. That it could not be written costs the next
/// run a hash.
void stamp_base(const std::string& directory, const BaseFile& base);

}  // namespace rundown::image
