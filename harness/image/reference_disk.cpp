// SPDX-License-Identifier: MIT
#include "image/reference_disk.hpp"

#include <fmt/format.h>

#include "diskboot/disk_layout.hpp"

namespace rundown::image {
namespace {

constexpr std::size_t kMegabyte = 1 << 20;
constexpr std::size_t kPartitionStart = 446 + 8;  // In the boot record: the first entry's numbers.
constexpr std::size_t kPartitionSectors = 446 + 12;

std::string little_endian_text(std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) {
        text += static_cast<char>(value >> (8 * i) & 0xFF);
    }
    return text;
}

std::size_t rounded_up(std::size_t value, std::size_t step) {
    return (value + step - 1) / step * step;
}

/// A DiskFile as it stands in the directory.
std::string entry_text(std::string_view name, std::size_t sector, std::size_t bytes) {
    std::string text(name);
    text.resize(sizeof(DiskFile::name));
    return text + little_endian_text(sector, 8) + little_endian_text(bytes, 8);
}

}  // namespace

result<std::string> lay_out_reference_disk(const ReferenceDiskParts& parts) {
    constexpr std::size_t kLoaderBytes = kDiskLoaderSectors * kDiskSectorBytes;
    if (parts.loader.size() <= kDiskSectorBytes || parts.loader.size() > kLoaderBytes ||
        parts.loader.substr(510, 2) != "\x55\xaa") {
        return fail(
            ErrorKind::environment,
            fmt::format("diskboot.bin ({} bytes) is not a boot record", parts.loader.size())
        );
    }
    std::string disk = parts.loader;
    disk.resize(kDiskFirstFileSector * kDiskSectorBytes);
    const std::pair<std::string_view, const std::string&> files[] = {
        {"kernel", parts.kernel}, {"initrd", parts.initrd}, {"cmdline", parts.command_line}};
    std::string directory(kDiskMagic, sizeof kDiskMagic);
    directory += little_endian_text(std::size(files), 4);
    directory.resize(offsetof(DiskDirectory, file));
    for (const auto& [name, bytes] : files) {
        directory += entry_text(name, disk.size() / kDiskSectorBytes, bytes.size());
        disk += bytes;
        disk.resize(rounded_up(disk.size(), kDiskSectorBytes));
    }
    disk.replace(kDiskDirectorySector * kDiskSectorBytes, directory.size(), directory);
    disk.resize(rounded_up(disk.size(), kMegabyte));
    disk.replace(kPartitionStart, 4, little_endian_text(1, 4));
    disk.replace(kPartitionSectors, 4, little_endian_text(disk.size() / kDiskSectorBytes - 1, 4));
    return disk;
}

}  // namespace rundown::image
