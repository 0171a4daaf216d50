// SPDX-License-Identifier: MIT
// oracle/coverage.cpp
#include "oracle/coverage.hpp"

#include <algorithm>
#include <array>

#include "oracle/evidence.hpp"

namespace rundown::oracle {
namespace {

struct GroundName {
    Ground ground;
    std::string_view missing;
};

constexpr std::array kNames = {
    GroundName{kDriverTrace, "no records of the driver's own"},
    GroundName{kNdisTrace, "no records of NDIS's"},
    GroundName{kKernelTrace, "no records of the kernel's"},
    GroundName{kNdisCounts, "no counts from NDIS's books"},
    GroundName{kPoolTags, "no pool memory by tag"},
    GroundName{kImages, "nobody said which images are loaded"},
    GroundName{kWire, "no NIC was seen from outside"},
    GroundName{kDeviceFilter, "no device that tells its filter"},
    GroundName{kQuietSystem, "the system's own pool, threads and handles grow by themselves"},
};

std::string words_for(Grounds missing) {
    std::string words;
    for (const auto& name : kNames) {
        if ((missing & name.ground) != 0) {
            words += (words.empty() ? "" : ", ") + std::string(name.missing);
        }
    }
    return words;
}

/// The censuses of before and after the teardown, or nulls.
std::pair<const Census*, const Census*> around(const RunRecord& run) {
    return {run.census(CensusPoint::before), run.census(CensusPoint::torn_down)};
}

bool tells_filter(const NicWitness& nic) {
    return nic.filter_after_teardown.has_value();
}

Grounds grounds_of_censuses(const RunRecord& run) {
    const auto [before, after] = around(run);
    if (before == nullptr || after == nullptr) {
        return 0;
    }
    const bool ndis = before->opens && after->opens;
    const bool pool = !before->pool.empty() && !after->pool.empty();
    return (ndis ? kNdisCounts : 0u) | (pool ? kPoolTags : 0u) |
           (after->modules.empty() ? 0u : kImages);
}

}  // namespace

bool is_quiet(const RunRecord& run) {
    return !run.guest || run.guest->starts_with("reference");
}

Grounds grounds_of(const Evidence& evidence) {
    const RunRecord& run = evidence.run();
    const History& history = evidence.history();
    Grounds grounds = grounds_of_censuses(run);
    grounds |= history.speaks(RD_SOURCE_DRIVER) ? kDriverTrace : 0u;
    grounds |= history.speaks(RD_SOURCE_NDIS) ? kNdisTrace : 0u;
    grounds |= history.speaks(RD_SOURCE_KERNEL) ? kKernelTrace : 0u;
    grounds |= is_quiet(run) ? kQuietSystem : 0u;
    grounds |= run.query_after_teardown ? kImages : 0u;
    grounds |= !run.nics.empty() || run.nic_count == 0 ? kWire : 0u;
    grounds |= std::any_of(run.nics.begin(), run.nics.end(), tells_filter) ? kDeviceFilter : 0u;
    return grounds;
}

RuleCoverage coverage_of(std::string_view rule, Needs needs, Grounds grounds) {
    RuleCoverage coverage{std::string(rule), Judged::whole, {}};
    if (needs.any_of != 0 && (needs.any_of & grounds) == 0) {
        coverage.judged = Judged::no;
        coverage.lacks = words_for(needs.any_of);
    } else if ((needs.also & ~grounds) != 0) {
        coverage.judged = Judged::in_part;
        coverage.lacks = words_for(needs.also & ~grounds);
    }
    return coverage;
}

std::string_view to_string(Judged judged) {
    switch (judged) {
        case Judged::no:
            return "no";
        case Judged::in_part:
            return "in_part";
        case Judged::whole:
            break;
    }
    return "whole";
}

}  // namespace rundown::oracle
