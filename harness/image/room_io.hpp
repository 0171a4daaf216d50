// SPDX-License-Identifier: MIT
// image/room_io.hpp
//
// Room on disks, asked for before it is needed, and sizes in words.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace rundown::image {

/// Refuses, with both figures, a directory whose disk has less than `bytes_needed` free for this
/// user. The directory need not exist, a parent must.
result<void> check_room(const std::string& directory, std::uint64_t bytes_needed);

/// "1.5 GiB", "84.0 MiB", "512 bytes".
std::string size_text(std::uint64_t bytes);

/// Bytes that the files below a directory take on the disk.
std::uint64_t bytes_on_disk(const std::string& directory);

}  // namespace rundown::image
