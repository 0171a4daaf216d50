// SPDX-License-Identifier: MIT
// oracle/rules/loans.hpp
//
// What two rules share: telling in words what the ledger found. Not a rule.
#pragma once

#include <initializer_list>

#include "oracle/evidence.hpp"
#include "oracle/ledger.hpp"

namespace rundown::oracle {

/// Reports the problems of those kinds, the driver's side first; an object that both sides tell of
/// is reported once.
void report_loans(
    const Evidence& evidence, std::initializer_list<LoanKind> kinds, Findings& findings
);

}  // namespace rundown::oracle
