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

void Trace::cut(std::uint64_t end) {
    const auto from_here = [](const auto& candidate, std::uint64_t wanted) {
        return candidate.sequence < wanted;
    };
    records.erase(std::lower_bound(records.begin(), records.end(), end, from_here), records.end());
    head = std::min(head, end);
    std::erase_if(gaps, [end](const Gap& gap) { return gap.first >= end; });
    torn = 0;
    for (Gap& gap : gaps) {
        gap.end = std::min(gap.end, end);
        torn += gap.end - gap.first;
    }
    torn -= std::min(torn, lost);
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
