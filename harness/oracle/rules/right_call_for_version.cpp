// SPDX-License-Identifier: MIT
// oracle/rules/right_call_for_version.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

/// What the guest's NDIS saw: the function of the other version was called.
void check_what_ndis_saw(const Evidence& evidence, Findings& findings) {
    for (const trace::Record& record : evidence.trace().records) {
        if (record.event == RD_EV_VIOLATION && record.arg[0] == RD_VIOLATION_WRONG_CALL) {
            findings.add_once(
                record.object,
                &record,
                fmt::format(
                    "The protocol {:#x} registered as NDIS {}.{} and was deregistered by the "
                    "function of another version, as NDIS saw it: {} is the one.",
                    record.object,
                    record.arg[1] >> 8,
                    record.arg[1] & 0xFF,
                    record.arg[1] >> 8 >= 6 ? "NdisDeregisterProtocolDriver"
                                            : "NdisDeregisterProtocol"
                )
            );
        }
    }
}

void check(const Evidence& evidence, Findings& findings) {
    check_what_ndis_saw(evidence, findings);
    for (const ProtocolLife& life : evidence.history().protocols()) {
        const std::uint64_t major = life.version >> 8;
        if (major >= 6 && !life.deregistrations.empty() && evidence.concerns_driver(life)) {
            findings.add_once(
                life.handle,
                life.deregistrations.front().enter,
                fmt::format(
                    "The protocol {:#x} registered as NDIS {}.{} and deregistered by "
                    "NdisDeregisterProtocol, not by NdisDeregisterProtocolDriver.",
                    life.handle,
                    major,
                    life.version & 0xFF
                )
            );
        }
    }
}

}  // namespace

const Rule right_call_for_version_rule{
    "right-call-for-version",
    "NDIS 5 protocols deregister by NdisDeregisterProtocol, NDIS 6 protocols by "
    "NdisDeregisterProtocolDriver.",
    "S11, NdisDeregisterProtocol: not for NDIS 6.0 drivers, which use NdisDeregisterProtocolDriver",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
