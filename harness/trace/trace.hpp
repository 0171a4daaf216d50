// SPDX-License-Identifier: MIT
// trace/trace.hpp
//
// The trace as the host judges it: records in the order of their sequence numbers, and exactly
// which are missing. A record's fields mean what drivers/include/rundown/trace_abi.h says. Plain
// data; reader.hpp makes it from what the guest wrote.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rundown/trace_abi.h"

namespace rundown::trace {

/// One thing that happened in the guest. Numbers the host does not know stay as they are.
struct Record {
    std::uint64_t sequence = 0;  // From 0, one by one, over all producers of the boot.
    std::uint64_t time = 0;      // Ticks of Trace::frequency_hz.
    std::uint32_t thread = 0;    // Low half of the thread's id; idle threads have 0.
    std::uint8_t processor = 0;
    std::uint8_t irql = 0;
    std::uint8_t source = 0;    // rd_trace_source.
    std::uint8_t kind = 0;      // rd_trace_kind.
    std::uint16_t event = 0;    // rd_trace_event.
    std::uint16_t binding = 0;  // The source's own number of it; 0: none.
    std::uint32_t status = 0;
    std::uint64_t object = 0;
    std::array<std::uint64_t, 3> arg{};

    bool is(int its_kind, int its_event) const { return kind == its_kind && event == its_event; }
    bool is(int its_source, int its_kind, int its_event) const {
        return source == its_source && is(its_kind, its_event);
    }
};

/// Sequence numbers from `first` up to and without `end` of which no record can be had.
struct Gap {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    bool operator==(const Gap&) const = default;
};

struct Trace {
    std::vector<Record> records;     // By sequence number, no duplicates.
    std::vector<Gap> gaps;           // Overwritten, or begun and never finished; ascending.
    std::uint64_t head = 0;          // Sequence number the next record would have had.
    std::uint64_t lost = 0;          // Records overwritten by newer ones (the ring was too small).
    std::uint64_t torn = 0;          // Records begun and not finished when the trace was copied.
    std::uint64_t frequency_hz = 0;  // 0: unknown.
    std::uint64_t boot_id = 0;

    /// Is every record with first <= sequence < end there?
    bool whole(std::uint64_t first, std::uint64_t end) const;
    /// Is every record before this one there? Only then does the absence of a cause prove anything.
    bool whole_before(std::uint64_t sequence) const { return whole(0, sequence); }
    /// Is every record after this one there? Only then does the absence of an effect.
    bool whole_after(std::uint64_t sequence) const { return whole(sequence, head); }
    /// Forgets the records from `end` on, as if they had not been written yet.
    void cut(std::uint64_t end);
    /// The record, or null when it is missing.
    const Record* find(std::uint64_t sequence) const;
};

}  // namespace rundown::trace
