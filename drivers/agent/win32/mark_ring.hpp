// SPDX-License-Identifier: MIT
// agent/win32/mark_ring.hpp
//
// Marks the host made while no driver took them: the newest kept, as records of the trace. Pure;
// the caller locks.
#pragma once
#include <rundown/trace_abi.h>
#include <stddef.h>

namespace rundown::win32
{

class MarkRing
{
  public:
    static constexpr size_t kCapacity = 64;

    /// `time`: of the performance counter.
    void add(uint64_t time, uint32_t thread, uint32_t mark, uint64_t value)
    {
        rd_trace_record &record = records_[next_ % kCapacity];
        record = {};
        record.commit = next_ + 1;
        record.time = time;
        record.thread = thread;
        record.source = RD_SOURCE_AGENT;
        record.kind = RD_KIND_NOTE;
        record.event = RD_EV_MARK;
        record.arg[0] = mark;
        record.arg[1] = value;
        ++next_;
        if (next_ - first_ > kCapacity) {
            first_ = next_ - kCapacity;
            ++lost_;
        }
    }

    /// Takes out the oldest, `room` at most; says how many. *first: sequence of the first of them.
    size_t drain(rd_trace_record *to, size_t room, uint64_t *first)
    {
        *first = first_;
        size_t count = 0;
        for (; count < room && first_ < next_; ++count, ++first_)
            to[count] = records_[first_ % kCapacity];
        return count;
    }

    /// Overwritten before they were taken, in all.
    uint64_t lost() const
    {
        return lost_;
    }

  private:
    rd_trace_record records_[kCapacity] = {};
    uint64_t first_ = 0, next_ = 0, lost_ = 0;
};

} // namespace rundown::win32
