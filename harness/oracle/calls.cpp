// SPDX-License-Identifier: MIT
// oracle/calls.cpp
#include "oracle/calls.hpp"

#include <unordered_map>

namespace rundown::oracle {
namespace {

using trace::Record;

/// More open calls than this on one thread are a sign of lost returns; the oldest are forgotten.
constexpr std::size_t kNestingMax = 256;

/// The thread whose calls nest: idle threads all have id 0, but stay on their processor.
std::uint64_t nest_of(const Record& record) {
    const std::uint64_t thread =
        record.thread != 0 ? record.thread : std::uint64_t{0x100000000} + record.processor;
    return thread << 8 | record.source;
}

/// Calls that learn their object only when they return.
bool names_object_at_return(std::uint16_t event) {
    return event == RD_EV_REGISTER_PROTOCOL || event == RD_EV_OPEN_ADAPTER ||
           event == RD_EV_ALLOCATE_PACKET_POOL || event == RD_EV_ALLOCATE_BUFFER_POOL;
}

bool fits(const Record& call, const Record& end) {
    return call.kind + 1 == end.kind && call.event == end.event &&
           (call.object == end.object || names_object_at_return(call.event));
}

}  // namespace

Calls::Calls(const trace::Trace& trace) : trace_(trace), partner_(trace.records.size()) {
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> open;
    const auto& records = trace.records;
    for (std::uint32_t i = 0; i < records.size(); ++i) {
        partner_[i] = i;
        if (records[i].kind == RD_KIND_CALL || records[i].kind == RD_KIND_CALLBACK) {
            auto& nest = open[nest_of(records[i])];
            if (nest.size() == kNestingMax) {
                nest.erase(nest.begin());
            }
            nest.push_back(i);
        } else if (records[i].kind != RD_KIND_NOTE) {
            auto& nest = open[nest_of(records[i])];
            for (std::size_t at = nest.size(); at-- > 0;) {
                if (fits(records[nest[at]], records[i])) {
                    partner_[i] = nest[at];
                    partner_[nest[at]] = i;
                    nest.erase(nest.begin() + static_cast<std::ptrdiff_t>(at));
                    break;
                }
            }
        }
    }
    for (std::uint32_t i = 0; i < records.size(); ++i) {
        const bool entered = records[i].kind == RD_KIND_CALL || records[i].kind == RD_KIND_CALLBACK;
        if (!entered || partner_[i] != i) {
            continue;
        }
        without_return_.push_back(&records[i]);
        if (trace.whole_after(records[i].sequence)) {
            unreturned_.push_back(&records[i]);
        }
    }
}

const Record* Calls::partner(const Record& record) const {
    const auto index = static_cast<std::size_t>(&record - trace_.records.data());
    const std::uint32_t other = partner_[index];
    return other == index ? nullptr : &trace_.records[other];
}

std::uint64_t Calls::under_way_at(const Record& moment, std::uint8_t source) const {
    std::uint64_t count = 0;
    for (const Record& record : trace_.records) {
        if (record.sequence >= moment.sequence) {
            break;
        }
        if (record.source != source || record.event >= RD_EV_DRIVER_ENTRY ||
            (record.kind != RD_KIND_CALL && record.kind != RD_KIND_CALLBACK)) {
            continue;
        }
        const Record* end = partner(record);
        count += end == nullptr || end->sequence > moment.sequence ? 1 : 0;
    }
    return count;
}

}  // namespace rundown::oracle
