// SPDX-License-Identifier: MIT
// oracle/progress.hpp
//
// Whether a run without findings proves anything: was the trace whole, was the trigger reached with
// what the scenario asked for, was all done that was to be done? Pure.
#pragma once

#include <optional>
#include <string>

#include "oracle/evidence.hpp"

namespace rundown::oracle {

/// What is missing of the trace, as a sentence; nothing when it is whole. Records that a guest was
/// writing as it powered itself off, after the driver had deregistered, are not missed.
std::optional<std::string> truncation(const Evidence& evidence);

/// What the run did not get to, as a sentence; nothing when it got to everything.
std::optional<std::string> missing_progress(const Evidence& evidence);

}  // namespace rundown::oracle
