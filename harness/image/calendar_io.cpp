// SPDX-License-Identifier: MIT
#include "image/calendar_io.hpp"

#include <fmt/chrono.h>

#include <chrono>

namespace rundown::image {

std::string utc_now(std::int64_t days_later) {
    const auto then = std::chrono::system_clock::now() + std::chrono::hours(24 * days_later);
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(then))
    );
}

}  // namespace rundown::image
