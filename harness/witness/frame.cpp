// SPDX-License-Identifier: MIT
#include "witness/frame.hpp"

#include <cstring>

namespace rundown::witness {
namespace {

constexpr std::size_t kPayloadOffset = RD_FRAME_HEADER_OFFSET + sizeof(rd_frame_header);
constexpr std::size_t kPayloadMax = RD_FRAME_MAX - kPayloadOffset;

/// Payload bytes count upwards modulo 256 from a start that follows from stream and sequence: each
/// payload is a stretch of this, so that building and checking one is a copy and a comparison.
const std::uint8_t* payload_of(std::uint32_t stream, std::uint32_t sequence) {
    static const auto counting = [] {
        std::array<std::uint8_t, 256 + kPayloadMax> bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = rd_frame_payload_byte(0, 0, static_cast<std::uint32_t>(i));
        }
        return bytes;
    }();
    return counting.data() + rd_frame_payload_byte(stream, sequence, 0);
}

bool direction_exists(std::uint8_t direction) {
    return direction == RD_FRAME_FROM_GUEST || direction == RD_FRAME_FROM_HOST;
}

bool length_fits(const rd_frame_header& header, std::size_t bytes) {
    return header.length == bytes && bytes >= RD_FRAME_MIN && bytes <= RD_FRAME_MAX;
}

}  // namespace

void build_frame(const FrameFields& fields, std::byte* out) {
    const rd_frame_header header = {
        RD_FRAME_MAGIC, fields.direction, 0, fields.length, fields.stream, fields.sequence};
    const std::array<std::uint8_t, 2> ether_type = {
        RD_FRAME_ETHERTYPE >> 8, RD_FRAME_ETHERTYPE & 0xFF};
    std::memcpy(out, fields.destination.data(), 6);
    std::memcpy(out + 6, fields.source.data(), 6);
    std::memcpy(out + 12, ether_type.data(), 2);
    std::memcpy(out + RD_FRAME_HEADER_OFFSET, &header, sizeof(header));
    std::memcpy(
        out + kPayloadOffset,
        payload_of(fields.stream, fields.sequence),
        fields.length - kPayloadOffset
    );
}

FrameJudgement judge_frame(std::span<const std::byte> frame) {
    FrameJudgement judgement;
    if (frame.size() < kPayloadOffset || frame[12] != std::byte{RD_FRAME_ETHERTYPE >> 8} ||
        frame[13] != std::byte{RD_FRAME_ETHERTYPE & 0xFF}) {
        return judgement;
    }
    rd_frame_header header;
    std::memcpy(&header, frame.data() + RD_FRAME_HEADER_OFFSET, sizeof(header));
    if (header.magic != RD_FRAME_MAGIC) {
        return judgement;
    }
    FrameFields& fields = judgement.fields;
    std::memcpy(fields.destination.data(), frame.data(), 6);
    std::memcpy(fields.source.data(), frame.data() + 6, 6);
    fields.direction = header.direction;
    fields.length = header.length;
    fields.stream = header.stream;
    fields.sequence = header.sequence;
    if (!direction_exists(header.direction) || header.flags != 0) {
        judgement.kind = FrameKind::bad_header;
    } else if (!length_fits(header, frame.size())) {
        judgement.kind = FrameKind::bad_length;
    } else {
        const auto payload = frame.subspan(kPayloadOffset);
        const bool same =
            std::memcmp(
                payload.data(), payload_of(header.stream, header.sequence), payload.size()
            ) == 0;
        judgement.kind = same ? FrameKind::good : FrameKind::bad_payload;
    }
    return judgement;
}

}  // namespace rundown::witness
