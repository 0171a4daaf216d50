// SPDX-License-Identifier: MIT
#include "guest/gdb_packets.hpp"

#include <fmt/format.h>

namespace rundown::guest {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Two digits at `at`; -1 where they are none.
int hex_byte(std::string_view text, std::size_t at) {
    if (text.size() < at + 2)
        return -1;
    const int high = hex_digit(text[at]), low = hex_digit(text[at + 1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

unsigned checksum(std::string_view payload) {
    unsigned sum = 0;
    for (const char c : payload)
        sum += static_cast<unsigned char>(c);
    return sum & 0xFF;
}

}  // namespace

std::string gdb_packet(std::string_view payload) {
    return fmt::format("${}#{:02x}", payload, checksum(payload));
}

GdbInput GdbDecoder::spoilt(std::string what) {
    spoilt_ = true;
    buffer_.clear();
    return {GdbInputKind::garbage, std::move(what)};
}

GdbInput GdbDecoder::next() {
    if (spoilt_ || buffer_.empty())
        return {};
    if (buffer_.front() == '+') {
        buffer_.erase(0, 1);
        return {GdbInputKind::ack, {}};
    }
    if (buffer_.front() == '-')
        return spoilt("QEMU's gdb stub did not understand a packet");
    if (buffer_.front() != '$')
        return spoilt(fmt::format(
            "byte {:#04x} between packets",
            static_cast<unsigned>(static_cast<unsigned char>(buffer_.front()))
        ));
    const std::size_t end = buffer_.find('#');
    if (end == std::string::npos || end > kGdbPayloadMax + 1)
        return buffer_.size() > kGdbPayloadMax + 1
                   ? spoilt(fmt::format("a packet of more than {} bytes", kGdbPayloadMax))
                   : GdbInput{};
    if (buffer_.size() < end + 3)
        return {};
    std::string payload = buffer_.substr(1, end - 1);
    if (hex_byte(buffer_, end + 1) != static_cast<int>(checksum(payload)))
        return spoilt("a packet with a wrong checksum");
    buffer_.erase(0, end + 3);
    return {GdbInputKind::packet, std::move(payload)};
}

std::optional<unsigned> gdb_stop_signal(std::string_view payload) {
    if (payload.empty() || (payload[0] != 'S' && payload[0] != 'T'))
        return {};
    const int signal = hex_byte(payload, 1);
    return signal < 0 ? std::nullopt : std::optional<unsigned>(static_cast<unsigned>(signal));
}

}  // namespace rundown::guest
