// SPDX-License-Identifier: MIT
// FAT12 on 2880 sectors: boot sector, two tables of 9 sectors, 224 directory entries, the files.
#include "image/windows/floppy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace rundown::image::windows {
namespace {

constexpr std::size_t kSectorBytes = 512;
constexpr std::size_t kFatSectors = 9;
constexpr std::size_t kFats = 2;
constexpr std::size_t kRootEntries = 224;
constexpr std::size_t kEntryBytes = 32;
constexpr std::size_t kFatAt = kSectorBytes;
constexpr std::size_t kRootAt = kFatAt + kFats * kFatSectors * kSectorBytes;
constexpr std::size_t kDataAt = kRootAt + kRootEntries * kEntryBytes;
constexpr std::size_t kClusters = (kFloppyBytes - kDataAt) / kSectorBytes;  // One sector each.
constexpr std::uint16_t kLastCluster = 0xfff;
constexpr std::uint16_t kDate = (2026 - 1980) << 9 | 1 << 5 | 1;  // The day is nobody's business.

void put(std::string& image, std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        image[at + i] = static_cast<char>(value >> 8 * i & 0xff);
    }
}

/// "WINNT   SIF"; nothing when it is no 8.3 name.
std::optional<std::string> short_name(std::string_view name) {
    const std::size_t dot = name.find('.');
    const std::string_view stem = name.substr(0, dot);
    const std::string_view extension = dot == name.npos ? "" : name.substr(dot + 1);
    if (stem.empty() || stem.size() > 8 || extension.size() > 3) {
        return std::nullopt;
    }
    std::string padded(11, ' ');
    const auto take = [&](std::string_view part, std::size_t at) {
        for (const char c : part) {
            const bool lower = c >= 'a' && c <= 'z';
            const bool plain =
                lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
            if (!plain) {
                return false;
            }
            padded[at++] = lower ? static_cast<char>(c - 'a' + 'A') : c;
        }
        return true;
    };
    if (!take(stem, 0) || !take(extension, 8)) {
        return std::nullopt;
    }
    return padded;
}

void put_boot_sector(std::string& image, std::string_view label) {
    image.replace(0, 11, "\xeb\x3c\x90RUNDOWN ", 11);
    put(image, 11, kSectorBytes, 2);
    put(image, 13, 1, 1);  // Sectors a cluster.
    put(image, 14, 1, 2);  // Reserved: this one.
    put(image, 16, kFats, 1);
    put(image, 17, kRootEntries, 2);
    put(image, 19, kFloppyBytes / kSectorBytes, 2);
    put(image, 21, 0xf0, 1);  // Medium: 3.5 inches.
    put(image, 22, kFatSectors, 2);
    put(image, 24, 18, 2);  // Sectors a track.
    put(image, 26, 2, 2);   // Heads.
    put(image, 38, 0x29, 1);
    put(image, 39, 0x52554e44, 4);  // Serial number.
    image.replace(43, 11, std::string(label) + std::string(11 - label.size(), ' '));
    image.replace(54, 8, "FAT12   ");
    // Boots into an endless loop; nobody is to boot from it.
    image.replace(62, 2, "\xeb\xfe", 2);
    put(image, 510, 0xaa55, 2);
}

void put_fat_entry(std::string& image, std::size_t cluster, std::uint16_t value) {
    for (std::size_t fat = 0; fat < kFats; ++fat) {
        const std::size_t at = kFatAt + fat * kFatSectors * kSectorBytes + cluster * 3 / 2;
        const unsigned low = static_cast<unsigned char>(image[at]);
        const unsigned high = static_cast<unsigned char>(image[at + 1]);
        const unsigned both = low | high << 8;
        put(image, at, cluster % 2 == 0 ? (both & 0xf000) | value : (both & 0x000f) | value << 4, 2
        );
    }
}

void put_entry(
    std::string& image,
    std::size_t index,
    std::string_view name,
    unsigned attributes,
    std::size_t cluster,
    std::size_t bytes
) {
    const std::size_t at = kRootAt + index * kEntryBytes;
    image.replace(at, 11, name);
    put(image, at + 11, attributes, 1);
    put(image, at + 24, kDate, 2);
    put(image, at + 26, cluster, 2);
    put(image, at + 28, bytes, 4);
}

}  // namespace

result<std::string> floppy_image(const std::vector<FloppyFile>& files, std::string_view label) {
    constexpr unsigned kArchive = 0x20;
    constexpr unsigned kVolumeLabel = 0x08;
    if (label.size() > 11 || files.size() + 1 > kRootEntries) {
        return fail(ErrorKind::internal, "a floppy disk takes no such label or so many files");
    }
    std::string image(kFloppyBytes, '\0');
    put_boot_sector(image, label);
    put_fat_entry(image, 0, 0xff0);
    put_fat_entry(image, 1, kLastCluster);
    put_entry(
        image, 0, std::string(label) + std::string(11 - label.size(), ' '), kVolumeLabel, 0, 0
    );
    std::size_t next = 2;  // Clusters are counted from 2.
    std::vector<std::string> names;
    for (const auto& file : files) {
        const auto name = short_name(file.name);
        if (!name || std::find(names.begin(), names.end(), *name) != names.end()) {
            return fail(
                ErrorKind::internal, fmt::format("'{}' is no name for a floppy disk", file.name)
            );
        }
        names.push_back(*name);
        const std::size_t clusters = (file.bytes.size() + kSectorBytes - 1) / kSectorBytes;
        if (next - 2 + clusters > kClusters) {
            return fail(
                ErrorKind::internal, fmt::format("{} does not fit a floppy disk", file.name)
            );
        }
        put_entry(
            image, names.size(), *name, kArchive, clusters == 0 ? 0 : next, file.bytes.size()
        );
        image.replace(kDataAt + (next - 2) * kSectorBytes, file.bytes.size(), file.bytes);
        for (std::size_t i = 0; i < clusters; ++i, ++next) {
            const bool last = i + 1 == clusters;
            put_fat_entry(image, next, last ? kLastCluster : static_cast<std::uint16_t>(next + 1));
        }
    }
    return image;
}

}  // namespace rundown::image::windows
