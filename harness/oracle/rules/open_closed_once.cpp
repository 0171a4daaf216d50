// SPDX-License-Identifier: MIT
// oracle/rules/open_closed_once.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/left_open.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

void check_never_closed(const Evidence& evidence, const BindingLife& life, Findings& findings) {
    const Record* due = evidence.accounts_due(*life.opened, life.source);
    if (due == nullptr) {
        return;
    }
    const Record* unbound = life.unbinds.empty() ? nullptr : life.unbinds.front().span.leave;
    findings.add_once(
        life.open,
        unbound != nullptr ? unbound : due,
        fmt::format(
            "{} was opened ({}, handle {:#x}){} and never closed: no NdisCloseAdapter up to {} "
            "({}).",
            name_of(life),
            number_of(*life.opened),
            life.open,
            unbound != nullptr ? fmt::format(" and unbound ({})", number_of(*unbound)) : "",
            due->event == RD_EV_MARK ? "the end of the run"
                                     : "the return of " + trace::function_name(due->event),
            number_of(*due)
        )
    );
}

void check_what_ndis_saw(const Evidence& evidence, Findings& findings) {
    for (const Record& record : evidence.trace().records) {
        if (record.event == RD_EV_VIOLATION && record.arg[0] == RD_VIOLATION_UNBIND_LEFT_OPEN) {
            findings.add_once(
                record.object,
                &record,
                fmt::format(
                    "An unbind was completed and its open {:#x} not closed, as NDIS saw it.",
                    record.object
                )
            );
        }
    }
}

void check(const Evidence& evidence, Findings& findings) {
    const auto left_by_driver = left_open(evidence, RD_SOURCE_DRIVER);
    const auto left_by_ndis = left_open(evidence, RD_SOURCE_NDIS);
    for (const BindingLife& life : evidence.history().bindings()) {
        if (!evidence.concerns_driver(life)) {
            continue;
        }
        const auto& left = life.source == RD_SOURCE_NDIS ? left_by_ndis : left_by_driver;
        if (life.closes.empty() && left.contains(life.number)) {
            continue;  // Nobody told the driver to: unbind-once-per-open's finding.
        }
        if (life.opened != nullptr && life.closes.empty()) {
            check_never_closed(evidence, life, findings);
        } else if (life.closes.size() > 1) {
            findings.add_once(
                life.open,
                life.closes[1].enter,
                fmt::format(
                    "NdisCloseAdapter was called {} times for {} (handle {:#x}): in {} and again "
                    "in {}.",
                    life.closes.size(),
                    name_of(life),
                    life.open,
                    number_of(*life.closes[0].enter),
                    number_of(*life.closes[1].enter)
                )
            );
        }
    }
    check_what_ndis_saw(evidence, findings);
}

}  // namespace

const Rule open_closed_once_rule{
    "open-closed-once",
    "Each binding that NdisOpenAdapter opened is closed by exactly one call of NdisCloseAdapter.",
    "S7, NdisDeregisterProtocol: ProtocolUnbindAdapter calls NdisCloseAdapter to close the binding",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
