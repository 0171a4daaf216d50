// SPDX-License-Identifier: MIT
// image/media/udf.cpp
//
// UDF 1.02 to 2.01 as it is on read-only media (ECMA-167, third edition, and OSTA's UDF
// specification): one volume, partition maps of type 1, sectors of 2048 bytes. The numbers of the
// descriptors and the offsets of their fields are ECMA-167's; part 3 is the volume, part 4 the
// files.
#include <fmt/format.h>

#include "image/media/file_system.hpp"
#include "image/media/udf_fields.hpp"

namespace rundown::image {
namespace {

constexpr std::uint64_t kAnchorSector = 256;
constexpr std::uint32_t kSequenceSectorsMax = 256;
constexpr std::size_t kExtentsMax = 100000;
constexpr unsigned kContinuationsMax = 1000;
constexpr std::size_t kLongAdBytes = 16;

// Tag identifiers (ECMA-167 3/7.2.1 and 4/7.2.1).
constexpr unsigned kTagPrimary = 1, kTagAnchor = 2, kTagPartition = 5, kTagLogicalVolume = 6,
                   kTagTerminator = 8, kTagFileSet = 256, kTagFileIdentifier = 257,
                   kTagAllocationExtent = 258, kTagFileEntry = 261, kTagExtendedFileEntry = 266;

constexpr unsigned kFileTypeDirectory = 4;
constexpr unsigned kCharacteristicDirectory = 2, kCharacteristicDeleted = 4,
                   kCharacteristicParent = 8;

class Udf : public FileSystem {
  public:
    explicit Udf(const ByteSource& source) : source_(source) {}

    result<void> open() {
        const auto anchor = source_.holds(kAnchorSector * kSector, kSector)
                                ? source_.read_text(kAnchorSector * kSector, kSector)
                                : result<std::string>(damaged("it has no UDF anchor"));
        if (!anchor) {
            return anchor.error();
        }
        if (tag_of(*anchor) != kTagAnchor) {
            return damaged("its UDF anchor is missing");
        }
        // The main sequence; where it is damaged, the reserve (3/10.2).
        if (!read_sequence(le32(*anchor, 20), le32(*anchor, 16))) {
            partitions_.clear();
            maps_.clear();
            RUNDOWN_TRY(read_sequence(le32(*anchor, 28), le32(*anchor, 24)));
        }
        return open_root();
    }

    std::string_view kind() const override { return "UDF"; }
    const std::string& volume_id() const override { return volume_id_; }
    const MediaNode& root() const override { return root_; }

    result<std::vector<MediaNode>> list(const MediaNode& directory) const override {
        const auto data = read_node(source_, directory, kDirectoryBytesMax);
        if (!data) {
            return data.error();
        }
        std::vector<MediaNode> nodes;
        constexpr std::size_t kFixed = 38;
        for (std::size_t at = 0; at + kFixed <= data->size();) {
            const auto bytes = std::string_view(*data).substr(at);
            if (tag_of(bytes) != kTagFileIdentifier) {
                return damaged("a directory entry makes no sense");
            }
            const unsigned characteristics = static_cast<unsigned char>(bytes[18]);
            const std::size_t name_bytes = static_cast<unsigned char>(bytes[19]);
            const std::size_t use_bytes = le16(bytes, 36);
            if (kFixed + use_bytes + name_bytes > bytes.size()) {
                return damaged("a directory entry is cut short");
            }
            at += (kFixed + use_bytes + name_bytes + 3) / 4 * 4;
            if ((characteristics & (kCharacteristicDeleted | kCharacteristicParent)) != 0) {
                continue;
            }
            auto node = read_entry(parse_long(bytes, 20));
            if (!node) {
                return node.error();
            }
            node->name = characters_of(bytes.substr(kFixed + use_bytes, name_bytes));
            node->directory = (characteristics & kCharacteristicDirectory) != 0;
            nodes.push_back(std::move(*node));
            if (nodes.size() > kDirectoryEntriesMax) {
                return damaged("a directory has too many entries");
            }
        }
        return nodes;
    }

  private:
    struct Partition {
        unsigned number = 0;
        std::uint32_t start = 0;
        std::uint32_t blocks = 0;
    };

    Error damaged(std::string_view what) const { return damaged_media(source_, what); }

    /// The volume descriptor sequence: partitions, and the logical volume on them.
    result<void> read_sequence(std::uint32_t first, std::uint32_t bytes) {
        const auto sectors = std::min<std::uint32_t>(bytes / kSector, kSequenceSectorsMax);
        for (std::uint32_t i = 0; i < sectors; ++i) {
            const auto sector = source_.read_text((std::uint64_t{first} + i) * kSector, kSector);
            if (!sector) {
                return sector.error();
            }
            const unsigned tag = tag_of(*sector);
            if (tag == kTagTerminator) {
                break;
            }
            if (tag == kTagPrimary && volume_id_.empty()) {
                volume_id_ = text_of_field(std::string_view(*sector).substr(24, 32));
            } else if (tag == kTagPartition) {
                partitions_.push_back({le16(*sector, 22), le32(*sector, 188), le32(*sector, 192)});
            } else if (tag == kTagLogicalVolume) {
                RUNDOWN_TRY(read_logical_volume(*sector));
            }
        }
        if (partitions_.empty() || maps_.empty()) {
            return damaged("its UDF volume descriptors are not all there");
        }
        return {};
    }

    result<void> read_logical_volume(const std::string& sector) {
        if (le32(sector, 212) != kSector) {
            return damaged("its UDF blocks are not of 2048 bytes");
        }
        if (const auto name = text_of_field(std::string_view(sector).substr(84, 128));
            !name.empty()) {
            volume_id_ = name;
        }
        file_set_ = parse_long(sector, 248);
        maps_.clear();
        const std::uint32_t count = le32(sector, 268);
        std::size_t at = 440;
        for (std::uint32_t i = 0; i < count; ++i) {
            if (at + 6 > sector.size() || sector[at] != 1 || sector[at + 1] != 6) {
                return fail(
                    ErrorKind::environment,
                    fmt::format(
                        "{} has a UDF partition of a kind that installation media do not have",
                        source_.name()
                    )
                );
            }
            maps_.push_back(le16(sector, at + 4));
            at += 6;
        }
        return {};
    }

    result<void> open_root() {
        const auto at = place_of(file_set_);
        if (!at) {
            return at.error();
        }
        const auto file_set = source_.read_text(*at, kSector);
        if (!file_set) {
            return file_set.error();
        }
        if (tag_of(*file_set) != kTagFileSet) {
            return damaged("its UDF file set is missing");
        }
        auto root = read_entry(parse_long(*file_set, 400));
        if (!root) {
            return root.error();
        }
        root_ = std::move(*root);
        root_.directory = true;
        return {};
    }

    /// The byte of the source at which an allocation begins.
    result<std::uint64_t> place_of(const Allocation& allocation) const {
        if (allocation.partition < maps_.size()) {
            for (const auto& partition : partitions_) {
                if (partition.number == maps_[allocation.partition] &&
                    allocation.block < partition.blocks) {
                    return (std::uint64_t{partition.start} + allocation.block) * kSector;
                }
            }
        }
        return damaged("something lies outside its UDF partition");
    }

    /// Reads a file entry: a node without its name.
    result<MediaNode> read_entry(const Allocation& where) const {
        const auto at = place_of(where);
        if (!at) {
            return at.error();
        }
        const auto entry = source_.read_text(*at, kSector);
        if (!entry) {
            return entry.error();
        }
        const unsigned tag = tag_of(*entry);
        if (tag != kTagFileEntry && tag != kTagExtendedFileEntry) {
            return damaged("a file entry is missing");
        }
        const std::size_t lengths = tag == kTagFileEntry ? 168 : 208;
        const std::uint64_t begin = lengths + 8 + std::uint64_t{le32(*entry, lengths)};
        const std::uint64_t count = le32(*entry, lengths + 4);
        if (begin > entry->size() || count > entry->size() - begin) {
            return damaged("a file entry is cut short");
        }
        MediaNode node;
        node.bytes = le64(*entry, 56);
        node.directory = static_cast<unsigned char>((*entry)[27]) == kFileTypeDirectory;
        RUNDOWN_TRY(read_allocations(node, *entry, begin, count, where.partition));
        return node;
    }

    result<void> read_allocations(
        MediaNode& node,
        const std::string& entry,
        std::size_t begin,
        std::size_t count,
        unsigned partition
    ) const {
        constexpr unsigned kShort = 0, kLong = 1, kEmbedded = 3;
        const unsigned form = le16(entry, 34) & 7;
        std::string descriptors = entry.substr(begin, count);
        if (form == kEmbedded) {
            if (node.bytes > descriptors.size()) {
                return damaged("a file inside its entry is cut short");
            }
            node.embedded = descriptors.substr(0, node.bytes);
            return {};
        }
        if (form != kShort && form != kLong) {
            return damaged("a file's extents are of an unknown form");
        }
        const std::size_t step = form == kLong ? kLongAdBytes : 8;
        std::uint64_t left = node.bytes;
        unsigned continuations = 0;
        for (std::size_t at = 0; at + step <= descriptors.size() && left != 0;) {
            const Allocation one = form == kLong ? parse_long(descriptors, at)
                                                 : parse_short(descriptors, at, partition);
            at += step;
            if (one.bytes == 0) {
                break;
            }
            if (one.type == 3) {
                auto more = read_continuation(one);
                if (!more || ++continuations > kContinuationsMax) {
                    return more ? damaged("a file's extents go round in a circle") : more.error();
                }
                descriptors = std::move(*more);
                at = 0;
                continue;
            }
            RUNDOWN_TRY(add_extent(node, one, left));
        }
        return left == 0 ? result<void>() : damaged("a file has fewer extents than bytes");
    }

    result<void> add_extent(MediaNode& node, const Allocation& one, std::uint64_t& left) const {
        MediaExtent extent;
        extent.bytes = std::min<std::uint64_t>(one.bytes, left);
        extent.zero = one.type != 0;
        if (!extent.zero) {
            const auto at = place_of(one);
            if (!at) {
                return at.error();
            }
            extent.offset = *at;
        }
        node.extents.push_back(extent);
        left -= extent.bytes;
        if (node.extents.size() > kExtentsMax) {
            return damaged("a file has too many extents");
        }
        return {};
    }

    /// The descriptors of an allocation extent (4/14.5).
    result<std::string> read_continuation(const Allocation& where) const {
        const auto at = place_of(where);
        if (!at) {
            return at.error();
        }
        const auto sector = source_.read_text(*at, kSector);
        if (!sector) {
            return sector.error();
        }
        const std::size_t count = le32(*sector, 20);
        if (tag_of(*sector) != kTagAllocationExtent || count > kSector - 24) {
            return damaged("a file's extents end in nothing");
        }
        return sector->substr(24, count);
    }

    const ByteSource& source_;
    std::string volume_id_;
    std::vector<Partition> partitions_;
    std::vector<unsigned> maps_;  // Partition numbers by index.
    Allocation file_set_;
    MediaNode root_;
};

}  // namespace

result<std::unique_ptr<FileSystem>> open_udf(const ByteSource& source) {
    auto file_system = std::make_unique<Udf>(source);
    RUNDOWN_TRY(file_system->open());
    return std::unique_ptr<FileSystem>(std::move(file_system));
}

}  // namespace rundown::image
