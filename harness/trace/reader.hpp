// SPDX-License-Identifier: MIT
// trace/reader.hpp
//
// From the bytes of a trace window to a Trace. The window is memory that the guest writes, perhaps
// this moment: nothing in it is believed before it is checked, each field is read once. A file
// made by compact() is such a window cut to what is in it, so there is one format
// (TRACE_FORMAT.md) and one reader. Pure; mapping files is the caller's business.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.hpp"
#include "trace/trace.hpp"

namespace rundown::trace {

/// Reads a ring; `window` must be aligned to 8 bytes, as mappings and allocations are. Fails
/// (protocol) naming what is wrong with the header: magic, version, record size, a capacity larger
/// than the window. Records that are overwritten, half-written or of no known source and kind
/// become gaps, never errors. Safe while the guest runs: what it writes meanwhile is not in the
/// result.
result<Trace> read(std::span<const std::byte> window);

/// The same window cut to the records that are in it: header page and the records from the oldest
/// kept to the newest. read() gives the same Trace for both. Fails as read() does.
result<std::string> compact(std::span<const std::byte> window);

/// A window that read() turns into `trace` again: what was lost or torn stays so. For tests and
/// for traces that came by RPC in pieces.
std::string write(const Trace& trace);

}  // namespace rundown::trace
