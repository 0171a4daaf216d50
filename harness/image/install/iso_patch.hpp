// SPDX-License-Identifier: MIT
// image/install/iso_patch.hpp
//
// Files of a CD image replaced without making the image anew: their new contents go behind its end,
// and the directory records that name them point there. Everything else, boot records above all,
// stays as it is, bit for bit. Works on ISO 9660 as ECMA-119 describes it, in each of its trees
// (the primary one, ISO 9660:1999's and Joliet's). Pure: says what is to be written where. The
// image is the user's and trusted in nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rundown::image {

struct ReplacedFile {
    std::string path;      // In the image: "reactos/unattend.inf". Case does not matter.
    std::string contents;  // At most kReplacedBytesMax.
};

inline constexpr std::size_t kReplacedBytesMax = 1 << 20;

struct IsoWrite {
    std::uint64_t offset = 0;  // In the image file; the last ones are behind its end.
    std::string bytes;
};

/// Reads exactly so many bytes of the image.
using IsoReader = std::function<result<std::string>(std::uint64_t offset, std::size_t bytes)>;

/// What to write into a copy of the image, `image_bytes` long. Errors, kind environment: the image
/// makes no sense (`name` is what it is called), or has no such file in any tree.
result<std::vector<IsoWrite>> plan_iso_patch(
    const IsoReader& read,
    std::uint64_t image_bytes,
    const std::string& name,
    const std::vector<ReplacedFile>& files
);

}  // namespace rundown::image
