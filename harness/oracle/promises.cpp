// SPDX-License-Identifier: MIT
// oracle/promises.cpp
#include "oracle/promises.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rundown::oracle {
namespace {

using trace::Record;
using Answer = std::optional<std::string>;

constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kPending = 0x103;
constexpr std::uint32_t kMediaConnect = 0x4001000B;
constexpr std::uint32_t kMediaDisconnect = 0x4001000C;

/// The side whose records count: the driver's, or NDIS's where the driver leaves none.
std::uint8_t telling_side(const Evidence& evidence) {
    return evidence.history().speaks(RD_SOURCE_DRIVER) ? RD_SOURCE_DRIVER : RD_SOURCE_NDIS;
}

bool of_driver(const Evidence& evidence, const BindingLife& life) {
    return life.source == telling_side(evidence) && evidence.concerns_driver(life);
}

/// Bindings that were there at the trigger.
std::uint64_t bound_at(const Evidence& evidence, const Record& trigger) {
    const auto open = evidence.history().open_at(trigger, telling_side(evidence));
    return static_cast<std::uint64_t>(std::count_if(
        open.begin(),
        open.end(),
        [&](const BindingLife* life) { return evidence.concerns_driver(*life); }
    ));
}

/// "NdisCloseAdapter returned 0x00000000 (#12), and the scenario is about closes that are pending".
Answer wrong_end(const Record& leave, const char* function, const std::string& promised) {
    const std::uint32_t wanted = promised == "pending" ? kPending : kSuccess;
    if (leave.status == wanted) {
        return std::nullopt;
    }
    return fmt::format(
        "{} returned 0x{:08X} ({}), and the scenario is about one that is {}",
        function,
        leave.status,
        number_of(leave),
        promised
    );
}

Answer closes(const Evidence& evidence) {
    const std::string& promised = evidence.run().promised.closes;
    std::size_t seen = 0;
    for (const BindingLife& life : evidence.history().bindings()) {
        for (const Span& close : life.closes) {
            if (promised.empty() || !of_driver(evidence, life) || close.leave == nullptr) {
                continue;
            }
            ++seen;
            if (auto wrong = wrong_end(*close.leave, "NdisCloseAdapter", promised)) {
                return wrong;
            }
        }
    }
    return promised.empty() || seen != 0 ? Answer() : "no call of NdisCloseAdapter is in the trace";
}

Answer opens(const Evidence& evidence) {
    const std::string& promised = evidence.run().promised.opens;
    std::size_t seen = 0;
    for (const Record& record : evidence.trace().records) {
        if (promised.empty() ||
            !record.is(telling_side(evidence), RD_KIND_RETURN, RD_EV_OPEN_ADAPTER) ||
            !evidence.concerns_driver(record)) {
            continue;
        }
        ++seen;
        if (auto wrong = wrong_end(record, "NdisOpenAdapter", promised)) {
            return wrong;
        }
    }
    return promised.empty() || seen != 0 ? Answer() : "no call of NdisOpenAdapter is in the trace";
}

/// Kept at the trigger, and still kept when the first unbind came.
Answer receives(const Evidence& evidence, const Record& trigger) {
    const std::uint64_t wanted =
        std::uint64_t{evidence.run().promised.receives_held} * bound_at(evidence, trigger);
    const std::uint64_t kept = evidence.ledger(telling_side(evidence)).at_trigger.receives_held;
    if (kept < wanted) {
        return fmt::format("the driver kept {} receives at the trigger, not {}", kept, wanted);
    }
    std::uint64_t returned_late = 0;
    bool unbinding = false;
    for (const Record& record : evidence.trace().records) {
        unbinding |=
            record.sequence > trigger.sequence && record.is(RD_KIND_CALLBACK, RD_EV_UNBIND_ADAPTER);
        returned_late +=
            unbinding && record.is(telling_side(evidence), RD_KIND_CALL, RD_EV_RETURN_PACKETS) ? 1
                                                                                               : 0;
    }
    return returned_late >= wanted
               ? Answer()
               : fmt::format(
                     "{} receives came back after the first unbind, not {}", returned_late, wanted
                 );
}

/// Requests of a binding that were in flight at that moment.
std::size_t requests_at(const Evidence& evidence, const Record& moment) {
    std::set<std::uint64_t> out;
    for (const Record& record : evidence.trace().records) {
        if (record.sequence >= moment.sequence) {
            break;
        }
        if (record.source != moment.source || record.binding != moment.binding) {
            continue;
        }
        const bool over = record.is(RD_KIND_CALLBACK, RD_EV_REQUEST_COMPLETE) ||
                          (record.is(RD_KIND_RETURN, RD_EV_REQUEST) && record.status != kPending);
        if (record.is(RD_KIND_CALL, RD_EV_REQUEST)) {
            out.insert(record.arg[0]);
        } else if (over) {
            out.erase(record.arg[0]);
        }
    }
    return out.size();
}

Answer requests(const Evidence& evidence, const Record& trigger) {
    const std::uint32_t wanted = evidence.run().promised.requests_held;
    for (const BindingLife& life : evidence.history().bindings()) {
        const bool counts = wanted != 0 && of_driver(evidence, life) && !life.unbinds.empty() &&
                            life.unbinds[0].span.enter->sequence > trigger.sequence &&
                            (life.opened == nullptr || life.opened->sequence < trigger.sequence);
        if (!counts) {
            continue;
        }
        const std::size_t out = requests_at(evidence, *life.unbinds[0].span.enter);
        if (out < wanted) {
            return fmt::format(
                "{} had {} requests in flight when it was unbound, not {}",
                name_of(life),
                out,
                wanted
            );
        }
    }
    return std::nullopt;
}

Answer handles(const Evidence& evidence, const Record& trigger) {
    const RunRecord& run = evidence.run();
    const std::uint32_t wanted = run.promised.handles_held;
    const std::uint64_t open = handles_at(evidence, trigger);
    if (wanted == 0) {
        return std::nullopt;
    }
    if (evidence.history().speaks(RD_SOURCE_DRIVER) && open < wanted) {
        return fmt::format("{} handles were open at the trigger, not {}", open, wanted);
    }
    const auto closed =
        std::count_if(run.answers.begin(), run.answers.end(), [](const auto& answer) {
            return answer.step == Step::close_handle && answer.status == 0;
        });
    return closed >= std::ptrdiff_t{wanted}
               ? Answer()
               : fmt::format("{} of {} handles were closed after the trigger", closed, wanted);
}

Answer link_changes(const Evidence& evidence, const Record& trigger) {
    const std::uint32_t wanted = evidence.run().promised.link_changes;
    for (const BindingLife* life : evidence.history().open_at(trigger, telling_side(evidence))) {
        std::uint32_t told = 0;
        for (const Record& record : evidence.trace().records) {
            told += record.sequence < trigger.sequence && record.binding == life->number &&
                            record.is(life->source, RD_KIND_CALLBACK, RD_EV_STATUS) &&
                            (record.status == kMediaConnect || record.status == kMediaDisconnect)
                        ? 1
                        : 0;
        }
        if (evidence.concerns_driver(*life) && told < wanted) {
            return fmt::format(
                "{} was told of {} changes of its link, not {}", name_of(*life), told, wanted
            );
        }
    }
    return std::nullopt;
}

Answer refusals(const Evidence& evidence, const Record& trigger) {
    const std::uint32_t wanted = evidence.run().promised.binds_refused;
    std::uint32_t refused = 0;
    for (const Record& record : evidence.trace().records) {
        const bool over = record.is(RD_KIND_CALLBACK_RETURN, RD_EV_BIND_ADAPTER) ||
                          record.is(RD_KIND_CALL, RD_EV_COMPLETE_BIND);
        refused += over && record.source == telling_side(evidence) &&
                           record.sequence < trigger.sequence && record.status != kSuccess &&
                           record.status != kPending
                       ? 1
                       : 0;
    }
    return refused >= wanted ? Answer()
                             : fmt::format("{} binds were refused, not {}", refused, wanted);
}

/// Bindings whose driver was answered with success, or not refused, when it set a packet filter.
std::uint32_t filters_asked_for(const Evidence& evidence) {
    constexpr std::uint64_t kSetPacketFilter = std::uint64_t{1} << 32 | 0x0001010E;
    std::set<std::uint16_t> bindings;
    for (const Record& record : evidence.trace().records) {
        const bool taken = record.status == kSuccess || record.status == kPending;
        if (record.is(RD_SOURCE_DRIVER, RD_KIND_RETURN, RD_EV_REQUEST) && taken &&
            record.arg[1] == kSetPacketFilter) {
            bindings.insert(record.binding);
        }
    }
    return static_cast<std::uint32_t>(bindings.size());
}

/// By NDIS's books; of an NDIS that cannot be asked, by the driver's OIDs.
Answer filters(const Evidence& evidence) {
    const RunRecord& run = evidence.run();
    const Census* bound = run.census(CensusPoint::bound);
    if (!run.promised.filters_set) {
        return std::nullopt;
    }
    const bool can_tell = bound == nullptr || bound->filters;
    const std::uint32_t set =
        bound == nullptr ? 0 : bound->filters.value_or(filters_asked_for(evidence));
    if (set < run.nic_count) {
        return fmt::format(
            "{} {} receive filters while the driver was bound to {} adapters",
            can_tell ? "NDIS had" : "by the driver's OIDs there were",
            set,
            run.nic_count
        );
    }
    for (std::size_t nic = 0; nic < run.nics.size(); ++nic) {
        const auto& filter = run.nics[nic].filter_while_bound;
        if (run.nics[nic].model.starts_with("virtio-net") &&
            (!filter || filter->multicast_table.empty())) {
            return fmt::format(
                "the device of NIC {} was not seen to have a multicast list while it was bound", nic
            );
        }
    }
    return std::nullopt;
}

/// A sync point that nobody was held or delayed at provoked nothing.
Answer held_points(const Evidence& evidence) {
    const auto armed = evidence.run().held_points.value_or(std::vector<HeldPoint>());
    for (const HeldPoint& held : armed) {
        bool provoked = false;
        bool could_not = false;
        for (const Record& record : evidence.trace().records) {
            if (record.event == RD_EV_SYNC_POINT && record.arg[0] == held.point) {
                provoked |= record.arg[1] == RD_SYNC_ARRIVED || record.arg[1] == RD_SYNC_DELAYED;
                could_not |= record.arg[1] == RD_SYNC_COULD_NOT_HOLD;
            }
        }
        if (!provoked) {
            return fmt::format(
                "nobody was held at the sync point {}{}",
                held.name,
                could_not ? ": they came by at a raised IRQL, where only a delay is possible" : ""
            );
        }
    }
    return std::nullopt;
}

}  // namespace

std::uint64_t handles_at(const Evidence& evidence, const Record& moment) {
    std::set<std::uint64_t> open;
    for (const Record& record : evidence.trace().records) {
        if (record.sequence >= moment.sequence) {
            break;
        }
        if (record.is(RD_SOURCE_DRIVER, RD_KIND_CALLBACK_RETURN, RD_EV_HANDLE_CREATE) &&
            record.status == kSuccess) {
            open.insert(record.object);
        } else if (record.is(RD_SOURCE_DRIVER, RD_KIND_CALLBACK, RD_EV_HANDLE_CLOSE)) {
            open.erase(record.object);
        }
    }
    return open.size();
}

std::optional<std::string> broken_promise(const Evidence& evidence) {
    const Record* trigger = evidence.history().mark(RD_MARK_TRIGGER);
    if (trigger == nullptr) {
        return std::nullopt;  // Told otherwise.
    }
    for (const auto& broken :
         {closes(evidence),
          opens(evidence),
          receives(evidence, *trigger),
          requests(evidence, *trigger),
          handles(evidence, *trigger),
          link_changes(evidence, *trigger),
          refusals(evidence, *trigger),
          held_points(evidence),
          filters(evidence)}) {
        if (broken) {
            return broken;
        }
    }
    return std::nullopt;
}

}  // namespace rundown::oracle
