// SPDX-License-Identifier: MIT
// oracle/rules/filters_released.cpp
//
// Three sources, each of which may be right while another is wrong: what the driver asked for with
// its OIDs (filter_requests.cpp), what NDIS has in its books, and what the device was given. A
// device that has been removed, or that has no such query, cannot be asked: then its part is
// silent.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "oracle/evidence.hpp"
#include "oracle/rules/filter_requests.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

/// What the test protocols put into their multicast list (drivers/protocol5/README.md).
constexpr const char* kTestMulticast[] = {"01:00:5e:52:44:01", "33:33:52:44:00:01"};

void report_open(const Record& set, const Record& gone, Findings& findings) {
    findings.add_once(
        set.object,
        &set,
        fmt::format(
            "In NDIS's books the open {:#x} still had the packet filter {:#x} ({}; {:#x} at the "
            "miniport) when {} ({}).",
            set.object,
            set.arg[0],
            number_of(set),
            set.arg[1],
            gone.event == RD_EV_OPEN_FREED ? "NDIS freed it" : "the protocol was gone",
            number_of(gone)
        )
    );
}

/// NDIS's own notes: the last filter of each open of the driver's.
void check_trace(const Evidence& evidence, Findings& findings) {
    std::map<std::uint64_t, const Record*> last;
    for (const Record& record : evidence.trace().records) {
        const bool of_a_filter =
            record.event == RD_EV_FILTER_SET || record.event == RD_EV_OPEN_FREED;
        if (record.source != RD_SOURCE_NDIS || !of_a_filter || !evidence.concerns_driver(record)) {
            continue;
        }
        if (record.event == RD_EV_FILTER_SET) {
            last[record.object] = &record;
        } else {
            const auto set = last.find(record.object);
            if (set != last.end() && set->second->arg[0] != 0 &&
                evidence.trace().whole(set->second->sequence, record.sequence)) {
                report_open(*set->second, record, findings);
            }
            last.erase(record.object);
        }
    }
    for (const auto& [open, set] : last) {
        const bool is_ours = std::any_of(
            evidence.history().bindings().begin(),
            evidence.history().bindings().end(),
            [open = open](const BindingLife& life) { return life.open == open; }
        );
        const Record* due = evidence.accounts_due(*set, RD_SOURCE_NDIS);
        if (is_ours && set->arg[0] != 0 && due != nullptr) {
            report_open(*set, *due, findings);
        }
    }
}

void check_census(const RunRecord& run, CensusPoint point, const char* when, Findings& findings) {
    const Census* before = run.census(CensusPoint::before);
    const Census* after = run.census(point);
    if (before != nullptr && after != nullptr && before->filters && after->filters &&
        *after->filters > *before->filters) {
        findings.add(
            nullptr,
            fmt::format(
                "In NDIS's books there are {} receive filters {}; before the driver was loaded "
                "there "
                "were {}.",
                *after->filters,
                when,
                *before->filters
            )
        );
    }
}

void check_device(const NicWitness& nic, std::size_t number, Findings& findings) {
    if (!nic.filter_after_teardown) {
        return;
    }
    const ReceiveFilter& filter = *nic.filter_after_teardown;
    std::string left = filter.promiscuous ? "promiscuous mode" : "";
    if (filter.multicast == "all") {
        left += std::string(left.empty() ? "" : ", ") + "all multicast frames";
    }
    for (const char* address : kTestMulticast) {
        const auto& table = filter.multicast_table;
        if (std::find(table.begin(), table.end(), address) != table.end()) {
            left += (left.empty() ? "multicast address " : ", multicast address ") +
                    std::string(address);
        }
    }
    if (!left.empty()) {
        findings.add(
            nullptr,
            fmt::format(
                "At the device of NIC {} ({}), asked by query-rx-filter, there still is {} "
                "after the teardown.",
                number,
                nic.model,
                left
            )
        );
    }
}

void check(const Evidence& evidence, Findings& findings) {
    const RunRecord& run = evidence.run();
    // Of many findings the first few are told in words: those that are the fewest come first.
    for (std::size_t nic = 0; nic < run.nics.size(); ++nic) {
        check_device(run.nics[nic], nic, findings);
    }
    check_census(run, CensusPoint::deregistered, "after the deregistration", findings);
    check_census(run, CensusPoint::torn_down, "after the driver was stopped", findings);
    check_census(run, CensusPoint::gone_again, "after it was loaded and stopped again", findings);
    check_trace(evidence, findings);
    if (!run.promised.filters_left) {
        check_filter_requests(evidence, findings);
    }
}

}  // namespace

const Rule filters_released_rule{
    "filters-released",
    "The packet filter and the multicast list of a binding are gone when it is closed: taken back "
    "by "
    "the driver's OIDs, gone from NDIS's books, and gone from the device.",
    "S8, NdisDeregisterProtocol: when outstanding opens have been closed, it releases all filters "
    "its caller has set up; R9 and 5.2, ProtocolUnbindAdapter: clears filter and multicast list",
    check,
    {kTraces | kNdisCounts | kDeviceFilter, kNdisCounts}};

}  // namespace rundown::oracle
