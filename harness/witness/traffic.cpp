// SPDX-License-Identifier: MIT
#include "witness/traffic.hpp"

#include "witness/stream_decoder.hpp"

namespace rundown::witness {
namespace {

constexpr MacAddress kBroadcast = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
// The multicast list of protocol5 (drivers/protocol5/README.md).
constexpr MacAddress kListed[] = {
    {0x01, 0x00, 0x5E, 0x52, 0x44, 0x01}, {0x33, 0x33, 0x52, 0x44, 0x00, 0x01}};

}  // namespace

Traffic::Traffic(std::uint32_t seed, std::uint32_t stream, const MacAddress& nic_address)
    : random_(seed * 2654435761u + stream), stream_(stream), nic_address_(nic_address) {}

/// Of 16 frames 11 are unicast, 2 broadcast, 2 multicast, 1 to a group nobody is in.
MacAddress Traffic::destination() {
    const std::uint32_t drawn = random_() % 16;
    if (drawn < 11) {
        return nic_address_;
    }
    if (drawn < 13) {
        return kBroadcast;
    }
    return drawn < 15 ? kListed[drawn - 13] : kUnlistedGroup;
}

FrameFields Traffic::next() {
    FrameFields fields;
    fields.destination = destination();
    fields.source = kHostAddress;
    fields.direction = RD_FRAME_FROM_HOST;
    // The extremes come up far more often than chance would have them: that is where errors live.
    const std::uint32_t drawn = random_();
    const std::uint32_t span = RD_FRAME_MAX - RD_FRAME_MIN + 1;
    fields.length = static_cast<std::uint16_t>(
        drawn % 8 == 0   ? RD_FRAME_MIN
        : drawn % 8 == 1 ? RD_FRAME_MAX
                         : RD_FRAME_MIN + (drawn >> 3) % span
    );
    fields.stream = stream_;
    fields.sequence = sequence_++;
    return fields;
}

void Traffic::append(std::size_t count, std::vector<std::byte>& wire) {
    for (; count > 0; --count) {
        const FrameFields fields = next();
        const std::size_t at = wire.size();
        wire.resize(at + kWirePrefix + fields.length);
        put_prefix(fields.length, wire.data() + at);
        build_frame(fields, wire.data() + at + kWirePrefix);
    }
}

}  // namespace rundown::witness
