// SPDX-License-Identifier: MIT
// image/calendar_io.hpp
//
// The day and time as manifests write them. Only for what people read and for certificates: waits
// are measured with base/deadline.hpp's clock.
#pragma once

#include <cstdint>
#include <string>

namespace rundown::image {

/// "2026-11-24T16:00:00Z", `days_later` from now. Such texts sort by time.
std::string utc_now(std::int64_t days_later = 0);

}  // namespace rundown::image
