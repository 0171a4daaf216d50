// SPDX-License-Identifier: MIT
// image/windows/no_prompt.hpp
//
// A Windows CD that UEFI boots without "Press any key". Such a CD has two boot images as files: the
// one its boot catalogue names (efisys.bin) asks, the other (efisys_noprompt.bin) does not. Written
// over the first in a copy, the second takes its place; nothing else of gigabytes changes. ("El
// Torito" specification 1.0, and its platform 0xEF.) Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/install/iso_patch.hpp"

namespace rundown::image::windows {

inline constexpr std::string_view kAskingImage = "efi/microsoft/boot/efisys.bin";
inline constexpr std::string_view kSilentImage = "efi/microsoft/boot/efisys_noprompt.bin";

/// What to write into a copy of the CD. Empty when it cannot be done safely: no UEFI entry, or what
/// stands where the catalogue points is not `asking`, or the two are not of one size. Errors: those
/// of `read`.
result<std::vector<IsoWrite>> plan_no_prompt(
    const IsoReader& read,
    std::uint64_t image_bytes,
    std::string_view asking,
    std::string_view silent
);

}  // namespace rundown::image::windows
