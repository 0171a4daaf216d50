// SPDX-License-Identifier: MIT
#include "image/media/ini_text.hpp"

#include <algorithm>

#include "image/media/byte_source.hpp"

namespace rundown::image {
namespace {

bool same(std::string_view one, std::string_view other) {
    const auto lower = [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    };
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [&](char a, char b) {
        return lower(a) == lower(b);
    });
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view plain_value(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('"')) {
        return text.substr(1, text.find('"', 1) - 1);
    }
    return trimmed(text.substr(0, text.find(';')));
}

}  // namespace

std::string ini_value(std::string_view file, std::string_view section, std::string_view key) {
    std::string narrow;
    if (file.starts_with("\xff\xfe")) {
        narrow = utf8_from_utf16(file.substr(2), false);
        file = narrow;
    }
    bool inside = false;
    while (!file.empty()) {
        const auto end = std::min(file.find('\n'), file.size());
        const std::string_view line = trimmed(file.substr(0, end));
        file.remove_prefix(std::min(end + 1, file.size()));
        if (line.starts_with('[')) {
            inside = same(line.substr(1, line.find(']') - 1), section);
        } else if (inside) {
            const auto equals = line.find('=');
            if (equals != std::string_view::npos && same(trimmed(line.substr(0, equals)), key)) {
                return std::string(plain_value(line.substr(equals + 1)));
            }
        }
    }
    return {};
}

}  // namespace rundown::image
