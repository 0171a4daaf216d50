// SPDX-License-Identifier: MIT
// image/reactos/partition.hpp
//
// The partition ReactOS is on: the first FAT one in the master boot record. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image::reactos {

struct FatPartition {
    std::uint64_t offset = 0;  // In bytes.
    std::uint64_t bytes = 0;
};

/// From the first 512 bytes of a disk that has `disk_bytes`; the active FAT partition is preferred.
/// Errors, kind environment: no boot record, no FAT partition (ReactOS was put on BtrFS, say), one
/// that leaves the disk. `name` is what errors call the disk.
result<FatPartition> fat_partition(
    std::string_view sector, std::uint64_t disk_bytes, std::string_view name
);

}  // namespace rundown::image::reactos
