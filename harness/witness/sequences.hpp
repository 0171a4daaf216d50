// SPDX-License-Identifier: MIT
// witness/sequences.hpp
//
// Follows the sequence numbers of each stream of a wire: what is missing, what came again or late.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace rundown::witness {

/// What was seen of one stream.
struct StreamSeen {
    std::uint32_t stream = 0;
    std::uint64_t frames = 0;
    std::uint32_t last_sequence = 0;  // The highest.
    bool operator==(const StreamSeen&) const = default;
};

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
    std::size_t streams() const { return seen_.size(); }
    /// Each stream, by number.
    std::vector<StreamSeen> seen() const;

  private:
    std::map<std::uint32_t, StreamSeen> seen_;
    std::uint64_t gaps_ = 0;
    std::uint64_t repeats_ = 0;
};

}  // namespace rundown::witness
