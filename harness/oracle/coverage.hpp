// SPDX-License-Identifier: MIT
// oracle/coverage.hpp
//
// Which rules a run could break without anybody noticing. The reference guest tells everything;
// other systems keep their NDIS's records and books to themselves. A rule names the evidence it
// finds things in, and a run's report says which rules were judged and which could not be. Pure.
#pragma once

#include <string>
#include <string_view>

namespace rundown::oracle {

class Evidence;
struct RunRecord;

/// Kinds of evidence, as bits.
enum Ground : unsigned {
    kDriverTrace = 1u << 0,   // Records of the driver's own.
    kNdisTrace = 1u << 1,     // Of the guest's NDIS.
    kKernelTrace = 1u << 2,   // Of its kernel.
    kNdisCounts = 1u << 3,    // Opens, pools and filters by NDIS's books, before and after.
    kPoolTags = 1u << 4,      // Pool memory by tag, before and after.
    kImages = 1u << 5,        // Which images are loaded, after.
    kWire = 1u << 6,          // What left the NICs; there for a run without NICs.
    kDeviceFilter = 1u << 7,  // The filter a device was given.
    kQuietSystem = 1u << 8,   // Nothing but the run makes its pool, threads and handles grow.
    kTraces = kDriverTrace | kNdisTrace,
};
using Grounds = unsigned;

struct Needs {
    Grounds any_of = 0;  // One of these, or nothing can be found; 0: needs nothing.
    Grounds also = 0;    // Looked at besides: without them the rule is judged in part.
};

enum class Judged {
    no,
    in_part,
    whole,
};

struct RuleCoverage {
    std::string rule;
    Judged judged = Judged::no;
    std::string lacks;  // "no records of NDIS's, no pool by tag"; empty when it is whole.
    bool operator==(const RuleCoverage&) const = default;
};

/// Of the reference guest, on which nothing else goes on; other systems have a life of their own.
bool is_quiet(const RunRecord& run);

/// What there is in the evidence of a run.
Grounds grounds_of(const Evidence& evidence);

RuleCoverage coverage_of(std::string_view rule, Needs needs, Grounds grounds);

/// "whole", "in_part", "no".
std::string_view to_string(Judged judged);

}  // namespace rundown::oracle
