// SPDX-License-Identifier: MIT
// oracle/rules/census_counts.hpp
//
// What several rules share: what NDIS and the kernel count before the driver was loaded, against
// what they count when it is gone. Not a rule.
#pragma once

#include <span>

#include "oracle/evidence.hpp"

namespace rundown::oracle {

struct CensusCount {
    const char* name;              // "packets out of their pools".
    Census::Count Census::*value;  // Not looked at where the guest cannot tell.
    bool of_ndis;                  // Owed back with the protocol already, not only with the driver.
};

/// Reports each of these that is higher than before: after the deregistration (those of NDIS),
/// after the driver was stopped, and after it was loaded and stopped once more.
void check_census_counts(
    const RunRecord& run, std::span<const CensusCount> counts, Findings& findings
);

}  // namespace rundown::oracle
