// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "ldr/pe_image.hpp"
#include "run/driver_file.hpp"
#include "run/evidence.hpp"

namespace rundown::run {
namespace {

constexpr std::uint16_t kI386 = 0x14C;
constexpr std::uint16_t kAmd64 = 0x8664;
constexpr std::uint16_t kPe32 = 0x10B;
constexpr std::uint16_t kNative = 1;

/// Little endian; 0 beyond the end.
std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const auto byte = at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U;
        number |= static_cast<std::uint32_t>(byte) << (8 * i);
    }
    return number;
}

std::size_t header_of(std::string_view bytes) {
    return number_at(bytes, 0x3C, 4);
}

/// What is wrong with an i386 driver, or nothing.
std::string complaint_about_i386(std::string_view bytes) {
    const std::size_t optional = header_of(bytes) + 24;
    if (number_at(bytes, optional, 2) != kPe32) {
        return "an i386 image that is no PE32";
    }
    if (number_at(bytes, optional + 68, 2) != kNative) {
        return "its subsystem is not native";
    }
    return {};
}

}  // namespace

std::string arch_of_image(std::string_view bytes) {
    const std::size_t header = header_of(bytes);
    const bool is_image = bytes.starts_with("MZ") && header < bytes.size() &&
                          bytes.substr(header).starts_with(std::string_view("PE\0\0", 4));
    switch (is_image ? number_at(bytes, header + 4, 2) : 0) {
        case kI386:
            return "i386";
        case kAmd64:
            return "x86-64";
        default:
            return {};
    }
}

result<DriverFile> read_driver(const std::string& path) {
    auto bytes = read_file(path);
    if (!bytes) {
        return bytes.error();
    }
    if (arch_of_image(*bytes) == "i386") {
        if (const auto complaint = complaint_about_i386(*bytes); !complaint.empty()) {
            return fail(
                ErrorKind::usage,
                fmt::format("{} cannot be loaded as a driver: {}", path, complaint)
            );
        }
        return DriverFile{path, std::move(*bytes), "i386"};
    }
    ldr::PeImage image;
    auto verdict = ldr::PeImage::parse(bytes->data(), bytes->size(), &image);
    if (verdict) {
        verdict = image.check_tables();
    }
    if (!verdict) {
        return fail(
            ErrorKind::usage,
            fmt::format("{} cannot be loaded as a driver: {}", path, verdict.sentence)
        );
    }
    return DriverFile{path, std::move(*bytes), "x86-64"};
}

}  // namespace rundown::run
