// SPDX-License-Identifier: MIT
// witness/traffic.hpp
//
// Decides which frames the host sends to a NIC: to its own address, broadcast, to the multicast
// addresses that the test driver asks for, and now and then to one that nobody asked for; of all
// lengths. Pure: the same seed gives the same frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "witness/frame.hpp"

namespace rundown::witness {

/// A group that no driver joins: the guest may pass such a frame on all the same, since a hash
/// filter is allowed to be too wide.
inline constexpr MacAddress kUnlistedGroup = {0x01, 0x00, 0x5E, 0x52, 0x44, 0x7F};

class Traffic {
  public:
    /// `stream`: the NIC's index. `nic_address`: where unicast frames go.
    Traffic(std::uint32_t seed, std::uint32_t stream, const MacAddress& nic_address);

    /// The next frame's fields; its sequence number is one up from the last.
    FrameFields next();

    /// Appends the next `count` frames as they go on the wire, each behind its length.
    void append(std::size_t count, std::vector<std::byte>& wire);

  private:
    MacAddress destination();

    std::mt19937 random_;
    std::uint32_t stream_;
    MacAddress nic_address_;
    std::uint32_t sequence_ = 0;
};

}  // namespace rundown::witness
