// SPDX-License-Identifier: MIT
// scenario/sync_points.hpp
//
// The named places in the test driver where a thread can be held or delayed
// (drivers/include/rundown/protocol5_ioctl.h), as scenarios and the command line write them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::scenario {

/// One sync point armed for a run: a hold of some milliseconds at most, or a stall of microseconds.
struct Hold {
    std::uint32_t point = 0;     // enum rd_p5_sync_point.
    std::uint32_t ms = 0;        // Longest hold; 0: it is a delay.
    std::uint32_t us = 0;        // Stall of a delay; 0: it is a hold.
    std::uint32_t arrivals = 1;  // How many arrivals it takes; 0: all.
    bool operator==(const Hold&) const = default;
};

/// "in-unbind"; empty: no such point.
std::string_view sync_point_name(std::uint32_t point);
/// 0: no such name.
std::uint32_t sync_point_from(std::string_view name);
/// "in-bind, in-open-complete, ...".
std::string sync_point_names();

/// "in-unload", "in-unload:200" (milliseconds), "in-receive:500us". Fails (usage) with a sentence
/// that does not say where it stood.
result<Hold> hold_from(std::string_view text);
/// The same again.
std::string to_string(const Hold& hold);

}  // namespace rundown::scenario
