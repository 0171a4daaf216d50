// SPDX-License-Identifier: MIT
#include "image/qcow2_header.hpp"

#include <fmt/format.h>

namespace rundown::image {
namespace {

std::uint64_t big_endian(std::string_view bytes, std::size_t offset, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
    }
    return value;
}

}  // namespace

result<Qcow2Header> parse_qcow2_header(std::string_view bytes, const std::string& file) {
    constexpr std::size_t kVersion2Bytes = 72;
    if (bytes.size() < kVersion2Bytes || !bytes.starts_with("QFI\xfb")) {
        return fail(ErrorKind::environment, fmt::format("{} is not a qcow2 disk image", file));
    }
    Qcow2Header header;
    header.version = static_cast<std::uint32_t>(big_endian(bytes, 4, 4));
    header.has_backing_file = big_endian(bytes, 8, 8) != 0;
    header.virtual_bytes = big_endian(bytes, 24, 8);
    if (header.version == 3 && bytes.size() >= kQcow2HeaderBytes) {
        const std::uint64_t incompatible = big_endian(bytes, 72, 8);
        header.dirty = (incompatible & 1) != 0;
        header.corrupt = (incompatible & 2) != 0;
    } else if (header.version != 2) {
        return fail(
            ErrorKind::environment,
            fmt::format("{} is a qcow2 file of version {}, not 2 or 3", file, header.version)
        );
    }
    return header;
}

}  // namespace rundown::image
