// SPDX-License-Identifier: MIT
#include "witness/sequences.hpp"

namespace rundown::witness {

bool Sequences::note(std::uint32_t stream, std::uint32_t sequence) {
    auto known = next_.find(stream);
    if (known == next_.end()) {
        if (next_.size() >= kStreamsMax) {
            return false;
        }
        known = next_.emplace(stream, 0).first;
    }
    std::uint64_t& next = known->second;
    if (sequence < next) {
        ++repeats_;
        return true;
    }
    gaps_ += sequence - next;
    next = std::uint64_t{sequence} + 1;
    return true;
}

}  // namespace rundown::witness
