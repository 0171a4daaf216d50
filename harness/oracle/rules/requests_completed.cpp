// SPDX-License-Identifier: MIT
// oracle/rules/requests_completed.cpp
#include "oracle/evidence.hpp"
#include "oracle/rules/loans.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

void check(const Evidence& evidence, Findings& findings) {
    report_loans(evidence, {LoanKind::request, LoanKind::reset}, findings);
}

}  // namespace

const Rule requests_completed_rule{
    "requests-completed",
    "Each OID request and reset that pended is completed exactly once, before the close of its "
    "binding completes.",
    "5.2, ProtocolCloseAdapterComplete: NDIS delays it until every pending request on the binding "
    "has completed; compare R10",
    check};

}  // namespace rundown::oracle
