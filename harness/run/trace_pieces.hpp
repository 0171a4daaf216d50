// SPDX-License-Identifier: MIT
// run/trace_pieces.hpp
//
// The trace of a guest whose driver writes it alone: what the host read in the window, or drained
// from the driver's ring piece by piece, and the agent's own marks, made while no driver was there
// to take them, put in by time. Pure; what the guest says is hostile.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "trace/trace.hpp"

namespace rundown::run {

/// One answer to a drain.
struct TracePiece {
    std::uint64_t first = 0;         // Sequence number of the first record.
    std::uint64_t lost = 0;          // Records overwritten before they could be drained, so far.
    std::uint64_t frequency_hz = 0;  // 0: not told.
    std::vector<trace::Record> records;
};

/// The records in the bytes of an answer. Fails (protocol) when they are no whole records, or not
/// numbered one by one from `first`.
result<TracePiece> piece_of(
    std::string_view bytes, std::uint64_t first, std::uint64_t lost, std::uint64_t frequency_hz
);

/// Pieces of one ring, put together as they come.
class DrainedTrace {
  public:
    /// A driver that was loaded again hands its ring out from the beginning: what has come before
    /// is passed over. Fails (protocol) when it is not the same as it was.
    result<void> add(const TracePiece& piece);
    /// What has come so far. Numbers that never came are gaps.
    const trace::Trace& trace() const { return trace_; }

  private:
    trace::Trace trace_;
};

/// The trace with `marks` put in where their time belongs; everything is numbered anew, gaps keep
/// their width. Marks in a trace without records are the whole of it.
trace::Trace with_marks(const trace::Trace& trace, std::vector<trace::Record> marks);

}  // namespace rundown::run
