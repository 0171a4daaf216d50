// SPDX-License-Identifier: MIT
// From the boot record to the catalogue to UEFI's boot image.
#include "image/windows/no_prompt.hpp"

#include <cstdint>

namespace rundown::image::windows {
namespace {

constexpr std::size_t kCdSector = 2048;
constexpr std::size_t kFirstDescriptor = 16;
constexpr std::size_t kDescriptorsMax = 64;
constexpr std::size_t kCatalogueAt = 0x47;  // In the boot record.
constexpr std::size_t kEntry = 32;
constexpr unsigned kBootable = 0x88;
constexpr unsigned kSection = 0x90;
constexpr unsigned kLastSection = 0x91;
constexpr unsigned kEfi = 0xef;

std::uint32_t le32(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

/// The sector of the boot catalogue; 0: there is none.
result<std::uint32_t> catalogue_of(const IsoReader& read, std::uint64_t image_bytes) {
    for (std::size_t i = 0; i < kDescriptorsMax; ++i) {
        const std::uint64_t at = (kFirstDescriptor + i) * kCdSector;
        if (at + kCdSector > image_bytes) {
            return 0u;
        }
        const auto sector = read(at, kCdSector);
        if (!sector) {
            return sector.error();
        }
        if (sector->substr(1, 5) != "CD001" || byte_at(*sector, 0) == 255) {
            return 0u;
        }
        if (byte_at(*sector, 0) == 0 && sector->substr(7, 23) == "EL TORITO SPECIFICATION") {
            return le32(*sector, kCatalogueAt);
        }
    }
    return 0u;
}

/// The sector of UEFI's boot image in a catalogue; 0: there is none.
std::uint32_t efi_image_in(std::string_view catalogue) {
    unsigned platform = byte_at(catalogue, 1);
    for (std::size_t at = kEntry; at + kEntry <= catalogue.size(); at += kEntry) {
        const unsigned kind = byte_at(catalogue, at);
        if (kind == kSection || kind == kLastSection) {
            platform = byte_at(catalogue, at + 1);
        } else if (kind == kBootable && platform == kEfi) {
            return le32(catalogue, at + 8);
        } else if (kind == 0 && at > kEntry) {
            return 0;
        }
    }
    return 0;
}

}  // namespace

result<std::vector<IsoWrite>> plan_no_prompt(
    const IsoReader& read,
    std::uint64_t image_bytes,
    std::string_view asking,
    std::string_view silent
) {
    const std::vector<IsoWrite> nothing;
    if (asking.empty() || asking.size() != silent.size()) {
        return nothing;
    }
    const auto catalogue = catalogue_of(read, image_bytes);
    if (!catalogue) {
        return catalogue.error();
    }
    const std::uint64_t catalogue_at = std::uint64_t{*catalogue} * kCdSector;
    if (*catalogue == 0 || catalogue_at + kCdSector > image_bytes) {
        return nothing;
    }
    const auto entries = read(catalogue_at, kCdSector);
    if (!entries) {
        return entries.error();
    }
    const std::uint64_t image_at = std::uint64_t{efi_image_in(*entries)} * kCdSector;
    if (image_at == 0 || image_at + asking.size() > image_bytes) {
        return nothing;
    }
    const auto there = read(image_at, asking.size());
    if (!there) {
        return there.error();
    }
    if (*there != asking) {
        return nothing;
    }
    return std::vector<IsoWrite>{{image_at, std::string(silent)}};
}

}  // namespace rundown::image::windows
