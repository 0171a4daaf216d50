// SPDX-License-Identifier: MIT
// oracle/oracle.hpp
//
// From the record of a run to its verdict. Pure: no I/O, no clock, no state; the same record gives
// the same judgement, today or in a replay.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/verdict.hpp"
#include "oracle/coverage.hpp"
#include "oracle/run_record.hpp"

namespace rundown::oracle {

class Evidence;
class Findings;

/// One sentence of the documentation, made a check. rules/<name>.cpp.
struct Rule {
    std::string_view name;      // As in findings: "open-closed-once".
    std::string_view sentence;  // What must hold, for `rundown list --rules`.
    std::string_view citation;  // Line of the contract, and the document it comes from.
    void (*check)(const Evidence& evidence, Findings& findings);
    Needs needs;  // The evidence without which it finds nothing whatever happened.
};

/// All rules, in the order in which findings are reported.
std::span<const Rule> rules();

/// What was under way when the trigger came, counted from the trace.
struct InFlight {
    std::uint64_t sends = 0;          // Packets given to NDIS and not completed.
    std::uint64_t receives_held = 0;  // Packets the driver keeps and has not returned.
    std::uint64_t requests = 0;       // OID requests not completed.
    std::uint64_t handles = 0;        // To the driver's device: created and not closed.
    std::uint64_t calls = 0;          // Calls and callbacks entered and not returned.
    bool operator==(const InFlight&) const = default;
};

struct Judgement {
    Verdict verdict;
    InFlight in_flight;               // All zero when the trigger is not in the trace.
    std::vector<RuleCoverage> rules;  // Which could be judged; empty for a cancelled run.
};

/// Judges a run: fail with findings; else inconclusive when something kept it from being a proof
/// (interruption, deadline nobody can be blamed for, lost records, trigger without what the
/// scenario asked for); else pass.
Judgement judge(const RunRecord& record);

}  // namespace rundown::oracle
