// SPDX-License-Identifier: MIT
// witness/nic_watch.hpp
//
// What the host makes of the frames that one NIC sent: how many, how many wrong, when, and which
// came after the driver was torn down. Pure; time comes in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "witness/frame.hpp"
#include "witness/sequences.hpp"

namespace rundown::witness {

struct NicStatistics {
    std::uint64_t frames_from_guest = 0;  // Test frames, good or bad.
    std::uint64_t frames_bad = 0;         // Of those: wrong header, length or payload.
    std::uint64_t frames_other = 0;       // Not test frames.
    std::uint64_t bytes_from_guest = 0;   // Of all frames.
    std::uint64_t sequence_gaps = 0;
    std::uint64_t sequence_repeats = 0;
    std::uint64_t frames_after_teardown = 0;
    std::optional<TimePoint> first;  // Of a test frame.
    std::optional<TimePoint> last;
    std::vector<StreamSeen> streams;  // By number.
};

class NicWatch {
  public:
    /// Judges the next frame from the guest.
    void on_frame(std::span<const std::byte> frame, TimePoint now);

    /// From now on the driver has no business on the wire: what was under way has arrived.
    void torn_down() { torn_down_ = true; }
    /// It may send again: it was loaded once more.
    void set_up_again() { torn_down_ = false; }

    NicStatistics statistics() const;

  private:
    void on_test_frame(const FrameJudgement& judgement, TimePoint now);

    NicStatistics counted_;
    Sequences sequences_;
    bool torn_down_ = false;
};

}  // namespace rundown::witness
