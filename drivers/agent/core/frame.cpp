// SPDX-License-Identifier: MIT
#include "frame.hpp"

#include <string.h>

#include "crc32.hpp"

namespace rundown::agent
{

namespace
{

void
put16(uint8_t *to, uint32_t value)
{
    to[0] = static_cast<uint8_t>(value);
    to[1] = static_cast<uint8_t>(value >> 8);
}
void
put32(uint8_t *to, uint32_t value)
{
    put16(to, value);
    put16(to + 2, value >> 16);
}
uint32_t
get16(const uint8_t *from)
{
    return from[0] | static_cast<uint32_t>(from[1]) << 8;
}
uint32_t
get32(const uint8_t *from)
{
    return get16(from) | get16(from + 2) << 16;
}

/// The header's own check, so that a wrong length is not waited for: low byte of the CRC-32 of what
/// precedes it.
uint8_t
header_check(const uint8_t *frame)
{
    return static_cast<uint8_t>(crc32(frame, kFrameHeaderBytes - 1));
}

bool
plausible(const uint8_t *frame)
{
    return frame[0] == kFrameStart && frame[1] >= static_cast<uint8_t>(FrameType::hello_request) &&
           frame[1] <= static_cast<uint8_t>(FrameType::event) &&
           get16(frame + 2) <= kFramePayloadMax &&
           frame[kFrameHeaderBytes - 1] == header_check(frame);
}

} // namespace

size_t
seal_frame(uint8_t *frame, const FrameHead &head, size_t payload_bytes)
{
    frame[0] = kFrameStart;
    frame[1] = static_cast<uint8_t>(head.type);
    put16(frame + 2, static_cast<uint32_t>(payload_bytes));
    put32(frame + 4, head.session);
    put16(frame + 8, head.sequence);
    frame[kFrameHeaderBytes - 1] = header_check(frame);
    const size_t covered = kFrameHeaderBytes + payload_bytes;
    put32(frame + covered, crc32(frame, covered));
    return covered + kFrameTrailerBytes;
}

size_t
FrameDecoder::feed(const uint8_t *bytes, size_t count)
{
    drop(taken_);
    taken_ = 0;
    const size_t room = kFrameBytesMax - filled_;
    if (count > room)
        count = room;
    memcpy(buffer_ + filled_, bytes, count);
    filled_ += count;
    return count;
}

bool
FrameDecoder::next(FrameHead *head, const uint8_t **payload, size_t *payload_bytes)
{
    drop(taken_);
    taken_ = 0;
    size_t skip = 0;
    bool found = false;
    while (!found && filled_ - skip >= 1) {
        const uint8_t *frame = buffer_ + skip;
        const size_t left = filled_ - skip;
        if (frame[0] != kFrameStart) {
            statistics_.bells += frame[0] == RD_LINE_BELL;
            statistics_.skipped_bytes += frame[0] != RD_LINE_BELL;
            ++skip;
            continue;
        }
        if (left < kFrameHeaderBytes)
            break;
        if (!plausible(frame)) {
            ++statistics_.skipped_bytes;
            ++skip;
            continue;
        }
        const size_t length = get16(frame + 2);
        if (left < frame_bytes(length))
            break;
        if (get32(frame + kFrameHeaderBytes + length) != crc32(frame, kFrameHeaderBytes + length)) {
            ++statistics_.bad_checksums;
            ++statistics_.skipped_bytes;
            ++skip;
            continue;
        }
        found = true;
    }
    drop(skip);
    if (!found)
        return false;
    head->type = static_cast<FrameType>(buffer_[1]);
    head->session = get32(buffer_ + 4);
    head->sequence = static_cast<uint16_t>(get16(buffer_ + 8));
    *payload = buffer_ + kFrameHeaderBytes;
    *payload_bytes = get16(buffer_ + 2);
    taken_ = frame_bytes(*payload_bytes);
    ++statistics_.frames;
    return true;
}

void
FrameDecoder::give_up_frame()
{
    drop(taken_);
    taken_ = 0;
    if (filled_ == 0)
        return;
    ++statistics_.skipped_bytes;
    drop(1);
}

void
FrameDecoder::reset()
{
    filled_ = taken_ = 0;
}

void
FrameDecoder::drop(size_t count)
{
    if (count == 0)
        return;
    memmove(buffer_, buffer_ + count, filled_ - count);
    filled_ -= count;
}

} // namespace rundown::agent
