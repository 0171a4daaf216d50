// SPDX-License-Identifier: MIT
// run/trace_hash.hpp
//
// One number for a whole trace: two runs with the same one did the same, at the same guest time, in
// the same order. Pure.
#pragma once

#include <string>

#include "trace/trace.hpp"

namespace rundown::run {

/// SHA-256, in hex, of the trace as TRACE_FORMAT.md writes it down: its header and all 64 bytes of
/// every record. Empty for a trace without records.
std::string trace_hash(const trace::Trace& trace);

}  // namespace rundown::run
