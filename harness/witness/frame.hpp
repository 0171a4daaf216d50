// SPDX-License-Identifier: MIT
// witness/frame.hpp
//
// Builds and judges test frames (rundown/frame_abi.h). Written apart from the driver's own code for
// the same format, so that a mistake in one is seen by the other. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "rundown/frame_abi.h"

namespace rundown::witness {

using MacAddress = std::array<std::uint8_t, 6>;

/// The host's end of every wire: where the driver addresses its unicast frames (protocol5).
inline constexpr MacAddress kHostAddress = {0x02, 0x52, 0x44, 0x00, 0x00, 0x01};

struct FrameFields {
    MacAddress destination{};
    MacAddress source{};
    std::uint8_t direction = 0;  // RD_FRAME_FROM_*.
    std::uint16_t length = 0;    // Whole frame, RD_FRAME_MIN to RD_FRAME_MAX.
    std::uint32_t stream = 0;
    std::uint32_t sequence = 0;
};

enum class FrameKind {
    other,        // Another EtherType or no magic: somebody else's frame.
    good,         // Header, length and every payload byte are right.
    bad_header,   // Direction or flags that there are none of.
    bad_length,   // The header's length is not the frame's, or outside the format.
    bad_payload,  // A byte differs.
};

struct FrameJudgement {
    FrameKind kind = FrameKind::other;
    FrameFields fields;  // Valid when kind is not other; length is what the header claims.

    bool bad() const { return kind != FrameKind::other && kind != FrameKind::good; }
};

/// Writes a whole frame to `out`, which has room for fields.length bytes.
void build_frame(const FrameFields& fields, std::byte* out);

/// Judges a frame as it came off the wire, of any length and content.
FrameJudgement judge_frame(std::span<const std::byte> frame);

}  // namespace rundown::witness
