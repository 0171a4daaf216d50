// SPDX-License-Identifier: MIT
// oracle/rules/deregistered_before_unload.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

/// Was the protocol registered before that moment and not deregistered by then?
bool is_registered_at(const Evidence& evidence, const ProtocolLife& life, const Record& moment) {
    return life.registered != nullptr && life.registered->sequence < moment.sequence &&
           (life.deregistrations.empty() ||
            life.deregistrations.front().enter->sequence > moment.sequence) &&
           evidence.trace().whole(life.registered->sequence, moment.sequence);
}

void check_end_of(
    const Evidence& evidence,
    const std::vector<Span>& spans,
    const char* routine,
    Findings& findings
) {
    for (const Span& span : spans) {
        for (const ProtocolLife& life : evidence.history().protocols()) {
            if (span.leave != nullptr && evidence.concerns_driver(life) &&
                is_registered_at(evidence, life, *span.leave)) {
                findings.add_once(
                    life.handle,
                    span.leave,
                    fmt::format(
                        "{} returned and the protocol {:#x}, registered in {}, had not been "
                        "deregistered.",
                        routine,
                        life.handle,
                        number_of(*life.registered)
                    )
                );
            }
        }
    }
}

/// Powered off without the driver having been told, or having acted.
void check_power_off(const Evidence& evidence, Findings& findings) {
    const RunRecord& run = evidence.run();
    const bool whole_trace_is_there =
        (run.trigger == "power-off" && run.guest_end == GuestEnd::powered_off) ||
        (run.trigger == "reboot" && run.guest_end == GuestEnd::reset);
    for (const ProtocolLife& life : evidence.history().protocols()) {
        if (whole_trace_is_there && evidence.concerns_driver(life) && life.registered != nullptr &&
            life.deregistrations.empty() &&
            evidence.trace().whole_after(life.registered->sequence)) {
            findings.add_once(
                life.handle,
                life.registered,
                fmt::format(
                    "The system shut down with the protocol {:#x} registered: no shutdown routine "
                    "deregistered it.",
                    life.handle
                )
            );
        }
    }
}

void check(const Evidence& evidence, Findings& findings) {
    check_end_of(evidence, evidence.history().unloads(), "Unload", findings);
    check_end_of(evidence, evidence.history().shutdowns(), "The shutdown routine", findings);
    check_power_off(evidence, findings);
}

}  // namespace

const Rule deregistered_before_unload_rule{
    "deregistered-before-unload",
    "A driver has deregistered its protocol when Unload returns, and when the system is shut down.",
    "S4 and S5, NdisDeregisterProtocol: called when the driver is being unloaded, and when the "
    "system is being shut down",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
