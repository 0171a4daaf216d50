// SPDX-License-Identifier: MIT
// oracle/progress.cpp
#include "oracle/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "oracle/promises.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

/// The side whose records count: the driver's, or NDIS's where the driver leaves none.
std::uint8_t telling_side(const Evidence& evidence) {
    return evidence.history().speaks(RD_SOURCE_DRIVER) ? RD_SOURCE_DRIVER : RD_SOURCE_NDIS;
}

/// The guest went away as the scenario wanted: what it still wrote as it went need not be whole.
bool ended_by_itself(const RunRecord& run) {
    return run.guest_end == GuestEnd::powered_off ||
           (run.guest_end == GuestEnd::reset && run.trigger == "reboot");
}

/// The last return of NdisDeregisterProtocol, or null.
const Record* last_deregistration(const Evidence& evidence) {
    const Record* last = nullptr;
    for (const ProtocolLife& life : evidence.history().protocols()) {
        for (const Span& call : life.deregistrations) {
            if (call.leave != nullptr && (last == nullptr || call.leave->sequence > last->sequence))
                last = call.leave;
        }
    }
    return last;
}

bool sent_anything_before(const Evidence& evidence, const Record& moment) {
    const auto& records = evidence.trace().records;
    return std::any_of(records.begin(), records.end(), [&](const Record& record) {
        return record.sequence < moment.sequence &&
               (record.event == RD_EV_SEND || record.event == RD_EV_PACKET_SENT ||
                record.event == RD_EV_SEND_PACKETS);
    });
}

/// Only the test drivers have a device, and leave records of who opens it.
bool tells_of_handles(const Evidence& evidence) {
    const auto& records = evidence.trace().records;
    return std::any_of(records.begin(), records.end(), [](const Record& record) {
        return record.event == RD_EV_HANDLE_CREATE;
    });
}

std::optional<std::string> missing_load(const Evidence& evidence, const Record& trigger) {
    const RunRecord& run = evidence.run();
    if (run.nic_count == 0 || (run.load != "light" && run.load != "heavy")) {
        return std::nullopt;
    }
    if (!sent_anything_before(evidence, trigger)) {
        return fmt::format(
            "the trigger came with load '{}' asked for and nothing ever sent", run.load
        );
    }
    const Ledger& ledger = evidence.ledger(telling_side(evidence));
    const InFlight& at_trigger = ledger.at_trigger;
    const bool no_packet =
        at_trigger.sends == 0 && at_trigger.receives_held == 0 && ledger.transfers_at_trigger == 0;
    if (run.load == "heavy" && no_packet) {
        return "the trigger came with load 'heavy' asked for and no packet in flight";
    }
    if (run.load == "heavy" && tells_of_handles(evidence) && handles_at(evidence, trigger) == 0) {
        return "the trigger came with load 'heavy' asked for and no handle open";
    }
    return std::nullopt;
}

std::optional<std::string> missing_steps(const Evidence& evidence) {
    const RunRecord& run = evidence.run();
    if (run.trigger == "power-off") {
        return run.guest_end == GuestEnd::powered_off
                   ? std::nullopt
                   : std::optional<std::string>("the guest was not seen to power itself off");
    }
    if (run.trigger == "reboot") {
        return run.guest_end == GuestEnd::reset
                   ? std::nullopt
                   : std::optional<std::string>("the guest was not seen to reset itself");
    }
    if (run.answer(Step::stop) == nullptr) {
        return "the driver was never stopped";
    }
    if (run.trigger == "deregister" && run.answer(Step::deregister) == nullptr) {
        return "the driver was never asked to deregister";
    }
    const auto triggers = std::count_if(
        evidence.history().marks().begin(),
        evidence.history().marks().end(),
        [](const Record* mark) { return mark->arg[0] == RD_MARK_TRIGGER; }
    );
    const auto unbinds =
        std::count_if(run.answers.begin(), run.answers.end(), [](const StepAnswer& answer) {
            return answer.step == Step::unbind && answer.status == 0;
        });
    const bool cycles = run.trigger == "rebind" || run.trigger == "adapter-disable";
    if (cycles && std::max(triggers, unbinds) < std::ptrdiff_t{run.cycles}) {
        return fmt::format("{} of {} cycles were run", std::max(triggers, unbinds), run.cycles);
    }
    const auto removed =
        std::count_if(run.answers.begin(), run.answers.end(), [](const StepAnswer& answer) {
            return answer.step == Step::remove;
        });
    const bool removal = run.trigger == "removal" || run.trigger == "surprise-removal";
    if (removal && removed < std::ptrdiff_t{run.nic_count}) {
        return fmt::format("{} of {} devices were seen to go", removed, run.nic_count);
    }
    if (run.reload_wanted && run.answer(Step::reload_start) == nullptr) {
        return "the driver was not loaded again, as the scenario wants";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> truncation(const Evidence& evidence) {
    const trace::Trace& trace = evidence.trace();
    if (trace.gaps.empty()) {
        return std::nullopt;
    }
    const Record* last = last_deregistration(evidence);
    if (ended_by_itself(evidence.run()) && last != nullptr && trace.whole_before(last->sequence)) {
        return std::nullopt;
    }
    return fmt::format(
        "{} records of the trace were overwritten and {} left unfinished, of {}",
        trace.lost,
        trace.torn,
        trace.head
    );
}

std::optional<std::string> missing_progress(const Evidence& evidence) {
    const RunRecord& run = evidence.run();
    if (evidence.trace().records.empty()) {
        return "the trace is empty: neither the driver nor the guest left a record";
    }
    if (const StepAnswer* start = run.answer(Step::start); start != nullptr && start->status != 0) {
        return fmt::format("the driver did not start: {}", start->message);
    }
    const Record* trigger = evidence.history().mark(RD_MARK_TRIGGER);
    if (trigger == nullptr) {
        return "the trigger was never reached";
    }
    const auto open = evidence.history().open_at(*trigger, telling_side(evidence));
    const auto bound = std::count_if(open.begin(), open.end(), [&](const BindingLife* life) {
        return evidence.concerns_driver(*life);
    });
    if (bound < std::ptrdiff_t{run.nic_count}) {
        return fmt::format("the trigger came with {} of {} adapters bound", bound, run.nic_count);
    }
    if (auto load = missing_load(evidence, *trigger)) {
        return load;
    }
    if (auto broken = broken_promise(evidence)) {
        return broken;
    }
    if (last_deregistration(evidence) == nullptr) {
        return "nobody ever called NdisDeregisterProtocol";
    }
    return missing_steps(evidence);
}

}  // namespace rundown::oracle
