// SPDX-License-Identifier: MIT
// oracle/rules/deadline.cpp
//
// A deadline that passed is the driver's or NDIS's doing only when the trace shows where they are:
// inside a call of the teardown, or owing a completion. Else nobody knows, and judge() says so.
//
// A guest that hangs in its teardown may go on receiving and write over its own trace while the
// host waits; so what is missing must not make the hang go away:
//   - A few records that are missing cannot hide the returns of more calls than they are.
//   - When the beginning of the phase was overwritten, the guest was alive, and what was waited for
//     is the teardown, then it is the teardown that does not end, though nobody can be named.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;
using Chain = std::vector<const Record*>;

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

/// Records missing after that one.
std::uint64_t missing_after(const trace::Trace& trace, const Record& record) {
    std::uint64_t missing = 0;
    for (const trace::Gap& gap : trace.gaps) {
        missing += gap.first > record.sequence ? gap.end - gap.first : 0;
    }
    return missing;
}

/// Calls of a life without a return, by both sides, of which at least one must be without it in
/// truth: there are more of them than records missing after the first.
Chain surely_unreturned(const Evidence& evidence) {
    Chain calls;
    for (const Record* record : evidence.calls().without_return()) {
        if (is_of_a_life(*record)) {
            calls.push_back(record);
        }
    }
    while (!calls.empty() && missing_after(evidence.trace(), *calls.front()) >= calls.size()) {
        calls.erase(calls.begin());
    }
    return calls;
}

/// Those of the innermost one's thread, outermost first, as one side tells them.
Chain chain_of(const Chain& calls, std::uint8_t source) {
    Chain chain;
    for (const Record* record : calls) {
        if (record->source == source) {
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

std::string words_for(const Chain& chain) {
    std::vector<std::string> words;
    for (const Record* record : chain) {
        words.push_back(words_for(*record));
    }
    return fmt::format("{}", fmt::join(words, " -> "));
}

bool blame_calls(const Evidence& evidence, const std::string& waited, Findings& findings) {
    const Chain calls = surely_unreturned(evidence);
    for (const std::uint8_t source : {RD_SOURCE_DRIVER, RD_SOURCE_NDIS}) {
        const Chain chain = chain_of(calls, source);
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

bool blame_close(
    const Evidence& evidence, const BindingLife& life, const std::string& waited, Findings& findings
) {
    const bool close_pends = life.closes.size() == 1 && life.closes[0].leave != nullptr &&
                             life.closes[0].leave->status == kPending && life.closed() == nullptr;
    if (!close_pends || !evidence.trace().whole_after(life.closes[0].enter->sequence)) {
        return false;
    }
    findings.add(
        life.closes[0].leave,
        fmt::format(
            "{} NdisCloseAdapter of {} returned NDIS_STATUS_PENDING ({}) and "
            "ProtocolCloseAdapterComplete has not been called: NDIS waits for what the binding "
            "still has in flight.",
            waited,
            name_of(life),
            number_of(*life.closes[0].leave)
        )
    );
    return true;
}

bool blame_unbind(
    const Evidence& evidence, const BindingLife& life, const std::string& waited, Findings& findings
) {
    for (const Unbind& unbind : life.unbinds) {
        if (unbind.span.leave == nullptr || unbind.span.leave->status != kPending ||
            !unbind.completions.empty() ||
            !evidence.trace().whole_after(unbind.span.enter->sequence)) {
            continue;
        }
        findings.add(
            unbind.span.leave,
            fmt::format(
                "{} ProtocolUnbindAdapter of {} returned NDIS_STATUS_PENDING ({}) and the driver "
                "has not called NdisCompleteUnbindAdapter.",
                waited,
                name_of(life),
                number_of(*unbind.span.leave)
            )
        );
        return true;
    }
    return false;
}

/// Nobody is inside a call, and somebody said NDIS_STATUS_PENDING and did not come back.
bool blame_promises(const Evidence& evidence, const std::string& waited, Findings& findings) {
    const auto& lives = evidence.history().bindings();
    return std::any_of(lives.begin(), lives.end(), [&](const BindingLife& life) {
        return blame_close(evidence, life, waited, findings) ||
               blame_unbind(evidence, life, waited, findings);
    });
}

/// The ring went round since the trigger, so its mark is lost; then the guest was alive all the
/// time, and has not come to the mark behind the teardown, nor to any record of its end.
void blame_the_teardown(const Evidence& evidence, const std::string& waited, Findings& findings) {
    const trace::Trace& trace = evidence.trace();
    const bool went_round = trace.lost != 0 && !trace.gaps.empty() && trace.gaps.front().first == 0;
    const bool waits_for_teardown = evidence.run().deadline->phase == "trigger";
    const bool over =
        std::any_of(trace.records.begin(), trace.records.end(), [](const auto& record) {
            return record.event == RD_EV_MARK || record.event == RD_EV_DRIVER_UNLOAD ||
                   record.event == RD_EV_DEREGISTER_PROTOCOL;
        });
    if (!went_round || !waits_for_teardown || over || trace.records.empty()) {
        return;
    }
    findings.add(
        &trace.records.back(),
        fmt::format(
            "{} The guest was running (it wrote {} records more than its trace holds) and the "
            "teardown did not end; the records of what it is in are among those overwritten, "
            "before {}.",
            waited,
            trace.lost,
            number_of(trace.records.front())
        )
    );
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
    if (!blame_calls(evidence, waited, findings) && !blame_promises(evidence, waited, findings)) {
        blame_the_teardown(evidence, waited, findings);
    }
}

}  // namespace

const Rule deadline_rule{
    "deadline",
    "Each phase ends within its deadline: no call or handler of the teardown stays away, no "
    "completion is owed for ever.",
    "S6 and R5, NdisDeregisterProtocol and ProtocolUnbindAdapter: an unbind cannot fail, and ends",
    check,
    {}};

}  // namespace rundown::oracle
