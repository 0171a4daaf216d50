// SPDX-License-Identifier: MIT
// image/media/media_image_io.cpp
//
// An ISO file and the paths in it.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/file_io.hpp"
#include "image/media/file_system.hpp"
#include "image/media/media.hpp"
#include "image/media/media_reader.hpp"
#include "image/room_io.hpp"

namespace rundown::image {
namespace {

constexpr std::size_t kCopyBlock = 1 << 20;

char folded(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool same_name(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
        return folded(a) == folded(b);
    });
}

/// "SOURCES/Install.wim" as "sources/install.wim".
std::string folded_path(std::string_view path) {
    std::string text;
    for (const char letter : path) {
        if (letter != '/' || (!text.empty() && text.back() != '/')) {
            text += folded(letter);
        }
    }
    if (text.ends_with('/')) {
        text.pop_back();
    }
    return text;
}

}  // namespace

result<const std::vector<MediaNode>*> MediaImage::Reader::nodes_of(
    const std::string& folded, const MediaNode& directory
) {
    const auto known = listings.find(folded);
    if (known != listings.end()) {
        return &known->second;
    }
    auto nodes = file_system->list(directory);
    if (!nodes) {
        return nodes.error();
    }
    return &(listings[folded] = std::move(*nodes));
}

/// The node of a path; null when there is none.
result<const MediaNode*> MediaImage::Reader::find(const std::string& path) {
    const MediaNode* node = &file_system->root();
    const std::string whole = folded_path(path);
    std::string at;
    for (std::size_t begin = 0; begin < whole.size();) {
        const std::size_t end = std::min(whole.find('/', begin), whole.size());
        const std::string_view name = std::string_view(whole).substr(begin, end - begin);
        if (!node->directory) {
            return nullptr;
        }
        const auto nodes = nodes_of(at, *node);
        if (!nodes) {
            return nodes.error();
        }
        const auto found = std::find_if((*nodes)->begin(), (*nodes)->end(), [&](const auto& one) {
            return same_name(one.name, name);
        });
        if (found == (*nodes)->end()) {
            return nullptr;
        }
        node = &*found;
        at = whole.substr(0, end);
        begin = end + 1;
    }
    return node;
}

MediaImage::MediaImage(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
MediaImage::~MediaImage() = default;

result<std::unique_ptr<MediaImage>> MediaImage::open(const std::string& path) {
    auto source = open_byte_source(path);
    if (!source) {
        return source.error();
    }
    return open(std::move(*source));
}

result<std::unique_ptr<MediaImage>> MediaImage::open(std::unique_ptr<ByteSource> source) {
    auto reader = std::make_unique<Reader>();
    reader->source = std::move(source);
    RUNDOWN_TRY(reader->open());
    return std::unique_ptr<MediaImage>(new MediaImage(std::move(reader)));
}

const std::string& MediaImage::path() const {
    return reader_->source->name();
}
std::uint64_t MediaImage::bytes() const {
    return reader_->source->bytes();
}
const std::string& MediaImage::volume_id() const {
    return reader_->file_system->volume_id();
}
std::string_view MediaImage::file_system() const {
    return reader_->file_system->kind();
}

bool MediaImage::has_file(const std::string& path) const {
    const auto node = reader_->find(path);
    return node && *node != nullptr && !(*node)->directory;
}

bool MediaImage::has_directory(const std::string& path) const {
    const auto node = reader_->find(path);
    return node && *node != nullptr && (*node)->directory;
}

result<std::vector<MediaEntry>> MediaImage::list(const std::string& directory) const {
    const auto node = reader_->find(directory);
    if (!node) {
        return node.error();
    }
    if (*node == nullptr || !(*node)->directory) {
        return fail(
            ErrorKind::environment, fmt::format("{} has no directory {}", path(), directory)
        );
    }
    const auto nodes = reader_->nodes_of(folded_path(directory), **node);
    if (!nodes) {
        return nodes.error();
    }
    std::vector<MediaEntry> entries;
    for (const MediaNode& one : **nodes) {
        entries.push_back({one.name, one.directory, one.bytes});
    }
    return entries;
}

result<MediaFile> MediaImage::open_file(const std::string& path) const {
    const auto node = reader_->find(path);
    if (!node) {
        return node.error();
    }
    if (*node == nullptr || (*node)->directory) {
        return fail(ErrorKind::environment, fmt::format("{} has no file {}", this->path(), path));
    }
    MediaFile file;
    file.image_ = this;
    file.path_ = path;
    file.bytes_ = (*node)->bytes;
    file.extents_ = (*node)->extents;
    file.embedded_ = (*node)->embedded;
    for (const auto& extent : file.extents_) {
        if (!extent.zero && !reader_->source->holds(extent.offset, extent.bytes)) {
            return fail(
                ErrorKind::environment,
                fmt::format(
                    "{} is cut short: it has {}, and {} reaches to {}",
                    this->path(),
                    size_text(bytes()),
                    path,
                    size_text(extent.offset + extent.bytes)
                )
            );
        }
    }
    return file;
}

result<std::string> MediaImage::read_file(const std::string& path, std::uint64_t bytes_max) const {
    const auto file = open_file(path);
    if (!file) {
        return file.error();
    }
    if (file->bytes() > bytes_max) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "{} in {} has {}, more than it can have",
                path,
                this->path(),
                size_text(file->bytes())
            )
        );
    }
    std::string text(file->bytes(), '\0');
    RUNDOWN_TRY(file->read(0, text));
    return text;
}

result<void> MediaImage::extract(const std::string& path, const std::string& to, const Watch& watch)
    const {
    const auto file = open_file(path);
    if (!file) {
        return file.error();
    }
    LogFile out;
    RUNDOWN_TRY(out.open(to));
    std::vector<char> block(kCopyBlock);
    for (std::uint64_t done = 0; done < file->bytes();) {
        const auto count = std::min<std::uint64_t>(block.size(), file->bytes() - done);
        RUNDOWN_TRY(file->read(done, std::span<char>(block).first(count)));
        out.append(std::string_view(block.data(), count));
        if (out.error()) {
            return *out.error();
        }
        if (watch.cancelled && watch.cancelled()) {
            return fail(ErrorKind::cancelled, fmt::format("stopped while copying {}", path));
        }
        done += count;
    }
    out.close();
    return out.error() ? result<void>(*out.error()) : result<void>();
}

result<void> MediaFile::read(std::uint64_t offset, std::span<char> buffer) const {
    if (offset > bytes_ || buffer.size() > bytes_ - offset) {
        return fail(
            ErrorKind::environment,
            fmt::format("{} in {} is shorter than it should be", path_, image_->path())
        );
    }
    if (!embedded_.empty()) {
        std::copy_n(
            embedded_.begin() + static_cast<std::ptrdiff_t>(offset), buffer.size(), buffer.begin()
        );
        return {};
    }
    std::uint64_t begin = 0;  // Of the extent, in the file.
    for (const auto& extent : extents_) {
        if (buffer.empty()) {
            break;
        }
        if (offset < begin + extent.bytes) {
            const auto inside = offset - begin;
            const auto count = std::min<std::uint64_t>(buffer.size(), extent.bytes - inside);
            const auto part = buffer.first(count);
            if (extent.zero) {
                std::fill(part.begin(), part.end(), '\0');
            } else {
                RUNDOWN_TRY(image_->reader_->source->read(extent.offset + inside, part));
            }
            buffer = buffer.subspan(count);
            offset += count;
        }
        begin += extent.bytes;
    }
    return {};
}

}  // namespace rundown::image
