// SPDX-License-Identifier: MIT
// oracle/rules/contract_violation.cpp
#include <fmt/format.h>

#include <iterator>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

/// "2 timers": what was alive (rd_trace_live_object) and how many.
std::string live_objects(std::uint64_t detail) {
    constexpr const char* kNouns[] = {
        "objects", "devices", "timers", "queued DPCs", "threads", "interrupts", "work items"};
    const std::uint64_t kind = detail >> 32;
    const std::uint64_t count = detail & 0xFFFFFFFF;
    if (kind >= std::size(kNouns)) {
        return fmt::format("{} objects of kind {}", count, kind);
    }
    return kind == RD_LIVE_INVALID ? "objects" : fmt::format("{} {}", count, kNouns[kind]);
}

/// What the guest means by the violation, with the line of the contract it breaks.
std::string sentence_for(const Record& record) {
    const std::uint64_t what = record.object;
    const std::uint64_t detail = record.arg[1];
    switch (record.arg[0]) {
        case RD_VIOLATION_BAD_PROTOCOL_HANDLE:
            return fmt::format(
                "S2: NdisDeregisterProtocol was called with {:#x}, which is no registered protocol "
                "(never was, or is no longer).",
                what
            );
        case RD_VIOLATION_BAD_OPEN_HANDLE:
            return fmt::format(
                "R11: a call was made on the open {:#x}, which is closed, closing or was never "
                "one.",
                what
            );
        case RD_VIOLATION_WRONG_IRQL:
            return fmt::format(
                "S10: a call that needs a lower IRQL was made at {} (object {:#x}).",
                trace::irql_name(detail),
                what
            );
        case RD_VIOLATION_UNBIND_LEFT_OPEN:
            return fmt::format("S7: an unbind completed and left its open {:#x} unclosed.", what);
        case RD_VIOLATION_POOL_LEAKED:
            return fmt::format(
                "R18: Unload returned with {} bytes of pool allocated by the driver ({:#x}).",
                detail,
                what
            );
        case RD_VIOLATION_PACKET_LEAKED:
            return fmt::format(
                "S9: a packet pool was freed, or its driver unloaded, with {} packets out (pool "
                "{:#x}).",
                detail,
                what
            );
        case RD_VIOLATION_LIVE_OBJECT:
            return fmt::format(
                "R18: Unload returned with live {} of the driver {:#x}.", live_objects(detail), what
            );
        case RD_VIOLATION_BUFFER_LEAKED:
            return fmt::format(
                "S9: a buffer pool was freed with {} buffers out (pool {:#x}).", detail, what
            );
        case RD_VIOLATION_WRONG_CALL:
            return fmt::format(
                "S11: a function of another NDIS version was called on {:#x}, a protocol of NDIS "
                "{}.{}.",
                what,
                detail >> 8,
                detail & 0xFF
            );
        default:
            return fmt::format(
                "The guest reported violation {} ({:#x}, detail {:#x}).",
                record.arg[0],
                what,
                detail
            );
    }
}

void check(const Evidence& evidence, Findings& findings) {
    for (const Record& record : evidence.trace().records) {
        if (record.event == RD_EV_VIOLATION) {
            findings.add(
                &record,
                sentence_for(record) +
                    (record.source == RD_SOURCE_NDIS ? " NDIS saw it." : " The kernel saw it.")
            );
        }
    }
}

}  // namespace

const Rule contract_violation_rule{
    "contract-violation",
    "The guest's NDIS and kernel, which check every call, saw none that breaks the contract.",
    "S2, S7, S9, S10, S11, R11, R18: what the called function's documentation demands of its "
    "caller",
    check,
    {kNdisTrace | kKernelTrace, 0}};

}  // namespace rundown::oracle
