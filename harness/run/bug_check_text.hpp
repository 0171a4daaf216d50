// SPDX-License-Identifier: MIT
// run/bug_check_text.hpp
//
// The bug check in what the reference guest prints on its debug channel as it stops. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "oracle/run_record.hpp"

namespace rundown::run {

/// The first "*** STOP 0x... (0x..., 0x..., 0x..., 0x...)" of the log and the module named below
/// it; nothing when there is none. The log is the guest's word: what is malformed is passed over.
std::optional<oracle::BugCheck> bug_check_in(std::string_view debug_log);

}  // namespace rundown::run
