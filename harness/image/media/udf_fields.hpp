// SPDX-License-Identifier: MIT
// image/media/udf_fields.hpp
//
// Fields of UDF's descriptors: tags, allocation descriptors, texts (ECMA-167 and OSTA's UDF
// specification). Pure; only udf.cpp includes it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "image/media/byte_source.hpp"

namespace rundown::image {

inline constexpr std::size_t kTagBytes = 16;

/// An allocation descriptor (4/14.14): where, how much, and in which partition.
struct Allocation {
    std::uint32_t bytes = 0;
    unsigned type = 0;  // 0 recorded, 1 and 2 not recorded, 3 more descriptors.
    std::uint32_t block = 0;
    unsigned partition = 0;  // An index into the partition maps.
};

inline Allocation parse_long(std::string_view bytes, std::size_t at) {
    const std::uint32_t length = le32(bytes, at);
    return {length & 0x3FFFFFFF, length >> 30, le32(bytes, at + 4), le16(bytes, at + 8)};
}

inline Allocation parse_short(std::string_view bytes, std::size_t at, unsigned partition) {
    const std::uint32_t length = le32(bytes, at);
    return {length & 0x3FFFFFFF, length >> 30, le32(bytes, at + 4), partition};
}

/// A tag's identifier, 0 when its checksum is wrong (3/7.2.3).
inline unsigned tag_of(std::string_view bytes) {
    if (bytes.size() < kTagBytes) {
        return 0;
    }
    unsigned sum = 0;
    for (std::size_t i = 0; i < kTagBytes; ++i) {
        sum += i == 4 ? 0 : static_cast<unsigned char>(bytes[i]);
    }
    return (sum & 0xFF) == static_cast<unsigned char>(bytes[4]) ? le16(bytes, 0) : 0;
}

/// Characters of OSTA's compressed Unicode: the first byte says how many bits each has.
inline std::string characters_of(std::string_view bytes) {
    if (bytes.empty()) {
        return {};
    }
    const auto bits = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    if (bits == 16) {
        return utf8_from_utf16(bytes, true);
    }
    std::string wide;
    for (const char byte : bytes) {  // Latin-1.
        wide += '\0';
        wide += byte;
    }
    return utf8_from_utf16(wide, true);
}

/// A dstring (1/7.2.12): its last byte is how many are used.
inline std::string text_of_field(std::string_view field) {
    const std::size_t used = static_cast<unsigned char>(field.back());
    return characters_of(field.substr(0, std::min(used, field.size() - 1)));
}

}  // namespace rundown::image
