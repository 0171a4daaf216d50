// SPDX-License-Identifier: MIT
// witness/sequences.hpp
//
// Follows the sequence numbers of each stream of a wire: what is missing, what came again or late.
// Pure.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace rundown::witness {

class Sequences {
  public:
    /// A driver draws a stream number per binding. More than this is nonsense from the guest, which
    /// must not make the host remember it.
    static constexpr std::size_t kStreamsMax = 4096;

    /// Notes one good frame. False when its stream is one too many.
    bool note(std::uint32_t stream, std::uint32_t sequence);

    /// Frames missing before a later one of their stream.
    std::uint64_t gaps() const { return gaps_; }
    /// Frames that came again, or after a later one.
    std::uint64_t repeats() const { return repeats_; }
    std::size_t streams() const { return next_.size(); }

  private:
    std::unordered_map<std::uint32_t, std::uint64_t> next_;  // Sequence number expected, by stream.
    std::uint64_t gaps_ = 0;
    std::uint64_t repeats_ = 0;
};

}  // namespace rundown::witness
