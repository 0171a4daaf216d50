// SPDX-License-Identifier: MIT
// image/media/byte_source.hpp
//
// Bytes to be read at any place: a file, or a test's text. What is read with it is the user's and
// hostile until checked.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image {

class ByteSource {
  public:
    virtual ~ByteSource() = default;
    virtual std::uint64_t bytes() const = 0;
    /// Its name, for sentences.
    virtual const std::string& name() const = 0;
    /// Reads exactly buffer.size() bytes. The error of a place behind the end says so.
    virtual result<void> read(std::uint64_t offset, std::span<char> buffer) const = 0;

    /// True when [offset, offset + count) is inside.
    bool holds(std::uint64_t offset, std::uint64_t count) const {
        return offset <= bytes() && count <= bytes() - offset;
    }
    result<std::string> read_text(std::uint64_t offset, std::size_t count) const {
        std::string text(count, '\0');
        RUNDOWN_TRY(read(offset, text));
        return text;
    }
};

/// Opens a file. Error: environment.
result<std::unique_ptr<ByteSource>> open_byte_source(const std::string& path);

/// A little-endian number of `count` bytes; `offset` + `count` must be inside.
inline std::uint64_t little_endian(std::string_view bytes, std::size_t offset, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = count; i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
    }
    return value;
}
inline std::uint16_t le16(std::string_view bytes, std::size_t offset) {
    return static_cast<std::uint16_t>(little_endian(bytes, offset, 2));
}
inline std::uint32_t le32(std::string_view bytes, std::size_t offset) {
    return static_cast<std::uint32_t>(little_endian(bytes, offset, 4));
}
inline std::uint64_t le64(std::string_view bytes, std::size_t offset) {
    return little_endian(bytes, offset, 8);
}

/// UTF-16, big or little endian, as UTF-8. Half surrogate pairs become U+FFFD.
std::string utf8_from_utf16(std::string_view bytes, bool big_endian);

}  // namespace rundown::image
