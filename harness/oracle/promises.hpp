// SPDX-License-Identifier: MIT
// oracle/promises.hpp
//
// What a scenario says it makes sure of (RunRecord::promised), looked up in the evidence: a close
// that pended, receives kept across the trigger, a bind that was refused. A run in which it did not
// come about broke no rule and proves nothing of what it is for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oracle/evidence.hpp"

namespace rundown::oracle {

/// The first promise that was not kept, as a sentence without a full stop.
std::optional<std::string> broken_promise(const Evidence& evidence);

/// Handles to the driver's device that it had been told of, and whose close it had not.
std::uint64_t handles_at(const Evidence& evidence, const trace::Record& moment);

}  // namespace rundown::oracle
