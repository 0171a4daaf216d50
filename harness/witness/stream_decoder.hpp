// SPDX-License-Identifier: MIT
// witness/stream_decoder.hpp
//
// Cuts the byte stream of a NIC's wire into frames: QEMU puts the length of each in front of it, 4
// bytes, big endian. Pure; bytes come in as they arrive.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "base/result.hpp"

namespace rundown::witness {

/// No frame of QEMU's is longer (its NET_BUFSIZE): a length beyond means that we are out of step.
inline constexpr std::size_t kWireFrameMax = 4096 + 65536;
inline constexpr std::size_t kWirePrefix = 4;

class StreamDecoder {
  public:
    using OnFrame = std::function<void(std::span<const std::byte>)>;

    /// Takes the next bytes and calls `on_frame` for each frame that is complete now; its span
    /// lives for the call only. Error: protocol, when a length is impossible. After an error the
    /// stream cannot be followed any more, and every later call fails too.
    result<void> feed(std::span<const std::byte> bytes, const OnFrame& on_frame);

    /// Bytes of a frame that is not complete yet.
    std::size_t pending() const { return partial_.size(); }

  private:
    result<std::size_t> take(std::span<const std::byte> bytes, const OnFrame& on_frame);

    std::vector<std::byte> partial_;  // Prefix and what has come of its frame.
    bool broken_ = false;
};

/// Puts the prefix of a frame of `length` bytes to `out` (kWirePrefix bytes).
void put_prefix(std::size_t length, std::byte* out);

}  // namespace rundown::witness
