// SPDX-License-Identifier: MIT
// lib/frame.hpp
//
// Builds and checks the test frames of rundown/frame_abi.h. Pure: no system headers, no allocation,
// any IRQL; compiled natively for its unit tests. A frame is handled as it lies in an NDIS_PACKET:
// in pieces of any size.
#pragma once
#include <rundown/frame_abi.h>

namespace rundown
{

/// Ethernet header and test header together; what is left of a frame is payload.
constexpr uint32_t FrameHeadersLength = RD_FRAME_HEADER_OFFSET + sizeof(rd_frame_header);
constexpr uint32_t FramePayloadMax = RD_FRAME_MAX - FrameHeadersLength;

struct EthernetAddress {
    uint8_t Bytes[6];
};

/// Everything that identifies one frame.
struct FrameIdentity {
    EthernetAddress Destination;
    EthernetAddress Source;
    uint8_t Direction; // RD_FRAME_FROM_*.
    uint16_t Length;   // Whole frame, RD_FRAME_MIN to RD_FRAME_MAX.
    uint32_t Stream;
    uint32_t Sequence;
};

/// Writes the first FrameHeadersLength bytes of the frame.
void BuildFrameHeaders(uint8_t *headers, const FrameIdentity &frame);

/// Writes the rest of the frame, frame.Length - FrameHeadersLength bytes.
void BuildFramePayload(uint8_t *payload, const FrameIdentity &frame);

/// A length for frame `sequence` that walks through [shortest, longest] without a visible order.
/// Bounds outside the format, and crossed ones, are mended: 0 means the format's own.
uint16_t FrameLengthFor(uint32_t sequence, uint16_t shortest, uint16_t longest);

enum class FrameVerdict {
    NotOurs,    // Another EtherType or no magic: somebody else's frame.
    Good,       // Length and every payload byte are right.
    BadLength,  // The header's length is not the frame's.
    BadPayload, // A byte differs.
};

/// Checks one frame fed in pieces, front to back. Not shared between processors.
class FrameChecker
{
  public:
    /// `length`: bytes of the whole frame as it was received.
    explicit FrameChecker(uint32_t length) : Length_(length)
    {
    }

    void Feed(const void *piece, uint32_t bytes);

    /// After the last piece. A frame shorter than it promised is BadLength.
    FrameVerdict Finish() const;

    /// Valid when Finish() is not NotOurs.
    const rd_frame_header &Header() const
    {
        return Header_;
    }

  private:
    void TakeHeaders();
    bool PayloadMatches(const uint8_t *bytes, uint32_t count, uint32_t offset) const;

    uint32_t Length_;
    uint32_t Fed_ = 0;
    bool Ours_ = false;
    bool Intact_ = true;
    uint8_t Headers_[FrameHeadersLength] = {};
    rd_frame_header Header_ = {};
};

} // namespace rundown
