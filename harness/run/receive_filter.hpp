// SPDX-License-Identifier: MIT
// run/receive_filter.hpp
//
// What QEMU says about the receive filter that a NIC has been given (QMP query-rx-filter). Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "oracle/run_record.hpp"

namespace rundown::run {

/// The command for NIC `index`.
std::string receive_filter_command(std::size_t index);

/// The filter in QEMU's reply; nothing when the reply is not one.
std::optional<oracle::ReceiveFilter> receive_filter_in(std::string_view reply);

}  // namespace rundown::run
