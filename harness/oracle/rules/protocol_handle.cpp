// SPDX-License-Identifier: MIT
// oracle/rules/protocol_handle.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

void check(const Evidence& evidence, Findings& findings) {
    for (const ProtocolLife& life : evidence.history().protocols()) {
        if (life.deregistrations.empty() || !evidence.concerns_driver(life)) {
            continue;
        }
        const auto& first = *life.deregistrations.front().enter;
        if (life.registered == nullptr && evidence.trace().whole_before(first.sequence)) {
            findings.add_once(
                life.handle,
                &first,
                fmt::format(
                    "NdisDeregisterProtocol was called with the handle {:#x}, which no "
                    "NdisRegisterProtocol has returned.",
                    life.handle
                )
            );
        }
        if (life.deregistrations.size() > 1) {
            const auto& second = *life.deregistrations[1].enter;
            findings.add_once(
                life.handle,
                &second,
                fmt::format(
                    "NdisDeregisterProtocol was called {} times with the handle {:#x}: first in "
                    "{}, again in {}.",
                    life.deregistrations.size(),
                    life.handle,
                    number_of(first),
                    number_of(second)
                )
            );
        }
    }
}

}  // namespace

const Rule protocol_handle_rule{
    "protocol-handle",
    "NdisDeregisterProtocol gets the handle that NdisRegisterProtocol returned, and gets it once.",
    "S2, NdisDeregisterProtocol: the handle returned by NdisRegisterProtocol",
    check,
    {kTraces, 0}};

}  // namespace rundown::oracle
