// SPDX-License-Identifier: MIT
// image/install/block_stats.hpp
//
// QEMU's answer to query-blockstats, read for one figure. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image {

/// Bytes written to all block devices together. Error: hypervisor, when the reply makes no sense.
result<std::uint64_t> bytes_written_in(std::string_view reply);

}  // namespace rundown::image
