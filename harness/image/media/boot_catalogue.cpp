// SPDX-License-Identifier: MIT
// image/media/boot_catalogue.cpp
//
// What firmware a medium boots by: the boot catalogue of the "El Torito" specification 1.0, with
// the platform number 0xEF that UEFI added for itself.
#include "image/media/media_reader.hpp"

namespace rundown::image {
namespace {

constexpr std::size_t kEntryBytes = 32;
constexpr unsigned kPlatformX86 = 0, kPlatformEfi = 0xEF;
constexpr unsigned kBootable = 0x88, kSection = 0x90, kLastSection = 0x91;

/// True when the catalogue has a bootable entry for `platform`.
bool has_entry(const MediaImage::Reader& reader, unsigned platform) {
    if (reader.descriptors.boot_catalogue == 0) {
        return false;
    }
    const std::uint64_t offset = std::uint64_t{reader.descriptors.boot_catalogue} * kSector;
    if (!reader.source->holds(offset, kSector)) {
        return false;
    }
    const auto catalogue = reader.source->read_text(offset, kSector);
    if (!catalogue) {
        return false;
    }
    // The validation entry tells the platform of the first entry, section headers those after it.
    unsigned current = static_cast<unsigned char>((*catalogue)[1]);
    for (std::size_t at = kEntryBytes; at < kSector; at += kEntryBytes) {
        const auto kind = static_cast<unsigned char>((*catalogue)[at]);
        if (kind == kSection || kind == kLastSection) {
            current = static_cast<unsigned char>((*catalogue)[at + 1]);
        } else if (kind == kBootable && current == platform) {
            return true;
        } else if (kind == 0 && at > kEntryBytes) {
            return false;
        }
    }
    return false;
}

}  // namespace

bool MediaImage::boots_bios() const {
    return has_entry(*reader_, kPlatformX86);
}

bool MediaImage::boots_uefi() const {
    return has_entry(*reader_, kPlatformEfi);
}

}  // namespace rundown::image
