// SPDX-License-Identifier: MIT
// oracle/rules/no_callback_after_deregister.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/left_open.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

bool is_protocol_callback(const Record& record) {
    return record.kind == RD_KIND_CALLBACK && record.event >= RD_EV_BIND_ADAPTER &&
           record.event <= RD_EV_PROTOCOL_UNLOAD;
}

/// Calls that need the protocol or one of its bindings; a driver may free its pools any time.
bool is_protocol_call(const Record& record) {
    return record.kind == RD_KIND_CALL &&
           ((record.event >= RD_EV_OPEN_ADAPTER && record.event <= RD_EV_COMPLETE_UNBIND) ||
            record.event == RD_EV_CANCEL_SEND_PACKETS);
}

std::string what_happened(const Record& record, const Record& gone) {
    if (record.event == RD_EV_BINDING_TOUCHED) {
        return fmt::format(
            "The driver used binding {} ({}, context {:#x}) after NdisDeregisterProtocol had "
            "returned ({}).",
            record.binding,
            number_of(record),
            record.object,
            number_of(gone)
        );
    }
    return fmt::format(
        "{} was called{} ({}) after NdisDeregisterProtocol had returned ({}), as {} tells it.",
        trace::function_name(record.event),
        record.binding != 0 ? fmt::format(" for binding {}", record.binding) : "",
        number_of(record),
        number_of(gone),
        side_of(record.source)
    );
}

class Watch {
  public:
    Watch(const Evidence& evidence, std::uint8_t source)
        : evidence_(evidence), source_(source), left_open_(left_open(evidence, source)) {}

    void see(const Record& record, Findings& findings) {
        if (record.source != source_) {
            return;
        }
        if (record.event == RD_EV_REGISTER_PROTOCOL) {
            gone_ = nullptr;  // From its call on: NDIS may bind before it returns.
        } else if (record.is(RD_KIND_RETURN, RD_EV_DEREGISTER_PROTOCOL) && record.status == 0 && is_drivers(record)) {
            gone_ = gone_ != nullptr ? gone_ : &record;
        } else if (gone_ != nullptr && is_forbidden(record)) {
            const std::uint64_t about = std::uint64_t{record.event} << 32 | record.binding;
            findings.add_once(about, &record, what_happened(record, *gone_));
        }
    }

  private:
    bool is_drivers(const Record& record) const {
        for (const ProtocolLife& life : evidence_.history().protocols()) {
            if (life.source == source_ && life.handle == record.object) {
                return evidence_.concerns_driver(life);
            }
        }
        return false;
    }

    bool is_forbidden(const Record& record) const {
        if (source_ == RD_SOURCE_NDIS &&
            (record.binding == 0 || !evidence_.concerns_driver(record))) {
            return false;  // Of another protocol, for all that can be told.
        }
        if (record.binding != 0 && left_open_.contains(record.binding)) {
            return false;  // It lives on, and not by the driver's doing: unbind-once-per-open's.
        }
        return is_protocol_callback(record) || is_protocol_call(record) ||
               record.event == RD_EV_BINDING_TOUCHED;
    }

    const Evidence& evidence_;
    const std::uint8_t source_;
    const std::map<std::uint16_t, const Record*> left_open_;
    const Record* gone_ = nullptr;
};

void check(const Evidence& evidence, Findings& findings) {
    Watch driver(evidence, RD_SOURCE_DRIVER);
    Watch ndis(evidence, RD_SOURCE_NDIS);
    for (const Record& record : evidence.trace().records) {
        driver.see(record, findings);
        ndis.see(record, findings);
    }
}

}  // namespace

const Rule no_callback_after_deregister_rule{
    "no-callback-after-deregister",
    "After NdisDeregisterProtocol has returned no handler of the protocol is called, nothing is "
    "sent, and nothing touches a binding.",
    "S6 and S9, NdisDeregisterProtocol: bindings are closed and their memory freed within the call",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
