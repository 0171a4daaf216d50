// SPDX-License-Identifier: MIT
#include "witness/sequences.hpp"

namespace rundown::witness {

bool Sequences::note(std::uint32_t stream, std::uint32_t sequence) {
    auto known = seen_.find(stream);
    if (known == seen_.end()) {
        if (seen_.size() >= kStreamsMax) {
            return false;
        }
        known = seen_.emplace(stream, StreamSeen{stream}).first;
    }
    StreamSeen& seen = known->second;
    const std::uint64_t next = seen.frames == 0 ? 0 : std::uint64_t{seen.last_sequence} + 1;
    ++seen.frames;
    if (sequence < next) {
        ++repeats_;
        return true;
    }
    gaps_ += sequence - next;
    seen.last_sequence = sequence;
    return true;
}

std::vector<StreamSeen> Sequences::seen() const {
    std::vector<StreamSeen> all;
    all.reserve(seen_.size());
    for (const auto& [stream, seen] : seen_) {
        all.push_back(seen);
    }
    return all;
}

}  // namespace rundown::witness
