// SPDX-License-Identifier: MIT
// agent/transport.hpp
//
// The two ways to the host: COM1, which is always there, and the line in the window (rundown/line_abi.h), which is taken once
// the host has attached to it. What comes over either is read; what goes, goes over the window while that is in order.
#pragma once
#include <agent/core/frame.hpp>
#include <agent/core/line_end.hpp>

#include "doorbell.hpp"
#include "uart.hpp"

namespace agent {

using rundown::agent::Port;

/// Bytes that came; none: the lines are silent.
struct Portion {
    Port port;
    ULONG count;
};

class Transport {
  public:
    /// `area`: the window's part for the line; null: there is none, and the doorbell must not be alone. The line is offered
    /// from now on. PASSIVE_LEVEL.
    Transport(Uart& uart, Doorbell& doorbell, PVOID area);

    /// Sends one frame; waits while the host does not read. PASSIVE_LEVEL, under line_lock.
    void write(const UCHAR* bytes, size_t count);

    /// The line in memory begins anew, with another epoch. PASSIVE_LEVEL, under line_lock, the reading thread.
    void restart();

    /// Takes bytes that have come, or waits for some until the lines have been silent for kSilenceMs. `more_expected`: part of
    /// a frame has come over COM1. PASSIVE_LEVEL, one thread.
    Portion read(UCHAR* bytes, ULONG room, bool more_expected);

    /// Waits until the host has read what was sent; a second at most. PASSIVE_LEVEL.
    void drain();

    /// What Hello tells of the line; 0: there is none. Any IRQL.
    ULONG epoch() const { return line_.epoch(); }

  private:
    // As long as a frame of the largest size takes on a real COM1 at 115200 baud, twice: 12 KiB in 1.07 s. An emulated one is
    // faster; but the host's process may be kept from writing on.
    static constexpr ULONG kSilenceMs = 250;
    static constexpr ULONG kFullPatienceMs = 5000;
    // After bytes have come the thread looks for more for so long before it sleeps: a request that follows an answer then costs
    // no doorbell, no interrupt and no switch, which together take longer than everything else. Logical processors that have
    // something to do run meanwhile.
    static constexpr ULONG64 kAlertMicroseconds = 200;
    bool look_for_more();
    bool write_to_ring(const UCHAR* bytes, size_t count);

    Uart& uart_;
    Doorbell& doorbell_;
    rd_line* const area_;
    rundown::agent::LineEnd line_;
    bool is_alert_ = false;  // Something has come since it slept; the reading thread's.
};

}  // namespace agent
