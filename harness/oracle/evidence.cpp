// SPDX-License-Identifier: MIT
// oracle/evidence.cpp
#include "oracle/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rundown::oracle {
namespace {

using trace::Record;

constexpr std::size_t kFindingsPerRuleMax = 5;

/// A copy cut after the mark that ends the run; nothing when there is nothing to cut.
std::optional<trace::Trace> trimmed(const trace::Trace& whole) {
    const auto end = end_of_run(whole);
    if (end == whole.head) {
        return std::nullopt;
    }
    trace::Trace cut = whole;
    cut.cut(end);
    return cut;
}

}  // namespace

std::uint64_t end_of_run(const trace::Trace& trace) {
    // It is among the last.
    const auto end =
        std::find_if(trace.records.rbegin(), trace.records.rend(), [](const Record& record) {
            return record.event == RD_EV_MARK && record.arg[0] == RD_MARK_END;
        });
    return end == trace.records.rend() ? trace.head : end->sequence + 1;
}

Evidence::Evidence(const RunRecord& run)
    : run_(run),
      trimmed_(trimmed(run.trace)),
      calls_(trace()),
      history_(trace(), calls_),
      driver_ledger_(keep_ledger(trace(), calls_, RD_SOURCE_DRIVER)),
      ndis_ledger_(keep_ledger(trace(), calls_, RD_SOURCE_NDIS)) {
    for (const BindingLife& life : history_.bindings()) {
        if (life.source == RD_SOURCE_DRIVER && life.open != 0) {
            driver_opens_.insert(life.open);
        }
    }
    for (const ProtocolLife& life : history_.protocols()) {
        if (life.source == RD_SOURCE_DRIVER) {
            driver_protocols_.insert(life.handle);
        }
    }
    find_crash();
    find_accounts();
}

void Evidence::find_crash() {
    for (const Record& record : trace().records) {
        if (record.event == RD_EV_BUG_CHECK && !crash_) {
            crash_ = Crash{{}, &record};
            crash_->what.code = static_cast<std::uint32_t>(record.object);
            crash_->what.parameter = {record.arg[0], record.arg[1], 0, 0};
        } else if (record.event == RD_EV_BUG_CHECK_MORE && crash_ && crash_->what.offset == 0) {
            crash_->what.parameter[2] = record.arg[0];
            crash_->what.parameter[3] = record.arg[1];
            crash_->what.offset = record.object;
        }
    }
    if (run_.bug_check && crash_) {
        crash_->what.module = run_.bug_check->module;
        crash_->what.offset = run_.bug_check->offset;
    } else if (run_.bug_check) {
        crash_ = Crash{*run_.bug_check, nullptr};
    }
}

void Evidence::find_accounts() {
    for (const Record& record : trace().records) {
        const bool due = record.is(RD_KIND_RETURN, RD_EV_DEREGISTER_PROTOCOL) ||
                         record.is(RD_KIND_CALLBACK_RETURN, RD_EV_DRIVER_UNLOAD) ||
                         (record.event == RD_EV_MARK && record.arg[0] == RD_MARK_END);
        if (due) {
            accounts_.push_back(&record);
        }
    }
}

const Record* Evidence::accounts_due(const Record& cause, std::uint8_t source) const {
    for (const Record* record : accounts_) {
        if (record->sequence <= cause.sequence ||
            (record->event == RD_EV_DEREGISTER_PROTOCOL && record->source != source)) {
            continue;
        }
        return trace().whole(cause.sequence, record->sequence) ? record : nullptr;
    }
    return nullptr;
}

bool Evidence::tells_opens() const {
    // Opens may have been overwritten, those of others too: then an unknown one is nobody's.
    return history_.speaks(RD_SOURCE_DRIVER) && (!driver_opens_.empty() || trace().lost != 0);
}

bool Evidence::concerns_driver(const BindingLife& life) const {
    return life.source == RD_SOURCE_DRIVER || !tells_opens() || driver_opens_.contains(life.open);
}

bool Evidence::concerns_driver(const ProtocolLife& life) const {
    return life.source == RD_SOURCE_DRIVER || driver_protocols_.empty() ||
           driver_protocols_.contains(life.handle);
}

bool Evidence::concerns_driver(const Record& record) const {
    const BindingLife* life = history_.binding_of(record);
    if (life == nullptr) {
        return record.binding == 0 || record.source == RD_SOURCE_DRIVER || !tells_opens();
    }
    return concerns_driver(*life);
}

bool Evidence::ended_in_order() const {
    return !crash_ && !run_.deadline && !run_.interruption && run_.guest_end != GuestEnd::died &&
           run_.guest_end != GuestEnd::panicked &&
           (run_.guest_end != GuestEnd::reset || run_.trigger == "reboot");
}

void Findings::add(const Record* event, std::string explanation) {
    if (findings_.size() == kFindingsPerRuleMax) {
        ++more_;
        return;
    }
    Finding finding;
    finding.rule = rule_.name;
    finding.citation = rule_.citation;
    if (event != nullptr) {
        finding.event = event->sequence;
    }
    finding.explanation = std::move(explanation);
    findings_.push_back(std::move(finding));
}

void Findings::add_once(std::uint64_t about, const Record* event, std::string explanation) {
    if (reported_.insert(about).second) {
        add(event, std::move(explanation));
    }
}

void Findings::add_against_system(
    std::uint64_t about, const Record* event, std::string explanation
) {
    const std::size_t before = findings_.size();
    add_once(about, event, std::move(explanation));
    if (findings_.size() > before) {
        findings_.back().against = "the system";
    }
}

std::vector<Finding> Findings::take() && {
    if (more_ != 0) {
        findings_.back().explanation += fmt::format(" And {} more like it.", more_);
    }
    return std::move(findings_);
}

std::string number_of(const Record& record) {
    return fmt::format("#{}", record.sequence);
}

std::string side_of(std::uint8_t source) {
    return source == RD_SOURCE_NDIS ? "NDIS" : "the driver";
}

}  // namespace rundown::oracle
