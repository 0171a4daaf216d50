// SPDX-License-Identifier: MIT
// oracle/calls.hpp
//
// Which return belongs to which call. Calls of one thread end in reverse order, whatever DPCs ran
// on top of it; so each return belongs to the last call of its thread that fits. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "trace/trace.hpp"

namespace rundown::oracle {

class Calls {
  public:
    explicit Calls(const trace::Trace& trace);

    /// The return of a call (or callback), the call of a return; null when it has none or its
    /// record is missing.
    const trace::Record* partner(const trace::Record& record) const;

    /// Calls and callbacks that were entered and had not returned when the trace ended, by sequence
    /// number. Those after which records are missing are left out: their return may be among them.
    const std::vector<const trace::Record*>& unreturned() const { return unreturned_; }

    /// All of them, also those whose return may be among the missing records.
    const std::vector<const trace::Record*>& without_return() const { return without_return_; }

    /// The same at the moment of that record, counting only what passes between driver and NDIS.
    std::uint64_t under_way_at(const trace::Record& moment, std::uint8_t source) const;

  private:
    const trace::Trace& trace_;
    std::vector<std::uint32_t> partner_;  // Index of the partner; own index: none.
    std::vector<const trace::Record*> unreturned_;
    std::vector<const trace::Record*> without_return_;
};

}  // namespace rundown::oracle
