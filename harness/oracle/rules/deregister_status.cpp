// SPDX-License-Identifier: MIT
// oracle/rules/deregister_status.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

void check_call(
    const Evidence& evidence, const ProtocolLife& life, const Span& call, Findings& findings
) {
    if (call.leave != nullptr && call.leave->status != 0) {
        findings.add_once(
            life.handle,
            call.leave,
            fmt::format(
                "NdisDeregisterProtocol returned {} to {} in place of NDIS_STATUS_SUCCESS.",
                trace::status_name(call.leave->status),
                side_of(life.source)
            )
        );
    }
    if (call.leave == nullptr && evidence.ended_in_order()) {
        // While it waits, a deadline is what ends the run; here the run went on without it.
        if (const auto* due = evidence.accounts_due(*call.enter, 0)) {
            findings.add_once(
                life.handle,
                call.enter,
                fmt::format(
                    "NdisDeregisterProtocol was called and had not returned when {} ({}).",
                    due->event == RD_EV_MARK ? "the run ended" : "Unload returned",
                    number_of(*due)
                )
            );
        }
    }
}

void check(const Evidence& evidence, Findings& findings) {
    bool traced = false;
    for (const ProtocolLife& life : evidence.history().protocols()) {
        if (!evidence.concerns_driver(life) || life.deregistrations.empty()) {
            continue;
        }
        traced = true;
        // A second call has no status to be right or wrong: protocol-handle reports it.
        check_call(evidence, life, life.deregistrations.front(), findings);
    }
    const StepAnswer* answer = evidence.run().answer(Step::deregister);
    if (!traced && answer != nullptr && answer->status != 0) {
        findings.add(
            nullptr,
            fmt::format(
                "Asked to deregister with its bindings open, the driver answered {}. {}",
                trace::status_name(answer->status),
                answer->message
            )
        );
    }
}

}  // namespace

const Rule deregister_status_rule{
    "deregister-status",
    "NdisDeregisterProtocol returns, and its status is NDIS_STATUS_SUCCESS.",
    "S1, NdisDeregisterProtocol: Status is set to NDIS_STATUS_SUCCESS on return",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
