// SPDX-License-Identifier: MIT
#include "image/install/iso_patch.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>

namespace rundown::image {

namespace {

constexpr std::size_t kSector = 2048;
constexpr std::uint64_t kFirstDescriptor = 16;
constexpr unsigned kDescriptorsMax = 64;
constexpr std::size_t kDirectoryMax = 4 << 20;
constexpr std::size_t kRecordMin = 34;  // With a name of one byte.
// Offsets in a volume descriptor (ECMA-119, 8.4) and in a directory record (9.1).
constexpr std::size_t kEscapeSequences = 88;
constexpr std::size_t kVolumeSpaceSize = 80;
constexpr std::size_t kRootRecord = 156;
constexpr std::size_t kRecordExtent = 2;
constexpr std::size_t kRecordFlags = 25;
constexpr std::size_t kRecordNameLength = 32;
constexpr unsigned kFlagDirectory = 0x02;
constexpr unsigned kFlagMultiExtent = 0x80;

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
    return byte_at(bytes, at) | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2) << 16 |
           byte_at(bytes, at + 3) << 24;
}

/// A number as ISO 9660 has most: little endian, then big endian.
std::string both_endian(std::uint32_t number) {
    std::string text;
    for (int shift = 0; shift < 32; shift += 8) {
        text.push_back(static_cast<char>(number >> shift));
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
        text.push_back(static_cast<char>(number >> shift));
    }
    return text;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A file identifier as a person would write it, in lower case: without version, UCS-2 as ASCII
/// ('?' for what is none).
std::string plain_name(std::string_view identifier, bool joliet) {
    std::string name;
    for (std::size_t at = 0; at < identifier.size(); at += joliet ? 2 : 1) {
        if (!joliet) {
            name.push_back(lower(identifier[at]));
        } else if (at + 1 < identifier.size()) {
            name.push_back(identifier[at] == 0 ? lower(identifier[at + 1]) : '?');
        }
    }
    name = name.substr(0, name.find(';'));
    if (name.size() > 1 && name.ends_with('.')) {
        name.pop_back();
    }
    return name;
}

/// One directory record, and where it stands.
struct Record {
    std::uint64_t offset = 0;
    std::uint32_t extent = 0;  // Sector.
    std::uint32_t bytes = 0;
    unsigned flags = 0;
};

struct Tree {
    std::uint64_t descriptor = 0;  // Offset.
    bool joliet = false;
    Record root;
};

class Patch {
  public:
    Patch(const IsoReader& read, std::uint64_t image_bytes, const std::string& name)
        : read_(read), image_bytes_(image_bytes), name_(name) {}

    result<void> read_trees();
    result<void> replace(const ReplacedFile& file);
    std::vector<IsoWrite> writes();

  private:
    Error damaged(const std::string& what) const {
        return fail(ErrorKind::environment, fmt::format("{} is damaged: {}", name_, what));
    }
    result<std::string> bytes_at(std::uint64_t offset, std::size_t bytes) const {
        if (offset > image_bytes_ || bytes > image_bytes_ - offset) {
            return damaged("it is cut short");
        }
        return read_(offset, bytes);
    }
    result<std::optional<Record>> find(const Tree& tree, std::string path) const;
    result<std::optional<Record>> entry(
        const Record& directory, const std::string& wanted, bool joliet
    ) const;

    const IsoReader& read_;
    std::uint64_t image_bytes_;
    const std::string& name_;
    std::vector<Tree> trees_;
    std::vector<IsoWrite> records_;
    std::vector<IsoWrite> contents_;
    std::uint64_t end_ = 0;  // Sector behind all that is written.
};

Record record_at(std::string_view record, std::uint64_t offset) {
    return {
        offset,
        little_endian(record, kRecordExtent),
        little_endian(record, kRecordExtent + 8),
        byte_at(record, kRecordFlags)};
}

result<void> Patch::read_trees() {
    end_ = (image_bytes_ + kSector - 1) / kSector;
    for (std::uint64_t sector = kFirstDescriptor; sector < kFirstDescriptor + kDescriptorsMax;
         ++sector) {
        const auto descriptor = bytes_at(sector * kSector, kSector);
        if (!descriptor) {
            return descriptor.error();
        }
        if (descriptor->compare(1, 5, "CD001") != 0) {
            return damaged("a volume descriptor does not say CD001");
        }
        const unsigned type = byte_at(*descriptor, 0);
        if (type == 255) {
            break;
        }
        if (type != 1 && type != 2) {
            continue;
        }
        Tree tree;
        tree.descriptor = sector * kSector;
        tree.joliet = type == 2 && descriptor->compare(kEscapeSequences, 2, "%/") == 0;
        tree.root = record_at(
            std::string_view(*descriptor).substr(kRootRecord), tree.descriptor + kRootRecord
        );
        trees_.push_back(tree);
    }
    if (trees_.empty()) {
        return damaged("it has no primary volume");
    }
    return {};
}

result<std::optional<Record>> Patch::entry(
    const Record& directory, const std::string& wanted, bool joliet
) const {
    if (directory.bytes > kDirectoryMax) {
        return damaged("a directory is too large");
    }
    const std::uint64_t begin = std::uint64_t{directory.extent} * kSector;
    const auto bytes = bytes_at(begin, directory.bytes);
    if (!bytes) {
        return bytes.error();
    }
    for (std::size_t at = 0; at < bytes->size();) {
        const std::size_t length = byte_at(*bytes, at);
        if (length == 0) {  // Records do not cross sectors.
            at = (at / kSector + 1) * kSector;
            continue;
        }
        if (length < kRecordMin || length > bytes->size() - at) {
            return damaged("a directory record has a wrong length");
        }
        const std::string_view record = std::string_view(*bytes).substr(at, length);
        const std::size_t name_length = byte_at(record, kRecordNameLength);
        if (name_length > length - (kRecordNameLength + 1)) {
            return damaged("a directory record has a wrong length");
        }
        if (plain_name(record.substr(kRecordNameLength + 1, name_length), joliet) == wanted) {
            return std::optional(record_at(record, begin + at));
        }
        at += length;
    }
    return std::optional<Record>();
}

result<std::optional<Record>> Patch::find(const Tree& tree, std::string path) const {
    for (char& c : path) {
        c = lower(c);
    }
    Record at = tree.root;
    for (std::string_view rest = path; !rest.empty();) {
        const std::size_t slash = std::min(rest.find('/'), rest.size());
        const auto next = entry(at, std::string(rest.substr(0, slash)), tree.joliet);
        if (!next || !*next) {
            return next;
        }
        at = **next;
        rest.remove_prefix(std::min(slash + 1, rest.size()));
        if (((at.flags & kFlagDirectory) != 0) == rest.empty()) {
            return std::optional<Record>();
        }
    }
    if (at.offset == tree.root.offset) {
        return std::optional<Record>();
    }
    if ((at.flags & kFlagMultiExtent) != 0) {
        return damaged(path + " is in pieces");
    }
    return std::optional(at);
}

result<void> Patch::replace(const ReplacedFile& file) {
    if (file.contents.size() > kReplacedBytesMax) {
        return fail(ErrorKind::internal, file.path + " is too large to be put into a CD image");
    }
    if (end_ > UINT32_MAX - kReplacedBytesMax / kSector - 1) {
        return damaged("it is larger than its file system can tell");
    }
    const auto extent = static_cast<std::uint32_t>(end_);
    const auto bytes = static_cast<std::uint32_t>(file.contents.size());
    bool found = false;
    for (const auto& tree : trees_) {
        const auto record = find(tree, file.path);
        if (!record) {
            return record.error();
        }
        if (*record) {
            found = true;
            records_.push_back(
                {(*record)->offset + kRecordExtent, both_endian(extent) + both_endian(bytes)}
            );
        }
    }
    if (!found) {
        return fail(ErrorKind::environment, fmt::format("{} has no {}", name_, file.path));
    }
    std::string padded = file.contents;
    padded.resize((padded.size() + kSector - 1) / kSector * kSector);
    end_ += padded.size() / kSector;
    contents_.push_back({std::uint64_t{extent} * kSector, std::move(padded)});
    return {};
}

std::vector<IsoWrite> Patch::writes() {
    for (const auto& tree : trees_) {
        records_.push_back(
            {tree.descriptor + kVolumeSpaceSize, both_endian(static_cast<std::uint32_t>(end_))}
        );
    }
    records_.insert(records_.end(), contents_.begin(), contents_.end());
    return std::move(records_);
}

}  // namespace

result<std::vector<IsoWrite>> plan_iso_patch(
    const IsoReader& read,
    std::uint64_t image_bytes,
    const std::string& name,
    const std::vector<ReplacedFile>& files
) {
    Patch patch(read, image_bytes, name);
    RUNDOWN_TRY(patch.read_trees());
    for (const auto& file : files) {
        RUNDOWN_TRY(patch.replace(file));
    }
    return patch.writes();
}

}  // namespace rundown::image
