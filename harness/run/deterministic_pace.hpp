// SPDX-License-Identifier: MIT
// run/deterministic_pace.hpp
//
// Decides in guest time what happens at the meetings of a deterministic run: which time it is,
// which waits are over, how many frames a NIC may have. Functions of what the guest says alone, so
// that the same guest gets the same answers. Pure.
#pragma once

#include <rundown/rendezvous_abi.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "witness/nic_peer_io.hpp"

namespace rundown::run {

using GuestTime = std::chrono::nanoseconds;  // Since the guest's counter began.

/// The guest's clock as it is told at meetings. The guest is not believed: a block that makes no
/// sense is an error.
class GuestClock {
  public:
    /// Reads the block of one meeting in the window's area for the line. Errors (protocol): no such
    /// block, a time that runs backwards, or a meeting that does not follow the last one.
    result<void> meet(std::span<const std::byte> line_area);

    GuestTime now() const { return now_; }
    std::uint64_t meetings() const { return meetings_; }

  private:
    GuestTime now_{0};
    std::uint64_t meetings_ = 0;
};

/// Waits in guest time, ended in the order in which they are due; equals in the order in which they
/// began.
class GuestWaits {
  public:
    using Ticket = std::uint64_t;
    Ticket add(GuestTime due);
    void remove(Ticket ticket);
    /// Takes out those that are over.
    std::vector<Ticket> over(GuestTime now);
    /// Takes out all of them.
    std::vector<Ticket> all();

  private:
    std::map<std::pair<GuestTime, Ticket>, Ticket> waits_;
    Ticket last_ = 0;
};

/// How many frames one NIC is given.
class FrameBudget {
  public:
    /// Frames to send at a meeting at `now`. A pace begins when it is first seen; what a late
    /// meeting would have to make up for is limited to a burst.
    std::size_t frames(witness::Pace pace, GuestTime now);

  private:
    witness::Pace pace_ = witness::Pace::silent;
    GuestTime paid_until_{0};
};

}  // namespace rundown::run
