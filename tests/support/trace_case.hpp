// SPDX-License-Identifier: MIT
// support/trace_case.hpp
//
// Recorded and hand-written cases for the oracle as text files: what the run was, its trace one
// record a line, and what the rule must say. tests/traces/README.md has the format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "oracle/run_record.hpp"

namespace rundown::test {

/// One finding that the rule must report.
struct Expectation {
    std::optional<std::uint64_t> event;  // Sequence number; absent: a finding without one.
    std::string words;                   // Must be in its explanation.
};

struct TraceCase {
    oracle::RunRecord record;
    std::vector<Expectation> expectations;  // In any order; all of the rule's findings.
    std::vector<std::string> also;          // Rules beside the case's own that find something.
};

/// Reads a case. Fails (usage) naming the line and the word that makes no sense.
result<TraceCase> parse_case(std::string_view text);

/// The text of a case with everything of this record that a case can say, nothing expected. For
/// keeping a recorded run as a case.
std::string to_text(const oracle::RunRecord& record);

}  // namespace rundown::test
