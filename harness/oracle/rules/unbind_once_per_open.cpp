// SPDX-License-Identifier: MIT
// oracle/rules/unbind_once_per_open.cpp
#include <fmt/format.h>

#include <algorithm>

#include "oracle/evidence.hpp"
#include "oracle/left_open.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kPending = 0x103;

void check_deregistration(const Evidence& evidence, const Span& call, Findings& findings) {
    if (call.leave == nullptr) {
        return;
    }
    for (const auto* life : evidence.history().open_at(*call.enter, call.enter->source)) {
        const bool all_is_known =
            evidence.trace().whole(life->opened->sequence, call.leave->sequence);
        if (all_is_known && evidence.concerns_driver(*life) && !was_let_go(*life, call)) {
            findings.add_against_system(
                life->open,
                call.leave,
                fmt::format(
                    "NdisDeregisterProtocol ({} to {}) ignored an open binding: it returned "
                    "without ProtocolUnbindAdapter for {}, which was open (handle {:#x}, opened in "
                    "{}). What follows from that is not held against the driver.",
                    number_of(*call.enter),
                    number_of(*call.leave),
                    name_of(*life),
                    life->open,
                    number_of(*life->opened)
                )
            );
        }
    }
}

/// "An unbind cannot fail": neither the handler nor the completion may say that it has.
void check_status(const BindingLife& life, const Unbind& unbind, Findings& findings) {
    const Record* failed = nullptr;
    if (unbind.span.leave != nullptr && unbind.span.leave->status != kSuccess &&
        unbind.span.leave->status != kPending) {
        failed = unbind.span.leave;
    }
    for (const Record* completion : unbind.completions) {
        failed = failed == nullptr && completion->status != kSuccess ? completion : failed;
    }
    if (failed != nullptr) {
        findings.add_once(
            life.open,
            failed,
            fmt::format(
                "The unbind of {} ended in {} by {} ({}); an unbind cannot fail, only "
                "NDIS_STATUS_SUCCESS is documented for its end.",
                name_of(life),
                trace::status_name(failed->status),
                trace::function_name(failed->event),
                number_of(*failed)
            )
        );
    }
}

void check_completion(
    const Evidence& evidence, const BindingLife& life, const Unbind& unbind, Findings& findings
) {
    const Record* leave = unbind.span.leave;
    if (leave == nullptr) {
        return;  // Still inside: a matter of deadlines.
    }
    const bool at_once = leave->status != kPending;
    const std::size_t times = unbind.completions.size() + (at_once ? 1 : 0);
    if (times > 1) {
        const Record* last = unbind.completions.back();
        findings.add_once(
            life.open,
            last->sequence > leave->sequence || !at_once ? last : leave,
            fmt::format(
                "The unbind of {} was completed {} times: ProtocolUnbindAdapter returned {} ({}) "
                "and NdisCompleteUnbindAdapter was called {} times ({}).",
                name_of(life),
                times,
                trace::status_name(leave->status),
                number_of(*leave),
                unbind.completions.size(),
                number_of(*last)
            )
        );
    }
    const Record* due =
        times == 0 ? evidence.accounts_due(*unbind.span.enter, life.source) : nullptr;
    if (due != nullptr) {
        findings.add_once(
            life.open,
            leave,
            fmt::format(
                "ProtocolUnbindAdapter of {} returned NDIS_STATUS_PENDING and "
                "NdisCompleteUnbindAdapter was never called, up to {} ({}).",
                name_of(life),
                due->event == RD_EV_MARK ? "the end of the run"
                                         : "the return of " + trace::function_name(due->event),
                number_of(*due)
            )
        );
    }
}

void check(const Evidence& evidence, Findings& findings) {
    for (const ProtocolLife& life : evidence.history().protocols()) {
        for (const Span& call : life.deregistrations) {
            // With a handle that is none, nothing is deregistered: protocol-handle's finding.
            if (evidence.concerns_driver(life) && life.registered != nullptr) {
                check_deregistration(evidence, call, findings);
            }
        }
    }
    for (const BindingLife& life : evidence.history().bindings()) {
        if (!evidence.concerns_driver(life)) {
            continue;
        }
        if (life.unbinds.size() > 1) {
            findings.add_once(
                life.open,
                life.unbinds[1].span.enter,
                fmt::format(
                    "ProtocolUnbindAdapter was called {} times for {}: in {} and again in {}.",
                    life.unbinds.size(),
                    name_of(life),
                    number_of(*life.unbinds[0].span.enter),
                    number_of(*life.unbinds[1].span.enter)
                )
            );
        }
        for (const Unbind& unbind : life.unbinds) {
            check_completion(evidence, life, unbind, findings);
            check_status(life, unbind, findings);
        }
    }
}

}  // namespace

const Rule unbind_once_per_open_rule{
    "unbind-once-per-open",
    "Each open binding is unbound exactly once, within the call of NdisDeregisterProtocol if not "
    "before, and each unbind is completed exactly once, with success.",
    "S6, NdisDeregisterProtocol: open bindings make NDIS call ProtocolUnbindAdapter once for each; "
    "R5, ProtocolUnbindAdapter and NdisCompleteUnbindAdapter: an unbind cannot fail",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
