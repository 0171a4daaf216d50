// SPDX-License-Identifier: MIT
#include "image/install/screen.hpp"

#include <optional>

namespace rundown::image {

namespace {

constexpr std::size_t kPixelBytes = 3;

Error no_picture() {
    return fail(ErrorKind::hypervisor, "QEMU's picture of the screen is no PPM file, or cut short");
}

/// The number at `text`'s front, its white space and comments before it; both taken away.
std::optional<unsigned> take_number(std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n' || text.front() == '#')) {
        const bool comment = text.front() == '#';
        text.remove_prefix(comment ? std::min(text.find('\n'), text.size()) : 1);
    }
    unsigned number = 0;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        number = number * 10 + static_cast<unsigned>(text[digits++] - '0');
        if (number > kScreenSideMax) {
            return std::nullopt;
        }
    }
    text.remove_prefix(digits);
    return digits == 0 ? std::nullopt : std::optional(number);
}

}  // namespace

result<Screen> screen_from_ppm(std::string_view file) {
    if (!file.starts_with("P6")) {
        return no_picture();
    }
    file.remove_prefix(2);
    const auto width = take_number(file);
    const auto height = take_number(file);
    const auto depth = take_number(file);
    if (!width || !height || !depth || *depth != 255 || file.empty()) {
        return no_picture();
    }
    file.remove_prefix(1);
    Screen screen{*width, *height, std::string(file)};
    if (screen.pixels.size() != std::size_t{*width} * *height * kPixelBytes) {
        return no_picture();
    }
    return screen;
}

bool differs(const Screen& before, const Screen& now) {
    if (before.width != now.width || before.height != now.height) {
        return true;
    }
    std::size_t changed = 0;
    for (std::size_t at = 0; at < now.pixels.size(); at += kPixelBytes) {
        if (before.pixels.compare(at, kPixelBytes, now.pixels, at, kPixelBytes) != 0 &&
            ++changed > kUnrestPixels) {
            return true;
        }
    }
    return false;
}

}  // namespace rundown::image
