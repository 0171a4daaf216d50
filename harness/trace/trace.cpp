// SPDX-License-Identifier: MIT
// trace/trace.cpp
#include "trace/trace.hpp"

#include <algorithm>

namespace rundown::trace {

bool Trace::whole(std::uint64_t first, std::uint64_t end) const {
    // Gaps ascend and do not overlap; a hostile trace may have very many.
    const auto gap = std::upper_bound(
        gaps.begin(),
        gaps.end(),
        first,
        [](std::uint64_t wanted, const Gap& candidate) { return wanted < candidate.end; }
    );
    return gap == gaps.end() || gap->first >= end;
}

const Record* Trace::find(std::uint64_t sequence) const {
    const auto at = std::lower_bound(
        records.begin(),
        records.end(),
        sequence,
        [](const Record& record, std::uint64_t wanted) { return record.sequence < wanted; }
    );
    return at != records.end() && at->sequence == sequence ? &*at : nullptr;
}

}  // namespace rundown::trace
