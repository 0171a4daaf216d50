// SPDX-License-Identifier: MIT
// image/windows/floppy.hpp
//
// A floppy disk of 1.44 MB as an image: FAT12, files in its root directory, the same bytes each
// time. Text-mode setup reads its answers from one. Layout: Microsoft's "FAT: General Overview of
// On-Disk Format". Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rundown::image::windows {

inline constexpr std::size_t kFloppyBytes = 2880 * 512;

struct FloppyFile {
    std::string name;  // 8.3, letters, digits, '-' and '_'; case does not matter.
    std::string bytes;
};

/// The image. Errors, kind internal: a name that is not 8.3 or comes twice, too much for the disk.
result<std::string> floppy_image(const std::vector<FloppyFile>& files, std::string_view label);

}  // namespace rundown::image::windows
