// SPDX-License-Identifier: MIT
// oracle/rules/filter_requests.hpp
//
// The part of filters-released that follows the driver's own OIDs. Not a rule.
#pragma once

#include "oracle/evidence.hpp"

namespace rundown::oracle {

/// A binding that the driver closes with a packet filter or a multicast list it has set and not
/// taken back. Asked of drivers that leave records themselves, and not when the scenario is about
/// NDIS doing it for them: the documentation for NDIS 5 promises that too.
void check_filter_requests(const Evidence& evidence, Findings& findings);

}  // namespace rundown::oracle
