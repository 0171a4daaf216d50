// SPDX-License-Identifier: MIT
// oracle/rules/pool_tags.hpp
//
// The part of pool-balance that compares pool memory by tag. Not a rule.
#pragma once

#include "oracle/evidence.hpp"

namespace rundown::oracle {

/// Before the driver was loaded against after it was stopped. Tags of the driver and of NDIS must
/// not have grown at all. Others are the system's: it may keep what it needed once, so only what
/// grows again with a second load counts.
void check_pool_tags(const RunRecord& run, Findings& findings);

/// Over the cycles of a rebind loop: every tag whose least in the second half is above its most in
/// the first, and which still grows within the second.
void check_pool_growth(const RunRecord& run, Findings& findings);

}  // namespace rundown::oracle
