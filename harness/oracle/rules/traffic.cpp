// SPDX-License-Identifier: MIT
// oracle/rules/traffic.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

constexpr std::uint32_t kPending = 0x103;

/// Do the driver's records show every send, and none that failed? A failed one leaves a gap and is
/// no secret.
bool all_sends_succeeded(const Evidence& evidence) {
    if (!evidence.history().speaks(RD_SOURCE_DRIVER) || !evidence.trace().gaps.empty()) {
        return false;
    }
    for (const trace::Record& record : evidence.trace().records) {
        const bool completion = record.is(RD_SOURCE_DRIVER, RD_KIND_CALLBACK, RD_EV_SEND_COMPLETE);
        const bool at_once =
            record.is(RD_SOURCE_DRIVER, RD_KIND_RETURN, RD_EV_SEND) && record.status != kPending;
        if ((completion || at_once) && record.status != 0) {
            return false;
        }
    }
    return true;
}

void check_nic(const Evidence& evidence, std::size_t number, Findings& findings) {
    const NicWitness& nic = evidence.run().nics[number];
    if (nic.frames_bad != 0) {
        findings.add(
            nullptr,
            fmt::format(
                "{} of {} test frames from the guest on NIC {} ({}) had a wrong length or payload.",
                nic.frames_bad,
                nic.frames_from_guest,
                number,
                nic.model
            )
        );
    }
    if (nic.sequence_repeats != 0) {
        findings.add(
            nullptr,
            fmt::format(
                "{} test frames from the guest on NIC {} ({}) came twice or out of order.",
                nic.sequence_repeats,
                number,
                nic.model
            )
        );
    }
    // What is sent into a link that is down is lost, and the device does not say so.
    const bool link_was_up = evidence.run().promised.link_changes == 0;
    if (nic.sequence_gaps != 0 && link_was_up && all_sends_succeeded(evidence)) {
        findings.add(
            nullptr,
            fmt::format(
                "{} test frames that the guest reported as sent never arrived on NIC {} ({}).",
                nic.sequence_gaps,
                number,
                nic.model
            )
        );
    }
}

void check(const Evidence& evidence, Findings& findings) {
    const RunRecord& run = evidence.run();
    for (std::size_t nic = 0; nic < run.nics.size(); ++nic) {
        check_nic(evidence, nic, findings);
    }
    if (run.counters && run.counters->receive_bad != 0) {
        findings.add(
            nullptr,
            fmt::format(
                "{} of {} test frames that the driver received had a wrong length or payload.",
                run.counters->receive_bad,
                run.counters->received
            )
        );
    }
}

}  // namespace

const Rule traffic_rule{
    "traffic",
    "Frames arrive as they were sent, in both directions: length, payload, order.",
    "NdisSend, NdisSendPackets and ProtocolReceivePacket: data is not changed, a successful send "
    "was sent once",
    check,
    {kWire, 0}};

}  // namespace rundown::oracle
