// SPDX-License-Identifier: MIT
// image/media/file_system.hpp
//
// What ISO 9660 and UDF have in common: a root, and directories that can be listed. Nodes carry
// where their bytes are, so that nothing but directories need be read twice.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/media/byte_source.hpp"
#include "image/media/media.hpp"

namespace rundown::image {

inline constexpr std::uint64_t kSector = 2048;
inline constexpr std::uint64_t kDirectoryBytesMax = 16 << 20;
inline constexpr std::size_t kDirectoryEntriesMax = 200000;

struct MediaNode {
    std::string name;
    bool directory = false;
    std::uint64_t bytes = 0;
    std::vector<MediaExtent> extents;
    std::string embedded;  // The bytes themselves, where the file system keeps them in its books.
};

class FileSystem {
  public:
    virtual ~FileSystem() = default;
    virtual std::string_view kind() const = 0;
    virtual const std::string& volume_id() const = 0;
    virtual const MediaNode& root() const = 0;
    virtual result<std::vector<MediaNode>> list(const MediaNode& directory) const = 0;
};

/// What a file says about itself between sectors 16 and 255.
struct VolumeDescriptors {
    std::optional<std::string> primary;  // ISO 9660's descriptor: a sector.
    std::optional<std::string> joliet;   // The supplementary one that says Joliet.
    std::uint32_t boot_catalogue = 0;    // El Torito's sector; 0: none.
    bool udf = false;                    // NSR02 or NSR03 is there.
};

result<VolumeDescriptors> read_volume_descriptors(const ByteSource& source);

/// The file system that an ISO 9660 descriptor tells of.
result<std::unique_ptr<FileSystem>> open_iso9660(
    const ByteSource& source, const std::string& descriptor, bool joliet
);
result<std::unique_ptr<FileSystem>> open_udf(const ByteSource& source);

/// "X is damaged: <what>."
Error damaged_media(const ByteSource& source, std::string_view what);

/// The whole data of a small node: a directory's.
result<std::string> read_node(
    const ByteSource& source, const MediaNode& node, std::uint64_t bytes_max
);

}  // namespace rundown::image
