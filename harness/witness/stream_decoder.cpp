// SPDX-License-Identifier: MIT
#include "witness/stream_decoder.hpp"

#include <fmt/format.h>

namespace rundown::witness {
namespace {

std::size_t prefix_at(const std::byte* at) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kWirePrefix; ++i) {
        length = length << 8 | std::to_integer<std::size_t>(at[i]);
    }
    return length;
}

result<std::size_t> checked_length(const std::byte* at) {
    const std::size_t length = prefix_at(at);
    if (length == 0 || length > kWireFrameMax) {
        return fail(
            ErrorKind::protocol,
            fmt::format("a NIC's wire is out of step: it announced a frame of {} bytes", length)
        );
    }
    return length;
}

}  // namespace

void put_prefix(std::size_t length, std::byte* out) {
    for (std::size_t i = 0; i < kWirePrefix; ++i) {
        out[i] = static_cast<std::byte>(length >> (8 * (kWirePrefix - 1 - i)));
    }
}

/// Hands out the whole frames of `bytes` where they lie; gives back how many bytes they were.
result<std::size_t> StreamDecoder::take(std::span<const std::byte> bytes, const OnFrame& on_frame) {
    std::size_t used = 0;
    while (bytes.size() - used >= kWirePrefix) {
        const auto length = checked_length(bytes.data() + used);
        if (!length) {
            return length.error();
        }
        if (bytes.size() - used - kWirePrefix < *length) {
            break;
        }
        on_frame(bytes.subspan(used + kWirePrefix, *length));
        used += kWirePrefix + *length;
    }
    return used;
}

result<void> StreamDecoder::feed(std::span<const std::byte> bytes, const OnFrame& on_frame) {
    if (broken_) {
        return fail(ErrorKind::protocol, "a NIC's wire is out of step");
    }
    const bool continues = !partial_.empty();
    if (continues) {
        partial_.insert(partial_.end(), bytes.begin(), bytes.end());
        bytes = partial_;
    }
    const auto used = take(bytes, on_frame);
    if (!used) {
        broken_ = true;
        partial_.clear();
        return used.error();
    }
    if (continues) {
        partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(*used));
    } else {
        partial_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(*used), bytes.end());
    }
    return {};
}

}  // namespace rundown::witness
