// SPDX-License-Identifier: MIT
// oracle/rules/no_callback_after_close.cpp
#include <fmt/format.h>

#include <unordered_map>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

/// Handlers called with the binding's context. ProtocolUnbindAdapter is not among them: NDIS may
/// have decided on it before the driver closed by itself; nor ProtocolCloseAdapterComplete, whose
/// number is close-completed-once's.
bool uses_the_context(std::uint16_t event) {
    switch (event) {
        case RD_EV_REQUEST_COMPLETE:
        case RD_EV_SEND_COMPLETE:
        case RD_EV_TRANSFER_DATA_COMPLETE:
        case RD_EV_RESET_COMPLETE:
        case RD_EV_RECEIVE:
        case RD_EV_RECEIVE_COMPLETE:
        case RD_EV_RECEIVE_PACKET:
        case RD_EV_STATUS:
        case RD_EV_STATUS_COMPLETE:
        case RD_EV_PNP_EVENT:
            return true;
        default:
            return false;
    }
}

/// Calls that take the binding handle, which NdisCloseAdapter takes away.
bool uses_the_handle(std::uint16_t event) {
    switch (event) {
        case RD_EV_REQUEST:
        case RD_EV_SEND:
        case RD_EV_SEND_PACKETS:
        case RD_EV_TRANSFER_DATA:
        case RD_EV_RESET:
        case RD_EV_CANCEL_SEND_PACKETS:
            return true;
        default:
            return false;
    }
}

std::uint64_t key_of(std::uint8_t source, std::uint16_t number) {
    return std::uint64_t{source} << 16 | number;
}

struct Closed {
    const BindingLife* life = nullptr;
    const Record* closed = nullptr;  // As BindingLife::closed(), looked up once.
};

void check_record(const Closed& binding, const Record& record, Findings& findings) {
    const BindingLife& life = *binding.life;
    const Record* closed = binding.closed;
    const std::uint64_t about = life.open << 8 | record.event;
    if (record.kind == RD_KIND_CALLBACK && uses_the_context(record.event) && closed != nullptr &&
        record.sequence > closed->sequence) {
        findings.add_once(
            about,
            &record,
            fmt::format(
                "{} was called for {} ({}) after its close had completed ({}).",
                trace::function_name(record.event),
                name_of(life),
                number_of(record),
                number_of(*closed)
            )
        );
    }
    if (record.kind == RD_KIND_CALL && uses_the_handle(record.event) && !life.closes.empty() &&
        record.sequence > life.closes.front().enter->sequence) {
        findings.add_once(
            about,
            &record,
            fmt::format(
                "{} was called on {} ({}) after NdisCloseAdapter had been ({}): the handle {:#x} "
                "is no longer valid.",
                trace::function_name(record.event),
                name_of(life),
                number_of(record),
                number_of(*life.closes.front().enter),
                record.object
            )
        );
    }
    if (record.event == RD_EV_BINDING_TOUCHED && life.freed != nullptr &&
        record.sequence > life.freed->sequence) {
        findings.add_once(
            about,
            &record,
            fmt::format(
                "The driver used {} ({}) after it had freed its memory ({}).",
                name_of(life),
                number_of(record),
                number_of(*life.freed)
            )
        );
    }
}

void check(const Evidence& evidence, Findings& findings) {
    std::unordered_map<std::uint64_t, Closed> lives;
    for (const BindingLife& life : evidence.history().bindings()) {
        if (evidence.concerns_driver(life)) {
            lives[key_of(life.source, life.number)] = {&life, life.closed()};
        }
    }
    for (const Record& record : evidence.trace().records) {
        const auto life =
            record.binding != 0 ? lives.find(key_of(record.source, record.binding)) : lives.end();
        if (life != lives.end()) {
            check_record(life->second, record, findings);
        }
    }
}

}  // namespace

const Rule no_callback_after_close_rule{
    "no-callback-after-close",
    "After NdisCloseAdapter was called nothing uses the binding handle; after the close completed "
    "no handler is called with the binding's context, and nothing touches its memory.",
    "R11 and R12, NdisCloseAdapter and ProtocolCloseAdapterComplete: the handle is invalid once "
    "the call is made; the context must live, and live only, until the close completes",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
