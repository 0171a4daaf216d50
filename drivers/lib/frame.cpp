// SPDX-License-Identifier: MIT
// lib/frame.cpp
//
// rd_frame_payload_byte counts upwards modulo 256 from a start that depends on stream and sequence.
// So every payload is a stretch of one table, and building or checking one is a copy or a
// comparison of memory.
#include "lib/frame.hpp"

#include <string.h>

namespace rundown
{
namespace
{

constexpr uint32_t PatternBytes = 256 + FramePayloadMax;

struct Pattern {
    uint8_t Bytes[PatternBytes];

    constexpr Pattern() : Bytes()
    {
        for (uint32_t i = 0; i < PatternBytes; ++i) {
            Bytes[i] = static_cast<uint8_t>(i);
        }
    }
};

constexpr Pattern CountingUp;

const uint8_t *
PayloadOf(uint32_t stream, uint32_t sequence)
{
    return CountingUp.Bytes + rd_frame_payload_byte(stream, sequence, 0);
}

bool
IsOurs(const uint8_t *headers, const rd_frame_header &header)
{
    const uint16_t etherType = static_cast<uint16_t>(headers[12] << 8 | headers[13]);

    return etherType == RD_FRAME_ETHERTYPE && header.magic == RD_FRAME_MAGIC;
}

} // namespace

void
BuildFrameHeaders(uint8_t *headers, const FrameIdentity &frame)
{
    const rd_frame_header header = {
        .magic = RD_FRAME_MAGIC,
        .direction = frame.Direction,
        .flags = 0,
        .length = frame.Length,
        .stream = frame.Stream,
        .sequence = frame.Sequence,
    };

    memcpy(headers, frame.Destination.Bytes, sizeof(frame.Destination.Bytes));
    memcpy(headers + 6, frame.Source.Bytes, sizeof(frame.Source.Bytes));
    headers[12] = RD_FRAME_ETHERTYPE >> 8;
    headers[13] = RD_FRAME_ETHERTYPE & 0xFF;
    memcpy(headers + RD_FRAME_HEADER_OFFSET, &header, sizeof(header));
}

void
BuildFramePayload(uint8_t *payload, const FrameIdentity &frame)
{
    memcpy(payload, PayloadOf(frame.Stream, frame.Sequence), frame.Length - FrameHeadersLength);
}

uint16_t
FrameLengthFor(uint32_t sequence, uint16_t shortest, uint16_t longest)
{
    if (shortest < RD_FRAME_MIN || shortest > RD_FRAME_MAX) {
        shortest = RD_FRAME_MIN;
    }
    if (longest == 0 || longest > RD_FRAME_MAX) {
        longest = RD_FRAME_MAX;
    }
    if (longest < shortest) {
        longest = shortest;
    }

    // Knuth's multiplicative hash: neighbours land far apart, and every length comes up.
    const uint32_t scattered = (sequence * 2654435761u) >> 16;

    return static_cast<uint16_t>(shortest + scattered % (longest - shortest + 1u));
}

void
FrameChecker::Feed(const void *piece, uint32_t bytes)
{
    const uint8_t *next = static_cast<const uint8_t *>(piece);

    if (Fed_ < FrameHeadersLength) {
        const uint32_t missing = FrameHeadersLength - Fed_;
        const uint32_t taken = bytes < missing ? bytes : missing;

        memcpy(Headers_ + Fed_, next, taken);
        Fed_ += taken;
        next += taken;
        bytes -= taken;
        if (Fed_ < FrameHeadersLength) {
            return;
        }
        TakeHeaders();
    }
    if (bytes == 0) {
        return;
    }
    if (Ours_ && Intact_) {
        Intact_ = PayloadMatches(next, bytes, Fed_ - FrameHeadersLength);
    }
    Fed_ += bytes;
}

FrameVerdict
FrameChecker::Finish() const
{
    if (!Ours_) {
        return FrameVerdict::NotOurs;
    }
    if (Header_.length != Length_ || Fed_ != Length_) {
        return FrameVerdict::BadLength;
    }
    return Intact_ ? FrameVerdict::Good : FrameVerdict::BadPayload;
}

void
FrameChecker::TakeHeaders()
{
    memcpy(&Header_, Headers_ + RD_FRAME_HEADER_OFFSET, sizeof(Header_));
    Ours_ = IsOurs(Headers_, Header_);
}

bool
FrameChecker::PayloadMatches(const uint8_t *bytes, uint32_t count, uint32_t offset) const
{
    if (offset > FramePayloadMax || count > FramePayloadMax - offset) {
        return false;
    }
    return memcmp(bytes, PayloadOf(Header_.stream, Header_.sequence) + offset, count) == 0;
}

} // namespace rundown
