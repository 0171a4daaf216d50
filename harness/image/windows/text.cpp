// SPDX-License-Identifier: MIT
// Escapes and encodings of the files Windows reads.
#include "image/windows/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace rundown::image::windows {
namespace {

/// Takes one code point off the front of UTF-8; nothing when the bytes are none.
std::optional<char32_t> take_code_point(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    std::size_t more = 0;
    char32_t point = lead;
    if (lead >= 0xf0 && lead <= 0xf4) {
        more = 3;
        point = lead & 0x07;
    } else if (lead >= 0xe0 && lead < 0xf0) {
        more = 2;
        point = lead & 0x0f;
    } else if (lead >= 0xc2 && lead < 0xe0) {
        more = 1;
        point = lead & 0x1f;
    } else if (lead >= 0x80) {
        return std::nullopt;
    }
    if (text.size() <= more) {
        return std::nullopt;
    }
    for (std::size_t i = 1; i <= more; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return std::nullopt;
        }
        point = point << 6 | (byte(i) & 0x3f);
    }
    constexpr char32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return std::nullopt;
    }
    text.remove_prefix(more + 1);
    return point;
}

bool xml_has(char32_t point) {
    return point == '\t' || point == '\n' || point == '\r' ||
           (point >= 0x20 && point != 0xfffe && point != 0xffff);
}

void append_utf8(std::string& out, char32_t point) {
    const auto put = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0 | point >> 6);
        put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        put(0xe0 | point >> 12);
        put(0x80 | (point >> 6 & 0x3f));
        put(0x80 | (point & 0x3f));
    } else {
        put(0xf0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3f));
        put(0x80 | (point >> 6 & 0x3f));
        put(0x80 | (point & 0x3f));
    }
}

void append_unit(std::string& out, std::uint32_t unit) {
    out.push_back(static_cast<char>(unit & 0xff));
    out.push_back(static_cast<char>(unit >> 8 & 0xff));
}

}  // namespace

result<std::string> escape_xml(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::string_view before = text;
        const auto point = take_code_point(text);
        if (!point || !xml_has(*point)) {
            return fail(
                ErrorKind::usage,
                fmt::format(
                    "cannot be written in an answer file: it has the byte 0x{:02x}, which is no "
                    "text in UTF-8 or a control character",
                    static_cast<unsigned char>(before[0])
                )
            );
        }
        switch (*point) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\r':
                out += "&#13;";
                break;
            default:
                append_utf8(out, *point);
        }
    }
    return out;
}

result<std::string> escape_sif(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c < 0x20 || c > 0x7e) {
            return fail(
                ErrorKind::usage,
                "cannot be written in winnt.sif, which takes printable ASCII characters only"
            );
        }
        if (c == '"' || c == '%') {
            out.push_back(c);
        }
        out.push_back(c);
    }
    return out;
}

result<std::string> escape_command(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_.\\ ").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (!plain) {
        return fail(
            ErrorKind::internal, fmt::format("'{}' would not be plain text in a command", text)
        );
    }
    return std::string(text);
}

std::string with_crlf(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
            continue;
        }
        if (text[i] == '\n') {
            out.push_back('\r');
        }
        out.push_back(text[i]);
    }
    return out;
}

result<std::string> utf16le(std::string_view text) {
    std::string out = "\xff\xfe";
    while (!text.empty()) {
        const auto point = take_code_point(text);
        if (!point) {
            return fail(ErrorKind::internal, "a text to be written as UTF-16 is not UTF-8");
        }
        if (*point < 0x10000) {
            append_unit(out, *point);
        } else {
            append_unit(out, 0xd800 + ((*point - 0x10000) >> 10));
            append_unit(out, 0xdc00 + ((*point - 0x10000) & 0x3ff));
        }
    }
    return out;
}

result<std::string> from_utf16le(std::string_view bytes) {
    const auto unit = [&](std::size_t i) {
        return static_cast<char32_t>(
            static_cast<unsigned char>(bytes[i]) | static_cast<unsigned char>(bytes[i + 1]) << 8
        );
    };
    if (bytes.size() % 2 != 0) {
        return fail(ErrorKind::environment, "is no UTF-16: it has an odd number of bytes");
    }
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        char32_t point = unit(i);
        if (i == 0 && point == 0xfeff) {
            continue;
        }
        if (point >= 0xd800 && point <= 0xdfff) {
            const bool pair = point < 0xdc00 && i + 3 < bytes.size() && unit(i + 2) >= 0xdc00 &&
                              unit(i + 2) <= 0xdfff;
            if (!pair) {
                return fail(ErrorKind::environment, "is no UTF-16: half of a surrogate pair");
            }
            point = 0x10000 + ((point - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
            i += 2;
        }
        append_utf8(out, point);
    }
    return out;
}

}  // namespace rundown::image::windows
