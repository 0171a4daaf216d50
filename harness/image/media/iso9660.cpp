// SPDX-License-Identifier: MIT
// image/media/iso9660.cpp
//
// ISO 9660 (ECMA-119) with Joliet's names. Rock Ridge is not read: no system we install needs it.
#include <fmt/format.h>

#include "image/media/file_system.hpp"

namespace rundown::image {
namespace {

constexpr std::uint64_t kFirstDescriptor = 16;
constexpr std::uint64_t kDescriptorsMax = 64;
constexpr std::size_t kRecordBytesMin = 34;
constexpr unsigned kFlagDirectory = 2, kFlagAssociated = 4, kFlagMoreExtents = 128;

/// A directory record, as it stands in a directory or in a volume descriptor.
struct Record {
    std::string_view name;
    unsigned flags = 0;
    MediaExtent extent;
};

Record parse_record(std::string_view bytes) {
    Record record;
    const auto attribute_blocks = static_cast<unsigned char>(bytes[1]);
    record.extent.offset = (std::uint64_t{le32(bytes, 2)} + attribute_blocks) * kSector;
    record.extent.bytes = le32(bytes, 10);
    record.flags = static_cast<unsigned char>(bytes[25]);
    record.name = bytes.substr(33, static_cast<unsigned char>(bytes[32]));
    return record;
}

bool is_self_or_parent(std::string_view name) {
    return name.size() == 1 && (name[0] == 0 || name[0] == 1);
}

/// "SETUP.EXE;1" and "README.;1" without their ends.
std::string plain_name(std::string name) {
    if (const auto version = name.rfind(';'); version != std::string::npos) {
        name.resize(version);
    }
    if (name.ends_with('.')) {
        name.pop_back();
    }
    return name;
}

std::string trimmed(std::string text) {
    const auto end = text.find_last_not_of(std::string_view(" \0", 2));
    text.resize(end == std::string::npos ? 0 : end + 1);
    return text;
}

class Iso9660 : public FileSystem {
  public:
    Iso9660(const ByteSource& source, bool joliet) : source_(source), joliet_(joliet) {}

    result<void> open(const std::string& descriptor) {
        if (le16(descriptor, 128) != kSector) {
            return damaged_media(source_, "its blocks are not of 2048 bytes");
        }
        const std::string_view id = std::string_view(descriptor).substr(40, 32);
        volume_id_ = trimmed(joliet_ ? utf8_from_utf16(id, true) : std::string(id));
        const Record root = parse_record(std::string_view(descriptor).substr(156, 34));
        root_.directory = true;
        root_.bytes = root.extent.bytes;
        root_.extents = {root.extent};
        return {};
    }

    std::string_view kind() const override { return joliet_ ? "Joliet" : "ISO 9660"; }
    const std::string& volume_id() const override { return volume_id_; }
    const MediaNode& root() const override { return root_; }

    result<std::vector<MediaNode>> list(const MediaNode& directory) const override {
        const auto data = read_node(source_, directory, kDirectoryBytesMax);
        if (!data) {
            return data.error();
        }
        std::vector<MediaNode> nodes;
        bool more_extents = false;
        for (std::size_t at = 0; at + kRecordBytesMin <= data->size();) {
            const std::size_t length = static_cast<unsigned char>((*data)[at]);
            if (length == 0) {  // Records do not cross sectors.
                at = (at / kSector + 1) * kSector;
                continue;
            }
            const std::string_view bytes = std::string_view(*data).substr(at, length);
            if (bytes.size() < kRecordBytesMin ||
                33u + static_cast<unsigned char>(bytes[32]) > bytes.size()) {
                return damaged_media(source_, "a directory record is cut short");
            }
            at += length;
            RUNDOWN_TRY(add(nodes, parse_record(bytes), more_extents));
        }
        return nodes;
    }

  private:
    result<void> add(std::vector<MediaNode>& nodes, const Record& record, bool& more_extents)
        const {
        if (is_self_or_parent(record.name) || (record.flags & kFlagAssociated) != 0) {
            return {};
        }
        if (!more_extents) {
            if (nodes.size() >= kDirectoryEntriesMax) {
                return damaged_media(source_, "a directory has too many entries");
            }
            MediaNode& node = nodes.emplace_back();
            node.name =
                plain_name(joliet_ ? utf8_from_utf16(record.name, true) : std::string(record.name));
            node.directory = (record.flags & kFlagDirectory) != 0;
        }
        more_extents = (record.flags & kFlagMoreExtents) != 0;
        nodes.back().extents.push_back(record.extent);
        nodes.back().bytes += record.extent.bytes;
        return {};
    }

    const ByteSource& source_;
    bool joliet_;
    std::string volume_id_;
    MediaNode root_;
};

/// Joliet's escape sequences for UCS-2, levels 1 to 3.
bool says_joliet(std::string_view descriptor) {
    const auto escape = descriptor.substr(88, 3);
    return escape == "%/@" || escape == "%/C" || escape == "%/E";
}

void note_iso(VolumeDescriptors& found, const std::string& sector) {
    constexpr std::string_view kElTorito = "EL TORITO SPECIFICATION";
    switch (static_cast<unsigned char>(sector[0])) {
        case 0:
            if (std::string_view(sector).substr(7, kElTorito.size()) == kElTorito) {
                found.boot_catalogue = le32(sector, 0x47);
            }
            return;
        case 1:
            if (!found.primary) {
                found.primary = sector;
            }
            return;
        case 2:
            if (!found.joliet && says_joliet(sector)) {
                found.joliet = sector;
            }
            return;
        default:
            return;
    }
}

}  // namespace

result<VolumeDescriptors> read_volume_descriptors(const ByteSource& source) {
    VolumeDescriptors found;
    for (std::uint64_t i = 0; i < kDescriptorsMax; ++i) {
        const std::uint64_t offset = (kFirstDescriptor + i) * kSector;
        if (!source.holds(offset, kSector)) {
            break;
        }
        const auto sector = source.read_text(offset, kSector);
        if (!sector) {
            return sector.error();
        }
        const std::string_view id = std::string_view(*sector).substr(1, 5);
        if (id == "CD001") {
            note_iso(found, *sector);
        } else if (id == "NSR02" || id == "NSR03") {
            found.udf = true;
        } else if (id != "BEA01" && id != "TEA01" && id != "BOOT2") {
            break;
        }
    }
    return found;
}

result<std::unique_ptr<FileSystem>> open_iso9660(
    const ByteSource& source, const std::string& descriptor, bool joliet
) {
    auto file_system = std::make_unique<Iso9660>(source, joliet);
    RUNDOWN_TRY(file_system->open(descriptor));
    return std::unique_ptr<FileSystem>(std::move(file_system));
}

Error damaged_media(const ByteSource& source, std::string_view what) {
    return fail(ErrorKind::environment, fmt::format("{} is damaged: {}", source.name(), what));
}

result<std::string> read_node(
    const ByteSource& source, const MediaNode& node, std::uint64_t bytes_max
) {
    if (node.bytes > bytes_max) {
        return damaged_media(
            source,
            fmt::format(
                "'{}' has {} bytes, more than the {} it may have", node.name, node.bytes, bytes_max
            )
        );
    }
    if (!node.embedded.empty()) {
        return node.embedded;
    }
    std::string data(node.bytes, '\0');
    std::size_t done = 0;
    for (const auto& extent : node.extents) {
        const std::size_t count = std::min<std::uint64_t>(extent.bytes, data.size() - done);
        if (!extent.zero) {
            RUNDOWN_TRY(source.read(extent.offset, std::span<char>(data).subspan(done, count)));
        }
        done += count;
    }
    if (done != data.size()) {
        return damaged_media(source, fmt::format("'{}' has fewer bytes than it says", node.name));
    }
    return data;
}

}  // namespace rundown::image
