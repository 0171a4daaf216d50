// SPDX-License-Identifier: MIT
// trace/reader.hpp
//
// From the bytes of a trace window to a Trace. The window is memory that the guest writes, perhaps
// this moment: nothing in it is believed before it is checked, each field is read once. A file
// made by write() is such a window cut to what is in it, so there is one format
// (TRACE_FORMAT.md) and one reader. Pure; mapping files is the caller's business.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "trace/trace.hpp"

namespace rundown::trace {

/// The record in a slot's 64 bytes, whatever its commit word says; nothing when it is of no known
/// source or kind.
std::optional<Record> record_in(const rd_trace_record& raw, std::uint64_t sequence);

/// Called with each part of a window that has been read, in some order, each part once.
using DoneWith = std::function<void(std::span<const std::byte>)>;

/// Reads a ring; `window` must be aligned to 8 bytes, as mappings and allocations are. Fails
/// (protocol) naming what is wrong with the header: magic, version, record size, a capacity larger
/// than the window. Records that are overwritten, half-written or of no known source and kind
/// become gaps, never errors. Safe while the guest runs: what it writes meanwhile is not in the
/// result.
result<Trace> read(std::span<const std::byte> window, const DoneWith& done = {});

/// Takes the next bytes of a file; an error ends the writing.
using Sink = std::function<result<void>(std::string_view)>;

/// Writes a trace file: a window with just the room for what is in it, which read() turns into
/// `trace` again; what was lost or torn stays so. The sink's error.
result<void> write(const Trace& trace, const Sink& sink);
/// The same in memory.
std::string write(const Trace& trace);

}  // namespace rundown::trace
