// SPDX-License-Identifier: MIT
// catalog/authenticode.hpp
//
// Which bytes of a file its hash in a catalog is made of. Of a PE image: all but the checksum, the
// security directory's entry, and the attribute certificate table, so that signing an image does
// not change its hash ("Windows Authenticode Portable Executable Signature Format", Calculating the
// PE Image Hash). Of any other file: all.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace catalog
{

enum class FileKind { PeImage, Flat };

struct HashedBytes {
    FileKind kind;
    std::vector<std::span<const uint8_t>> ranges; ///< In the order they are hashed.
};

/// Throws std::runtime_error, saying what is wrong, for what begins as a PE image and is no sound
/// one.
HashedBytes hashed_bytes(std::span<const uint8_t> file);

} // namespace catalog
