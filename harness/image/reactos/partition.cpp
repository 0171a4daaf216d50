// SPDX-License-Identifier: MIT
#include "image/reactos/partition.hpp"

#include <fmt/format.h>

#include <optional>

namespace rundown::image::reactos {

namespace {

constexpr std::size_t kSector = 512;
constexpr std::size_t kTable = 446;
constexpr std::size_t kEntry = 16;

std::uint64_t little_endian(std::string_view bytes, std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t byte = 4; byte-- > 0;) {
        number = number << 8 | static_cast<unsigned char>(bytes[at + byte]);
    }
    return number;
}

/// FAT16 and FAT32, by CHS and by LBA.
bool is_fat(char type) {
    return type == 0x06 || type == 0x0B || type == 0x0C || type == 0x0E;
}

}  // namespace

result<FatPartition> fat_partition(
    std::string_view sector, std::uint64_t disk_bytes, std::string_view name
) {
    const auto none = [name](std::string_view why) {
        return fail(ErrorKind::environment, fmt::format("{} has no ReactOS on it: {}", name, why));
    };
    if (sector.size() < kSector || sector.substr(510, 2) != "\x55\xAA") {
        return none("it has no boot record");
    }
    std::optional<FatPartition> found;
    for (std::size_t at = kTable; at < kTable + 4 * kEntry; at += kEntry) {
        const bool active = sector[at] == '\x80';
        if (!is_fat(sector[at + 4]) || (found && !active)) {
            continue;
        }
        found = FatPartition{
            little_endian(sector, at + 8) * kSector, little_endian(sector, at + 12) * kSector};
        if (active) {
            break;
        }
    }
    if (!found) {
        return none("none of its partitions is a FAT file system");
    }
    if (found->bytes == 0 || found->offset >= disk_bytes ||
        found->bytes > disk_bytes - found->offset) {
        return none("its FAT partition is not within the disk");
    }
    return *found;
}

}  // namespace rundown::image::reactos
