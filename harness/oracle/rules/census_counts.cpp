// SPDX-License-Identifier: MIT
// oracle/rules/census_counts.cpp
#include "oracle/rules/census_counts.hpp"

#include <fmt/format.h>

namespace rundown::oracle {
namespace {

void check_at(
    const RunRecord& run,
    CensusPoint point,
    const char* when,
    std::span<const CensusCount> counts,
    Findings& findings
) {
    const Census* before = run.census(CensusPoint::before);
    const Census* after = run.census(point);
    if (before == nullptr || after == nullptr) {
        return;
    }
    for (const CensusCount& count : counts) {
        const Census::Count had = before->*count.value;
        const Census::Count has = after->*count.value;
        if (had && has && *has > *had && (count.of_ndis || point != CensusPoint::deregistered)) {
            findings.add_once(
                reinterpret_cast<std::uintptr_t>(count.name),
                nullptr,
                fmt::format(
                    "By the guest's census there are {} {} {}; before the driver was loaded there "
                    "were {}.",
                    *has,
                    count.name,
                    when,
                    *had
                )
            );
        }
    }
}

}  // namespace

void check_census_counts(
    const RunRecord& run, std::span<const CensusCount> counts, Findings& findings
) {
    check_at(run, CensusPoint::deregistered, "after the deregistration", counts, findings);
    check_at(run, CensusPoint::torn_down, "after the driver was stopped", counts, findings);
    check_at(run, CensusPoint::gone_again, "after a second load", counts, findings);
}

}  // namespace rundown::oracle
