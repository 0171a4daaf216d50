// SPDX-License-Identifier: MIT
// image/install/screen.hpp
//
// Is something going on on a guest's screen? Pictures as QEMU's screendump writes them (PPM, P6),
// compared. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image {

inline constexpr unsigned kScreenSideMax = 8192;

struct Screen {
    unsigned width = 0;
    unsigned height = 0;
    std::string pixels;  // Three bytes each, row by row.
};

/// Reads a PPM picture. Error: hypervisor, when it is none or is cut short.
result<Screen> screen_from_ppm(std::string_view file);

/// True when they differ by more than a blinking cursor and a clock's digits do: another size, or
/// more pixels than `kUnrestPixels`. (A cursor of text mode is at most 9 by 16.)
bool differs(const Screen& before, const Screen& now);

inline constexpr std::size_t kUnrestPixels = 400;

}  // namespace rundown::image
