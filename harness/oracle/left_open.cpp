// SPDX-License-Identifier: MIT
// oracle/left_open.cpp
#include "oracle/left_open.hpp"

#include <algorithm>

namespace rundown::oracle {
namespace {

bool within(const trace::Record& record, const Span& span) {
    return record.sequence > span.enter->sequence && record.sequence < span.leave->sequence;
}

}  // namespace

bool was_let_go(const BindingLife& life, const Span& deregistration) {
    const bool unbound =
        std::any_of(life.unbinds.begin(), life.unbinds.end(), [&](const Unbind& unbind) {
            // One that had begun before goes on within the call.
            return unbind.span.enter->sequence < deregistration.leave->sequence;
        });
    const bool closed = std::any_of(life.closes.begin(), life.closes.end(), [&](const Span& close) {
        return within(*close.enter, deregistration);
    });
    return unbound || closed;
}

std::map<std::uint16_t, const trace::Record*> left_open(
    const Evidence& evidence, std::uint8_t source
) {
    std::map<std::uint16_t, const trace::Record*> left;
    for (const ProtocolLife& protocol : evidence.history().protocols()) {
        // With a handle that is none, nothing is deregistered: protocol-handle's finding.
        if (protocol.source != source || !evidence.concerns_driver(protocol) ||
            protocol.registered == nullptr) {
            continue;
        }
        for (const Span& call : protocol.deregistrations) {
            if (call.leave == nullptr) {
                continue;
            }
            for (const auto* life : evidence.history().open_at(*call.enter, source)) {
                const bool all_is_known =
                    evidence.trace().whole(life->opened->sequence, call.leave->sequence);
                if (all_is_known && evidence.concerns_driver(*life) && !was_let_go(*life, call)) {
                    left.emplace(life->number, call.leave);
                }
            }
        }
    }
    return left;
}

}  // namespace rundown::oracle
