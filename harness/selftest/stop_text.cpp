// SPDX-License-Identifier: MIT
#include "selftest/stop_text.hpp"

#include <fmt/format.h>

#include "selftest/line.hpp"
#include "selftest/test_log.hpp"

namespace rundown::selftest {
namespace {

constexpr std::size_t kFramesMax = 64;

/// "*** STOP 0x0000000f (0x<16 digits>, ...)".
std::optional<StopText> read_first_line(std::string_view text) {
    Line line(text);
    StopText stop;
    std::uint64_t code = 0;
    if (!line.literal("*** STOP 0x") || !line.hexadecimal(code, 8) || !line.literal(" (")) {
        return std::nullopt;
    }
    stop.code = static_cast<std::uint32_t>(code);
    for (std::size_t i = 0; i < stop.parameter.size(); ++i) {
        if (!line.literal(i == 0 ? "0x" : ", 0x") || !line.hexadecimal(stop.parameter[i], 16)) {
            return std::nullopt;
        }
    }
    if (line.left() != ")") {
        return std::nullopt;
    }
    return stop;
}

/// "<16 digits>  module.sys+0x12", "... (unloaded)", or "<16 digits>  0x<16 digits>".
std::optional<Place> read_place(Line line) {
    Place place;
    if (!line.hexadecimal(place.address, 16) || !line.literal("  ")) {
        return std::nullopt;
    }
    if (line.left() == fmt::format("0x{:016x}", place.address)) {
        return place;
    }
    std::string_view module;
    if (!line.until("+0x", module) || !line.hexadecimal(place.offset)) {
        return std::nullopt;
    }
    place.module = printable(module);
    place.unloaded = line.literal(" (unloaded)");
    return line.empty() ? std::optional(place) : std::nullopt;
}

/// One line below the first.
void read_detail(StopText& stop, std::string_view text) {
    Line line(text);
    std::size_t number = 0;
    if (line.literal("  at   ") || line.literal("  from ")) {
        if (auto place = read_place(line); place && stop.stack.size() < kFramesMax) {
            stop.stack.push_back(std::move(*place));
        }
    } else if (line.literal("  module ")) {
        stop.blamed = read_place(line);
    } else if (line.literal("  name ")) {
        stop.name = printable(line.left());
    } else if (line.literal("  parameter ") && line.decimal(number) && number >= 1 && number <= 4 && line.literal(" ")) {
        stop.into[number - 1] = read_place(line);
    }
}

bool read_announced(Announcement& said, Line line) {
    std::size_t number = 0;
    std::uint64_t value = 0, end = 0;
    if (line.left() == "survived") {
        said.survived = true;
        return true;
    }
    if (line.literal("value ")) {
        if (!line.decimal(number) || number < 1 || number > 4 || !line.literal(" ") ||
            !line.hexadecimal(value, 16) || !line.empty()) {
            return false;
        }
        said.value[number - 1] = value;
        return true;
    }
    if (!line.literal("guilty ") || !line.hexadecimal(value, 16) || !line.literal(" ") ||
        !line.hexadecimal(end, 16) || !line.empty()) {
        return false;
    }
    said.guilty = {value, end};
    return true;
}

}  // namespace

std::optional<StopText> read_stop_text(std::string_view debug_log) {
    std::optional<StopText> stop;
    for_each_line(debug_log, [&stop](std::string_view line) {
        if (!stop) {
            stop = read_first_line(line);
        } else if (line == "*** halted") {
            stop->whole = true;
        } else if (!stop->whole) {
            read_detail(*stop, line);
        }
    });
    return stop;
}

Announcement read_announcement(std::string_view debug_log, std::string_view provocation) {
    Announcement said;
    const std::string prefix = fmt::format("provoke {}: ", provocation);
    for_each_line(debug_log, [&](std::string_view text) {
        Line line(text);
        if (line.literal("provoke: ")) {
            said.not_started = printable(line.left());
        } else if (line.literal(prefix) && !read_announced(said, line)) {
            said.malformed.push_back(printable(text));
        }
    });
    return said;
}

}  // namespace rundown::selftest
