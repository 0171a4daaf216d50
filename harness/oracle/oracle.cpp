// SPDX-License-Identifier: MIT
// oracle/oracle.cpp
#include "oracle/oracle.hpp"

#include <fmt/format.h>

#include <array>

#include "oracle/evidence.hpp"
#include "oracle/progress.hpp"
#include "oracle/promises.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

Verdict inconclusive(InconclusiveKind why, std::string sentence) {
    Verdict verdict;
    verdict.kind = VerdictKind::inconclusive;
    verdict.why = why;
    verdict.sentence = std::move(sentence);
    return verdict;
}

/// Microseconds on the guest's clock; nothing when the record or the clock's frequency is unknown.
std::optional<std::uint64_t> time_of(const trace::Trace& trace, std::uint64_t sequence) {
    const trace::Record* record = trace.find(sequence);
    if (record == nullptr || trace.frequency_hz == 0) {
        return std::nullopt;
    }
    const std::uint64_t hz = trace.frequency_hz;
    const std::uint64_t rest = record->time % hz;
    // The guest names the frequency: no product that could overflow.
    return record->time / hz * 1'000'000 +
           static_cast<std::uint64_t>(static_cast<double>(rest) * 1e6 / static_cast<double>(hz));
}

std::vector<Finding> findings_of(const Evidence& evidence) {
    std::vector<Finding> all;
    for (const Rule& rule : rules()) {
        Findings findings(rule);
        rule.check(evidence, findings);
        for (Finding& finding : std::move(findings).take()) {
            if (finding.event) {
                finding.event_us = time_of(evidence.trace(), *finding.event);
            }
            all.push_back(std::move(finding));
        }
    }
    return all;
}

InFlight in_flight_at_trigger(const Evidence& evidence) {
    const trace::Record* trigger = evidence.history().mark(RD_MARK_TRIGGER);
    if (trigger == nullptr) {
        return {};
    }
    const std::uint8_t side =
        evidence.history().speaks(RD_SOURCE_DRIVER) ? RD_SOURCE_DRIVER : RD_SOURCE_NDIS;
    InFlight in_flight = evidence.ledger(side).at_trigger;
    in_flight.handles = handles_at(evidence, *trigger);
    in_flight.calls = evidence.calls().under_way_at(*trigger, side);
    return in_flight;
}

/// Why a run without findings is no proof either; nothing when it is one.
std::optional<Verdict> shortcoming(const Evidence& evidence) {
    const RunRecord& run = evidence.run();
    if (run.interruption) {
        return inconclusive(run.interruption->why, run.interruption->sentence);
    }
    if (run.guest_end == GuestEnd::died) {
        return inconclusive(InconclusiveKind::infrastructure, "QEMU went away during the run");
    }
    if (run.deadline) {
        return inconclusive(
            run.deadline->phase == "boot" ? InconclusiveKind::boot_failed
                                          : InconclusiveKind::lost_contact,
            fmt::format(
                "gave up waiting for {} in phase {} after {} ms; the trace does not show whose "
                "fault it is",
                run.deadline->waiting_for,
                run.deadline->phase,
                run.deadline->after_ms
            )
        );
    }
    const bool reset = run.guest_end == GuestEnd::reset && run.trigger != "reboot";
    if (reset || run.guest_end == GuestEnd::panicked) {
        return inconclusive(
            InconclusiveKind::lost_contact, "the guest ended before the run did, and left no reason"
        );
    }
    if (auto truncated = truncation(evidence)) {
        return inconclusive(InconclusiveKind::trace_truncated, std::move(*truncated));
    }
    if (auto missing = missing_progress(evidence)) {
        return inconclusive(InconclusiveKind::no_progress, std::move(*missing));
    }
    return std::nullopt;
}

/// A deadline's verdict, whichever it is, says what the guest was doing.
void tell_guest_state(const RunRecord& run, Verdict& verdict) {
    if (!run.deadline || !run.deadline->guest_state) {
        return;
    }
    const std::string words = " " + *run.deadline->guest_state;
    for (Finding& finding : verdict.findings) {
        if (finding.rule == deadline_rule.name) {
            finding.explanation += words;
        }
    }
    if (verdict.kind == VerdictKind::inconclusive && !run.interruption) {
        verdict.sentence += "." + words;
    }
}

}  // namespace

std::span<const Rule> rules() {
    static const std::array all = {
        bug_check_rule,
        deadline_rule,
        contract_violation_rule,
        deregister_status_rule,
        protocol_handle_rule,
        deregistered_before_unload_rule,
        unbind_once_per_open_rule,
        open_closed_once_rule,
        close_completed_once_rule,
        no_callback_after_close_rule,
        no_callback_after_deregister_rule,
        silent_wire_rule,
        packets_returned_rule,
        buffers_returned_rule,
        requests_completed_rule,
        filters_released_rule,
        pool_balance_rule,
        unload_waits_for_handles_rule,
        image_gone_rule,
        passive_level_rule,
        right_call_for_version_rule,
        traffic_rule,
    };
    return all;
}

Judgement judge(const RunRecord& record) {
    const Evidence evidence(record);
    Judgement judgement;
    judgement.in_flight = in_flight_at_trigger(evidence);
    const bool cancelled =
        record.interruption && record.interruption->why == InconclusiveKind::cancelled;
    auto findings = cancelled ? std::vector<Finding>{} : findings_of(evidence);
    if (!cancelled) {
        const Grounds grounds = grounds_of(evidence);
        for (const Rule& rule : rules()) {
            judgement.rules.push_back(coverage_of(rule.name, rule.needs, grounds));
        }
    }
    if (!findings.empty()) {
        judgement.verdict.kind = VerdictKind::fail;
        judgement.verdict.findings = std::move(findings);
    } else if (auto verdict = shortcoming(evidence)) {
        judgement.verdict = std::move(*verdict);
    } else {
        judgement.verdict.kind = VerdictKind::pass;
    }
    tell_guest_state(record, judgement.verdict);
    return judgement;
}

}  // namespace rundown::oracle
