// SPDX-License-Identifier: MIT
// oracle/rules/deadline.cpp
//
// A deadline that passed is the driver's or NDIS's doing only when the trace shows where they are:
// inside a call of the teardown, or owing a completion. Else nobody knows, and judge() says so.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

constexpr std::uint32_t kPending = 0x103;

/// Calls whose length is the teardown's (or the bind's): one that does not return is to blame.
bool is_of_a_life(const Record& record) {
    switch (record.event) {
        case RD_EV_REGISTER_PROTOCOL:
        case RD_EV_DEREGISTER_PROTOCOL:
        case RD_EV_OPEN_ADAPTER:
        case RD_EV_CLOSE_ADAPTER:
        case RD_EV_COMPLETE_BIND:
        case RD_EV_COMPLETE_UNBIND:
        case RD_EV_BIND_ADAPTER:
        case RD_EV_UNBIND_ADAPTER:
        case RD_EV_OPEN_ADAPTER_COMPLETE:
        case RD_EV_CLOSE_ADAPTER_COMPLETE:
        case RD_EV_PNP_EVENT:
        case RD_EV_DRIVER_ENTRY:
        case RD_EV_DRIVER_UNLOAD:
        case RD_EV_SHUTDOWN:
            return true;
        default:
            return false;
    }
}

/// Unreturned calls of the innermost one's thread, outermost first.
std::vector<const Record*> chain_of(const Evidence& evidence, std::uint8_t source) {
    std::vector<const Record*> chain;
    for (const Record* record : evidence.calls().unreturned()) {
        if (record->source == source && is_of_a_life(*record)) {
            if (!chain.empty() && chain.front()->thread != record->thread) {
                chain.clear();
            }
            chain.push_back(record);
        }
    }
    return chain;
}

std::string words_for(const Record& record) {
    return fmt::format(
        "{}{} ({})",
        trace::function_name(record.event),
        record.binding != 0 ? fmt::format(" of binding {}", record.binding) : "",
        number_of(record)
    );
}

std::string words_for(const std::vector<const Record*>& chain) {
    std::vector<std::string> words;
    for (const Record* record : chain) {
        words.push_back(words_for(*record));
    }
    return fmt::format("{}", fmt::join(words, " -> "));
}

bool blame_calls(const Evidence& evidence, const std::string& waited, Findings& findings) {
    for (const std::uint8_t source : {RD_SOURCE_DRIVER, RD_SOURCE_NDIS}) {
        const auto chain = chain_of(evidence, source);
        if (!chain.empty()) {
            findings.add(
                chain.back(),
                fmt::format(
                    "{} By the records of {} this was entered and never returned: {}.",
                    waited,
                    side_of(source),
                    words_for(chain)
                )
            );
            return true;
        }
    }
    return false;
}

/// Nobody is inside a call, and somebody said NDIS_STATUS_PENDING and did not come back.
bool blame_promises(const Evidence& evidence, const std::string& waited, Findings& findings) {
    for (const BindingLife& life : evidence.history().bindings()) {
        const bool close_pends = life.closes.size() == 1 && life.closes[0].leave != nullptr &&
                                 life.closes[0].leave->status == kPending &&
                                 life.closed() == nullptr;
        if (close_pends && evidence.trace().whole_after(life.closes[0].enter->sequence)) {
            findings.add(
                life.closes[0].leave,
                fmt::format(
                    "{} NdisCloseAdapter of {} returned NDIS_STATUS_PENDING ({}) and "
                    "ProtocolCloseAdapterComplete has not been called: NDIS waits for what the "
                    "binding still has in flight.",
                    waited,
                    name_of(life),
                    number_of(*life.closes[0].leave)
                )
            );
            return true;
        }
        for (const Unbind& unbind : life.unbinds) {
            if (unbind.span.leave != nullptr && unbind.span.leave->status == kPending &&
                unbind.completions.empty() &&
                evidence.trace().whole_after(unbind.span.enter->sequence)) {
                findings.add(
                    unbind.span.leave,
                    fmt::format(
                        "{} ProtocolUnbindAdapter of {} returned NDIS_STATUS_PENDING ({}) and the "
                        "driver has not called NdisCompleteUnbindAdapter.",
                        waited,
                        name_of(life),
                        number_of(*unbind.span.leave)
                    )
                );
                return true;
            }
        }
    }
    return false;
}

void check(const Evidence& evidence, Findings& findings) {
    const auto& passed = evidence.run().deadline;
    if (!passed || evidence.run().interruption) {
        return;
    }
    const std::string waited = fmt::format(
        "In phase {} the harness waited {} ms for {} in vain.",
        passed->phase,
        passed->after_ms,
        passed->waiting_for
    );
    if (!blame_calls(evidence, waited, findings)) {
        blame_promises(evidence, waited, findings);
    }
}

}  // namespace

const Rule deadline_rule{
    "deadline",
    "Each phase ends within its deadline: no call or handler of the teardown stays away, no "
    "completion is owed for ever.",
    "S6 and R5, NdisDeregisterProtocol and ProtocolUnbindAdapter: an unbind cannot fail, and ends",
    check};

}  // namespace rundown::oracle
