// SPDX-License-Identifier: MIT
// trace/text.hpp
//
// A record as one line, for people and for test cases:
//   driver return close-adapter b=1 object=0xffffa000 status=pending arg0=0xffffb000 irql=0
// TRACE_FORMAT.md has the grammar; parse_record() reads back what to_text() writes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "trace/trace.hpp"

namespace rundown::trace {

/// One line without its sequence number and time; members that are 0 are left out.
std::string to_text(const Record& record);

/// The same, with sequence number and the time since the boot in front: "#12 0.001234 ...".
std::string to_text(const Record& record, const Trace& trace);

/// A line of the text form. Objects may be words in place of numbers: the same word is the same
/// address everywhere. Fails (usage) naming the word that makes no sense.
result<Record> parse_record(std::string_view line);

/// The address a word stands for.
std::uint64_t address_of(std::string_view word);

}  // namespace rundown::trace
