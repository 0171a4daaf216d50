// SPDX-License-Identifier: MIT
// oracle/rules/buffers_returned.cpp
//
// Two books: NDIS's own finding when a buffer pool is freed, and the census before and after. The
// driver leaves no record of single buffers.
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/census_counts.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

constexpr CensusCount kCounts[] = {
    {"buffers out of their pools", &Census::buffers_out, false},
};

void check(const Evidence& evidence, Findings& findings) {
    for (const trace::Record& record : evidence.trace().records) {
        if (record.event == RD_EV_VIOLATION && record.arg[0] == RD_VIOLATION_BUFFER_LEAKED) {
            findings.add(
                &record,
                fmt::format(
                    "The buffer pool {:#x} was freed with {} of its buffers not freed, as NDIS saw "
                    "it.",
                    record.object,
                    record.arg[1]
                )
            );
        }
    }
    check_census_counts(evidence.run(), kCounts, findings);
}

}  // namespace

const Rule buffers_returned_rule{
    "buffers-returned",
    "Each buffer (NDIS_BUFFER) that the driver allocated is freed, and before its pool is.",
    "S9 and 5.2, NdisFreeBuffer and NdisFreeBufferPool: the buffers of a pool are freed before it "
    "is",
    check,
    {kNdisTrace | kNdisCounts, 0}};

}  // namespace rundown::oracle
