// SPDX-License-Identifier: MIT
#include "scenario/sync_points.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <vector>

#include "base/nearest.hpp"
#include "rundown/protocol5_ioctl.h"

namespace rundown::scenario {
namespace {

constexpr std::uint32_t kHoldMs = 200;  // Where nothing else is said.

struct PointName {
    std::uint32_t point;
    std::string_view name;
};

constexpr std::array kPoints = {
    PointName{RD_P5_SYNC_IN_BIND, "in-bind"},
    PointName{RD_P5_SYNC_IN_OPEN_COMPLETE, "in-open-complete"},
    PointName{RD_P5_SYNC_IN_UNBIND, "in-unbind"},
    PointName{RD_P5_SYNC_BEFORE_CLOSE, "before-close"},
    PointName{RD_P5_SYNC_AFTER_CLOSE, "after-close"},
    PointName{RD_P5_SYNC_BEFORE_UNBIND_COMPLETE, "before-unbind-complete"},
    PointName{RD_P5_SYNC_BEFORE_DEREGISTER, "before-deregister"},
    PointName{RD_P5_SYNC_AFTER_DEREGISTER, "after-deregister"},
    PointName{RD_P5_SYNC_IN_UNLOAD, "in-unload"},
    PointName{RD_P5_SYNC_IN_RECEIVE, "in-receive"},
    PointName{RD_P5_SYNC_IN_SEND_COMPLETE, "in-send-complete"},
    PointName{RD_P5_SYNC_IN_REQUEST_COMPLETE, "in-request-complete"},
    PointName{RD_P5_SYNC_IN_STATUS, "in-status"},
    PointName{RD_P5_SYNC_IN_PNP_EVENT, "in-pnp-event"},
    PointName{RD_P5_SYNC_BEFORE_SEND, "before-send"},
    PointName{RD_P5_SYNC_BEFORE_REQUEST, "before-request"},
};
static_assert(kPoints.size() + 1 == RD_P5_SYNC_POINTS, "every point has a name");

std::vector<std::string> all_names() {
    std::vector<std::string> names;
    for (const auto& point : kPoints) {
        names.emplace_back(point.name);
    }
    return names;
}

/// The whole of `text` as a number from 1 to `max`.
bool read_number(std::string_view text, std::uint32_t max, std::uint32_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number != 0 && number <= max;
}

}  // namespace

std::string_view sync_point_name(std::uint32_t point) {
    for (const auto& known : kPoints) {
        if (known.point == point) {
            return known.name;
        }
    }
    return {};
}

std::uint32_t sync_point_from(std::string_view name) {
    for (const auto& known : kPoints) {
        if (known.name == name) {
            return known.point;
        }
    }
    return RD_P5_SYNC_INVALID;
}

std::string sync_point_names() {
    std::string names;
    for (const auto& point : kPoints) {
        names += (names.empty() ? "" : ", ") + std::string(point.name);
    }
    return names;
}

result<Hold> hold_from(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string name(text.substr(0, colon));
    Hold hold;
    hold.point = sync_point_from(name);
    hold.ms = kHoldMs;
    if (hold.point == RD_P5_SYNC_INVALID) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "unknown sync point '{}'{}; choose from {}",
                name,
                did_you_mean(name, all_names()),
                sync_point_names()
            )
        );
    }
    if (colon == std::string_view::npos) {
        return hold;
    }
    std::string_view time = text.substr(colon + 1);
    const bool delay = time.ends_with("us");
    time.remove_suffix(delay ? 2 : 0);
    if (delay) {
        hold.ms = 0;
        hold.arrivals = 0;
    }
    if (!read_number(
            time, delay ? RD_P5_SYNC_MAX_US : RD_P5_SYNC_MAX_MS, delay ? hold.us : hold.ms
        )) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "'{}': a hold is written POINT:MS with 1 to {} milliseconds, or POINT:USus with 1 "
                "to {} microseconds of delay",
                text,
                RD_P5_SYNC_MAX_MS,
                RD_P5_SYNC_MAX_US
            )
        );
    }
    return hold;
}

std::string to_string(const Hold& hold) {
    return hold.us != 0 ? fmt::format("{}:{}us", sync_point_name(hold.point), hold.us)
                        : fmt::format("{}:{}", sync_point_name(hold.point), hold.ms);
}

}  // namespace rundown::scenario
