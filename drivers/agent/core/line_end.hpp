// SPDX-License-Identifier: MIT
// agent/core/line_end.hpp
//
// One end of the line in memory (rundown/line_abi.h): whole frames into one ring, bytes out of the
// other. The same code serves host and guest. It waits for nothing and rings nobody: those who use
// it do. No allocation, no I/O, no standard library.
//
// Not thread-safe, but reading and writing may be done by two different threads: they share nothing
// but `fault`.
#pragma once
#include <rundown/line_abi.h>
#include <stddef.h>
#include <stdint.h>

namespace rundown::agent
{

/// Why a line cannot be used any more.
enum class LineFault : uint8_t {
    none,
    bad_head, // The other side claims to have written more than a ring holds.
    bad_tail, // The other side claims to have read more than was written.
};

class LineEnd
{
  public:
    /// The guest's end: clears the line and offers it. `epoch` is not 0 and not the last one. What
    /// was on its way is gone.
    void offer(rd_line *line, uint32_t epoch);

    /// The host's end: takes part in what the guest offers as `epoch`. False: nothing that makes
    /// sense is offered there; the end is closed then.
    bool attach(rd_line *line, uint32_t epoch);

    /// No line any more; nothing goes in or out, and the other side is told.
    void close();

    /// Both sides take part in the same epoch: the host has attached, and neither has closed the
    /// line or found it broken.
    bool met() const;

    /// The epoch offered or attached to; 0: closed.
    uint32_t epoch() const
    {
        return line_ ? epoch_ : 0;
    }
    LineFault fault() const
    {
        return fault_;
    }

    /// Puts all of the bytes into the ring, or none. False: no room now, or the line is closed or
    /// broken (fault()). At most RD_LINE_RING_BYTES.
    bool write(const uint8_t *bytes, size_t count);

    /// After write(): the other side sleeps, or is about to: it wants its bell rung.
    bool other_waits() const;

    /// Takes up to `room` bytes. 0: there are none, or the line is closed or broken.
    size_t read(uint8_t *bytes, size_t room);

    /// Are there bytes to read? No: also where the line is closed or broken.
    bool has_input()
    {
        return input() != 0;
    }

    /// Tells the other side whether to ring. After `true` has_input() is to be asked once more
    /// before sleeping.
    void set_waiting(bool waits);

    /// Has the other side taken everything that was written? Yes: also where the line is closed or
    /// broken.
    bool drained();

  private:
    void begin(rd_line *line, uint32_t epoch, bool is_host);
    uint32_t input();
    uint32_t unread();
    void fail(LineFault fault);

    rd_line *line_ = nullptr;
    rd_line_side *own_ = nullptr;
    rd_line_side *other_ = nullptr;
    uint8_t *out_ = nullptr;
    const uint8_t *in_ = nullptr;
    uint32_t head_ = 0, tail_ = 0; // This side's own truth; what is in the window is for the other.
    uint32_t epoch_ = 0;
    volatile LineFault fault_ = LineFault::none;
};

} // namespace rundown::agent
