// SPDX-License-Identifier: MIT
// oracle/rules/packets_returned.cpp
//
// Three books: the driver's records, NDIS's records, and what NDIS counts before and after.
#include "oracle/evidence.hpp"
#include "oracle/rules/census_counts.hpp"
#include "oracle/rules/loans.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

constexpr CensusCount kCounts[] = {
    {"sends pending", &Census::sends_pending, true},
    {"receives not returned", &Census::receives_out, true},
    {"packets out of their pools", &Census::packets_out, false},
};

void check(const Evidence& evidence, Findings& findings) {
    report_loans(evidence, {LoanKind::send, LoanKind::transfer, LoanKind::receive}, findings);
    check_census_counts(evidence.run(), kCounts, findings);
}

}  // namespace

const Rule packets_returned_rule{
    "packets-returned",
    "Each packet sent or fetched is completed exactly once, and each receive that was kept is "
    "returned, before the close of its binding completes.",
    "5.2, NdisCloseAdapter and NdisReturnPackets: sends in flight complete before the close does; "
    "kept receives are the driver's to return; compare R10",
    check,
    {kTraces, kNdisCounts}};

}  // namespace rundown::oracle
