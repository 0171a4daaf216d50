// SPDX-License-Identifier: MIT
// oracle/rules/right_call_for_version.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

void check(const Evidence& evidence, Findings& findings) {
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
    check};

}  // namespace rundown::oracle
