// SPDX-License-Identifier: MIT
// agent/core/frame.hpp
//
// Frames of the RPC (RPC_FORMAT.md): encoding, and a decoder that finds its way back after
// any garbage. The same code serves both ends. No allocation, no I/O, no standard library: it runs
// in a kernel too.
#pragma once
#include <rundown/line_abi.h>
#include <stddef.h>
#include <stdint.h>

namespace rundown::agent
{

enum class FrameType : uint8_t {
    invalid = 0,
    hello_request = 1, // Host to guest: the session's first.
    hello = 2,         // Guest to host: its answer, or unasked (session 0).
    request = 3,
    response = 4, // Carries the request's sequence.
    event = 5,    // Guest to host, unasked.
};

/// Where bytes come from: each has a decoder of its own.
enum class Port : uint8_t {
    serial = 0, // COM1.
    memory = 1, // The line in the window (rundown/line_abi.h).
};
constexpr size_t kPorts = 2;

constexpr uint8_t kFrameStart = 0xD5;
constexpr size_t kFrameHeaderBytes = 11;   // start, type, length, session, sequence, check
constexpr size_t kFrameTrailerBytes = 4;   // CRC-32
constexpr size_t kFramePayloadMax = 12288; // of either direction
constexpr size_t kFrameBytesMax = kFrameHeaderBytes + kFramePayloadMax + kFrameTrailerBytes;

struct FrameHead {
    FrameType type = FrameType::invalid;
    uint32_t session = 0;
    uint16_t sequence = 0;
};

/// Bytes a frame of that payload takes on the line.
constexpr size_t
frame_bytes(size_t payload_bytes)
{
    return kFrameHeaderBytes + payload_bytes + kFrameTrailerBytes;
}

/// Puts header and trailer around a payload that is already at `frame + kFrameHeaderBytes`. `frame`
/// has frame_bytes(payload_bytes) bytes; payload_bytes <= kFramePayloadMax. Gives back the frame's
/// length.
size_t seal_frame(uint8_t *frame, const FrameHead &head, size_t payload_bytes);

/// What has been seen on the line besides good frames.
struct FrameStatistics {
    uint64_t frames = 0;
    uint64_t skipped_bytes = 0; // Belonged to no good frame, and were no doorbells.
    uint64_t bells = 0;         // Doorbells, between frames.
    uint64_t bad_checksums = 0; // Frames whose CRC-32 was wrong.
};

/// Takes bytes in any portions. `buffer` is the caller's, kFrameBytesMax long, and outlives the
/// decoder.
class FrameDecoder
{
  public:
    explicit FrameDecoder(uint8_t *buffer) : buffer_(buffer)
    {
    }

    /// Takes as many of the bytes as fit and says how many; next() makes room.
    size_t feed(const uint8_t *bytes, size_t count);

    /// The next good frame, or false when more bytes are needed. The payload stays valid until the
    /// next call of feed or next.
    bool next(FrameHead *head, const uint8_t **payload, size_t *payload_bytes);

    /// Bytes of a frame that is not complete yet (after next() said false).
    bool buffered() const
    {
        return filled_ > taken_;
    }

    /// The line has been silent for so long that the frame which began will not end: its first byte
    /// is skipped, so that next() finds what is behind it.
    void give_up_frame();

    /// Forgets what is buffered: the other end began anew.
    void reset();

    const FrameStatistics &statistics() const
    {
        return statistics_;
    }

  private:
    void drop(size_t count);

    uint8_t *buffer_;
    size_t filled_ = 0;
    size_t taken_ = 0; // Bytes of the frame handed out last: dropped first.
    FrameStatistics statistics_;
};

} // namespace rundown::agent
