// SPDX-License-Identifier: MIT
// oracle/rules/pool_tags.cpp
#include "oracle/rules/pool_tags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "oracle/coverage.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using Blocks = std::map<std::uint32_t, PoolTag>;

constexpr std::size_t kCyclesMin = 4;  // Fewer say nothing about a trend.

Blocks blocks_of(const Census& census) {
    Blocks blocks;
    for (const PoolTag& tag : census.pool) {
        PoolTag& sum = blocks[tag.tag];
        sum.tag = tag.tag;
        sum.bytes += tag.bytes;
        sum.blocks += tag.blocks;
    }
    return blocks;
}

PoolTag of(const Blocks& blocks, std::uint32_t tag) {
    const auto at = blocks.find(tag);
    return at != blocks.end() ? at->second : PoolTag{tag};
}

/// Tags protocol5 allocates under.
bool is_drivers(const std::string& name) {
    return name == "Rdp5" || name == "RdTr";
}

/// Those, and on the reference guest those of its NDIS, which begin with 'N' ("None" is what was
/// allocated without a tag, by anybody). Elsewhere others have such tags, too: npfs, for one.
bool owes_at_once(const RunRecord& run, std::uint32_t tag) {
    const std::string name = trace::tag_name(tag);
    return is_drivers(name) || (is_quiet(run) && name.starts_with("N") && name != "None");
}

/// Tags that may not grow with each load or cycle: all of a quiet system; of another only those of
/// the driver and of NDIS ("ND..").
bool may_not_grow(const RunRecord& run, std::uint32_t tag) {
    const std::string name = trace::tag_name(tag);
    return is_quiet(run) || is_drivers(name) || name.starts_with("ND");
}

std::string amount(const PoolTag& tag) {
    return fmt::format("{} bytes in {} blocks", tag.bytes, tag.blocks);
}

void report_left(const PoolTag& had, const PoolTag& has, const char* when, Findings& findings) {
    findings.add_once(
        has.tag,
        nullptr,
        fmt::format(
            "Pool tag '{}' holds {} {}; before the driver was loaded it held {}.",
            trace::tag_name(has.tag),
            amount(has),
            when,
            amount(had)
        )
    );
}

/// Tags of the driver and of NDIS, which owe everything back at once.
void check_own_tags(const RunRecord& run, CensusPoint point, const char* when, Findings& findings) {
    const Census* before = run.census(CensusPoint::before);
    const Census* after = run.census(point);
    if (before == nullptr || after == nullptr || before->pool.empty()) {
        return;
    }
    const Blocks had = blocks_of(*before);
    for (const auto& [tag, has] : blocks_of(*after)) {
        if (owes_at_once(run, tag) && has.blocks > of(had, tag).blocks) {
            report_left(of(had, tag), has, when, findings);
        }
    }
}

}  // namespace

void check_pool_tags(const RunRecord& run, Findings& findings) {
    check_own_tags(run, CensusPoint::torn_down, "after the driver was stopped", findings);
    check_own_tags(run, CensusPoint::gone_again, "after a second load", findings);
    const Census* before = run.census(CensusPoint::before);
    const Census* once = run.census(CensusPoint::torn_down);
    const Census* twice = run.census(CensusPoint::gone_again);
    if (before == nullptr || once == nullptr || twice == nullptr || before->pool.empty() ||
        once->pool.empty()) {
        return;
    }
    const Blocks had = blocks_of(*before);
    const Blocks left = blocks_of(*once);
    for (const auto& [tag, has] : blocks_of(*twice)) {
        const std::uint32_t a = of(had, tag).blocks;
        const std::uint32_t b = of(left, tag).blocks;
        if (may_not_grow(run, tag) && a < b && b < has.blocks) {
            report_left(of(had, tag), has, "after two loads, and grew with each", findings);
        }
    }
}

void check_pool_growth(const RunRecord& run, Findings& findings) {
    std::vector<Blocks> cycles;
    std::set<std::uint32_t> tags;
    for (const LabelledCensus& labelled : run.censuses) {
        if (labelled.point == CensusPoint::cycle) {
            cycles.push_back(blocks_of(labelled.census));
            for (const auto& [tag, unused] : cycles.back()) {
                tags.insert(tag);
            }
        }
    }
    if (cycles.size() < kCyclesMin) {
        return;
    }
    const auto middle = cycles.begin() + static_cast<std::ptrdiff_t>(cycles.size() / 2);
    for (const std::uint32_t tag : tags) {
        const auto fewer = [tag](const Blocks& left, const Blocks& right) {
            return of(left, tag).blocks < of(right, tag).blocks;
        };
        const std::uint32_t most_early =
            of(*std::max_element(cycles.begin(), middle, fewer), tag).blocks;
        const std::uint32_t least_late =
            of(*std::min_element(middle, cycles.end(), fewer), tag).blocks;
        if (may_not_grow(run, tag) && least_late > most_early &&
            of(cycles.back(), tag).blocks > least_late) {
            findings.add_once(
                tag,
                nullptr,
                fmt::format(
                    "Pool tag '{}' grows with the cycles: {} after the first unbind, {} after the "
                    "last of {}.",
                    trace::tag_name(tag),
                    amount(of(cycles.front(), tag)),
                    amount(of(cycles.back(), tag)),
                    cycles.size()
                )
            );
        }
    }
}

}  // namespace rundown::oracle
