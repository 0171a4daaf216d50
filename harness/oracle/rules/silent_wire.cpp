// SPDX-License-Identifier: MIT
// oracle/rules/silent_wire.cpp
//
// What the far ends of the NICs saw. A frame may be seen long after it was handed over: it lay in
// the device, in QEMU, in the host's socket. So frames are judged by who they are and not by when
// they came: stream and sequence number of the latest one on the wire, against those the driver
// told that it handed to NDIS while its protocol was registered. Only where the trace does not name
// frames, the time has to do: those that came when the wire had been quiet after the teardown.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "oracle/evidence.hpp"
#include "oracle/left_open.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

/// Of one stream of test frames, which is one binding of the driver's.
struct Stream {
    std::uint32_t latest = 0;        // Handed over while the protocol was registered.
    const Record* handed = nullptr;  // That send; null: none.
    const Record* late = nullptr;    // The first handed over after the deregistration.
    std::uint32_t late_sequence = 0;
};

/// stream << 32 | sequence of the test frame that the record sends; 0: it says none.
std::uint64_t frame_of(const Record& record) {
    if (record.is(RD_SOURCE_DRIVER, RD_KIND_CALL, RD_EV_SEND)) {
        return record.arg[1];
    }
    return record.is(RD_SOURCE_DRIVER, RD_KIND_NOTE, RD_EV_PACKET_SENT) ? record.arg[2] : 0;
}

bool is_send(const Record& record) {
    return record.is(RD_SOURCE_DRIVER, RD_KIND_CALL, RD_EV_SEND) ||
           record.is(RD_SOURCE_DRIVER, RD_KIND_NOTE, RD_EV_PACKET_SENT);
}

struct Sends {
    bool named = false;  // The driver leaves records, and those of its sends name their frames.
    std::map<std::uint32_t, Stream> streams;
    std::vector<const Record*> gone;  // Returns of NdisDeregisterProtocol.
};

Sends sends_of(const Evidence& evidence) {
    Sends sends;
    sends.named = evidence.history().speaks(RD_SOURCE_DRIVER);
    bool registered = true;
    for (const Record& record : evidence.trace().records) {
        if (record.is(RD_SOURCE_DRIVER, RD_KIND_RETURN, RD_EV_DEREGISTER_PROTOCOL) &&
            record.status == 0) {
            registered = false;
            sends.gone.push_back(&record);
        } else if (record.is(RD_SOURCE_DRIVER, RD_KIND_CALL, RD_EV_REGISTER_PROTOCOL)) {
            registered = true;
        }
        const std::uint64_t frame = frame_of(record);
        if (frame == 0) {
            sends.named &= !is_send(record);
            continue;
        }
        Stream& stream = sends.streams[static_cast<std::uint32_t>(frame >> 32)];
        const auto sequence = static_cast<std::uint32_t>(frame);
        if (!registered) {
            stream.late_sequence = stream.late == nullptr ? sequence : stream.late_sequence;
            stream.late = stream.late == nullptr ? &record : stream.late;
        } else if (stream.handed == nullptr || sequence >= stream.latest) {
            stream.latest = sequence;
            stream.handed = &record;
        }
    }
    return sends;
}

std::string name_of_nic(const NicWitness& nic, std::size_t number) {
    return fmt::format("NIC {} ({})", number, nic.model);
}

/// The return of NdisDeregisterProtocol after which the stream must be silent: the first since its
/// binding was opened, or since its last send. Null: its protocol is registered still.
const Record* end_of(const Evidence& evidence, const Sends& sends, std::uint32_t number) {
    std::uint64_t since = 0;
    for (const BindingLife& life : evidence.history().bindings()) {
        if (life.source == RD_SOURCE_DRIVER && life.number == number && life.opened != nullptr) {
            since = life.opened->sequence;
        }
    }
    const auto sent = sends.streams.find(number);
    if (sent != sends.streams.end() && sent->second.handed != nullptr) {
        since = std::max(since, sent->second.handed->sequence);
    }
    for (const Record* gone : sends.gone) {
        if (gone->sequence > since) {
            return gone;
        }
    }
    return nullptr;
}

/// Where the send of a frame that nobody had handed over in time is told, if it is.
std::string told_where(const Stream& stream) {
    return stream.late != nullptr
               ? fmt::format(
                     "frame {} was handed over in {}", stream.late_sequence, number_of(*stream.late)
                 )
               : "no record tells of its sending";
}

void check_stream(
    const Evidence& evidence,
    const Sends& sends,
    const Stream& sent,
    const WireStream& seen,
    const std::string& nic,
    Findings& findings
) {
    const Record* gone = end_of(evidence, sends, seen.stream);
    // With records missing its send may be among them, wherever they are: the sends of two threads
    // leave theirs in any order.
    if (gone == nullptr || (sent.handed != nullptr && seen.last_sequence <= sent.latest) ||
        !evidence.trace().whole_before(gone->sequence)) {
        return;
    }
    findings.add(
        sent.late != nullptr ? sent.late : gone,
        fmt::format(
            "Frame {} of binding {} was on the wire of {}; when NdisDeregisterProtocol "
            "returned ({}) the driver had handed over {}, and {}.",
            seen.last_sequence,
            seen.stream,
            nic,
            number_of(*gone),
            sent.handed != nullptr
                ? fmt::format("frames up to {} ({})", sent.latest, number_of(*sent.handed))
                : "none",
            told_where(sent)
        )
    );
}

void check_nic(
    const Evidence& evidence, const Sends& sends, std::size_t number, Findings& findings
) {
    const NicWitness& nic = evidence.run().nics[number];
    const auto left = left_open(evidence, RD_SOURCE_DRIVER);
    for (const WireStream& seen : nic.streams) {
        if (left.contains(static_cast<std::uint16_t>(seen.stream))) {
            continue;  // NdisDeregisterProtocol left its binding open: it may well send.
        }
        const auto at = sends.streams.find(seen.stream);
        const Stream sent = at != sends.streams.end() ? at->second : Stream();
        if (sends.named) {
            check_stream(evidence, sends, sent, seen, name_of_nic(nic, number), findings);
        }
    }
    if (!sends.named && nic.frames_after_teardown != 0) {
        findings.add(
            nullptr,
            fmt::format(
                "{} test frames left the guest on {} after the teardown had been reported as done "
                "and the wire had been quiet.",
                nic.frames_after_teardown,
                name_of_nic(nic, number)
            )
        );
    }
}

void check(const Evidence& evidence, Findings& findings) {
    const Sends sends = sends_of(evidence);
    for (std::size_t nic = 0; nic < evidence.run().nics.size(); ++nic) {
        check_nic(evidence, sends, nic, findings);
    }
}

}  // namespace

const Rule silent_wire_rule{
    "silent-wire",
    "After NdisDeregisterProtocol has returned no frame of the driver's leaves a NIC but those it "
    "had handed over before.",
    "S6 and S8, NdisDeregisterProtocol: its bindings are closed within the call, and only a bound "
    "protocol can send",
    check,
    {kWire, 0}};

}  // namespace rundown::oracle
