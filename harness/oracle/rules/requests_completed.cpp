// SPDX-License-Identifier: MIT
// oracle/rules/requests_completed.cpp
//
// Three books: the driver's records, NDIS's records, and what NDIS counts before and after.
#include "oracle/evidence.hpp"
#include "oracle/rules/census_counts.hpp"
#include "oracle/rules/loans.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

constexpr CensusCount kCounts[] = {
    {"requests pending", &Census::requests_pending, true},
};

void check(const Evidence& evidence, Findings& findings) {
    report_loans(evidence, {LoanKind::request, LoanKind::reset}, findings);
    check_census_counts(evidence.run(), kCounts, findings);
}

}  // namespace

const Rule requests_completed_rule{
    "requests-completed",
    "Each OID request and reset that pended is completed exactly once, before the close of its "
    "binding completes.",
    "5.2, ProtocolCloseAdapterComplete: NDIS delays it until every pending request on the binding "
    "has completed; compare R10",
    check,
    {kTraces, kNdisCounts}};

}  // namespace rundown::oracle
