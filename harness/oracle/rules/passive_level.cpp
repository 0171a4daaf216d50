// SPDX-License-Identifier: MIT
// oracle/rules/passive_level.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

/// Calls the driver must make at PASSIVE_LEVEL, and handlers NDIS and the system must call there.
bool must_be_passive(const Record& record) {
    if (record.kind == RD_KIND_CALL) {
        return record.event == RD_EV_REGISTER_PROTOCOL ||
               record.event == RD_EV_DEREGISTER_PROTOCOL || record.event == RD_EV_OPEN_ADAPTER ||
               record.event == RD_EV_CLOSE_ADAPTER || record.event == RD_EV_COMPLETE_BIND ||
               record.event == RD_EV_COMPLETE_UNBIND;
    }
    if (record.kind != RD_KIND_CALLBACK) {
        return false;
    }
    switch (record.event) {
        case RD_EV_BIND_ADAPTER:
        case RD_EV_UNBIND_ADAPTER:
        case RD_EV_OPEN_ADAPTER_COMPLETE:
        case RD_EV_CLOSE_ADAPTER_COMPLETE:
        case RD_EV_PNP_EVENT:
        case RD_EV_PROTOCOL_UNLOAD:
        case RD_EV_DRIVER_ENTRY:
        case RD_EV_DRIVER_UNLOAD:
        case RD_EV_SHUTDOWN:
            return true;
        default:
            return false;
    }
}

void check(const Evidence& evidence, Findings& findings) {
    for (const Record& record : evidence.trace().records) {
        if (record.irql != 0 && must_be_passive(record) && evidence.concerns_driver(record)) {
            findings.add_once(
                std::uint64_t{record.event} << 16 | record.irql,
                &record,
                fmt::format(
                    "{} was called at {}{}, as {} tells it.",
                    trace::function_name(record.event),
                    trace::irql_name(record.irql),
                    record.binding != 0 ? fmt::format(" for binding {}", record.binding) : "",
                    side_of(record.source)
                )
            );
        }
    }
}

}  // namespace

const Rule passive_level_rule{
    "passive-level",
    "Protocols are registered and deregistered, and bindings opened, unbound and closed, at "
    "PASSIVE_LEVEL.",
    "S10, NdisDeregisterProtocol: IRQL PASSIVE_LEVEL; the same for NdisCloseAdapter and "
    "NdisCompleteUnbindAdapter",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
