// SPDX-License-Identifier: MIT
// oracle/rules/pool_balance.cpp
//
// Three books must balance: the driver's descriptor pools in its own trace, what NDIS and the
// kernel count before and after (census), and pool memory by tag, also over the cycles of a loop.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "oracle/coverage.hpp"
#include "oracle/evidence.hpp"
#include "oracle/rules/census_counts.hpp"
#include "oracle/rules/pool_tags.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

/// The moment by which the driver's pools must be freed: Unload returned, or the run ended.
const Record* end_of_driver(const Evidence& evidence, const Record& allocated) {
    for (const Span& unload : evidence.history().unloads()) {
        if (unload.leave != nullptr && unload.leave->sequence > allocated.sequence) {
            return evidence.trace().whole(allocated.sequence, unload.leave->sequence) ? unload.leave
                                                                                      : nullptr;
        }
    }
    return nullptr;
}

void check_descriptor_pools(const Evidence& evidence, Findings& findings) {
    std::map<std::uint64_t, const Record*> pools;
    for (const Record& record : evidence.trace().records) {
        if (record.source != RD_SOURCE_DRIVER) {
            continue;
        }
        const bool allocated = (record.event == RD_EV_ALLOCATE_PACKET_POOL ||
                                record.event == RD_EV_ALLOCATE_BUFFER_POOL) &&
                               record.kind == RD_KIND_RETURN && record.status == 0;
        const bool freed =
            (record.event == RD_EV_FREE_PACKET_POOL || record.event == RD_EV_FREE_BUFFER_POOL) &&
            record.kind == RD_KIND_CALL;
        // A buffer pool may have no handle of its own: then there is nothing to match.
        if (record.object == 0) {
            continue;
        }
        if (allocated) {
            pools[record.object] = &record;
        } else if (freed && pools.erase(record.object) == 0 && evidence.trace().whole_before(record.sequence)) {
            findings.add(
                &record,
                fmt::format(
                    "{} was called with {:#x}, which is no pool of the driver's (any longer).",
                    trace::function_name(record.event),
                    record.object
                )
            );
        }
    }
    for (const auto& [pool, allocated] : pools) {
        if (const Record* end = end_of_driver(evidence, *allocated)) {
            findings.add(
                allocated,
                fmt::format(
                    "The {} pool {:#x} of binding {} ({} descriptors, allocated in {}) was not "
                    "freed when Unload returned ({}).",
                    allocated->event == RD_EV_ALLOCATE_PACKET_POOL ? "packet" : "buffer",
                    pool,
                    allocated->binding,
                    allocated->arg[0],
                    number_of(*allocated),
                    number_of(*end)
                )
            );
        }
    }
}

// Packets, buffers and requests that are out are other rules' business.
constexpr CensusCount kCounts[] = {
    {"registered protocols", &Census::protocols, true},
    {"opens", &Census::opens, true},
    {"packet pools", &Census::packet_pools, false},
    {"buffer pools", &Census::buffer_pools, false},
    {"devices", &Census::devices, false},
};

/// Threads, timers, handles and work items are the system's too and come and go: only what grows
/// with each load of the driver is the driver's.
void check_repeated_growth(const RunRecord& run, Findings& findings) {
    constexpr CensusCount counts[] = {
        {"threads", &Census::threads, false},
        {"timers", &Census::timers, false},
        {"handles", &Census::handles, false},
        {"work items", &Census::work_items, false},
    };
    const Census* before = run.census(CensusPoint::before);
    const Census* once = run.census(CensusPoint::torn_down);
    const Census* twice = run.census(CensusPoint::gone_again);
    if (before == nullptr || once == nullptr || twice == nullptr) {
        return;
    }
    for (const CensusCount& count : counts) {
        const Census::Count a = before->*count.value;
        const Census::Count b = once->*count.value;
        const Census::Count c = twice->*count.value;
        if (a && b && c && *a < *b && *b < *c) {
            findings.add(
                nullptr,
                fmt::format(
                    "{} grow with each load of the driver: {} before, {} after the first, {} after "
                    "the second.",
                    count.name,
                    *a,
                    *b,
                    *c
                )
            );
        }
    }
}

/// Where no census could be taken, the guest's own finding at unload has to do.
void check_what_the_guest_saw(const Evidence& evidence, Findings& findings) {
    for (const Record& record : evidence.trace().records) {
        const bool leaked =
            record.event == RD_EV_VIOLATION && (record.arg[0] == RD_VIOLATION_POOL_LEAKED ||
                                                record.arg[0] == RD_VIOLATION_PACKET_LEAKED);
        if (leaked) {
            findings.add_once(
                record.arg[0],
                &record,
                fmt::format(
                    "The guest found {} {} of the driver's when it was unloaded.",
                    record.arg[1],
                    record.arg[0] == RD_VIOLATION_POOL_LEAKED ? "bytes of pool" : "packets"
                )
            );
        }
    }
}

void check(const Evidence& evidence, Findings& findings) {
    const RunRecord& run = evidence.run();
    check_descriptor_pools(evidence, findings);
    check_census_counts(run, kCounts, findings);
    if (is_quiet(run)) {
        check_repeated_growth(run, findings);
    }
    check_pool_tags(run, findings);
    check_pool_growth(run, findings);
    if (findings.empty()) {
        check_what_the_guest_saw(evidence, findings);
    }
}

}  // namespace

const Rule pool_balance_rule{
    "pool-balance",
    "Nothing allocated for the driver outlives it: descriptor pools, NDIS's opens and protocols, "
    "pool memory by tag; and nothing grows from cycle to cycle.",
    "S9, NdisDeregisterProtocol: frees the memory NDIS allocated to track bindings and filters; "
    "and WDM: a driver frees its own before Unload returns",
    check,
    {kDriverTrace | kNdisCounts | kPoolTags, kNdisCounts | kPoolTags | kQuietSystem}};

}  // namespace rundown::oracle
