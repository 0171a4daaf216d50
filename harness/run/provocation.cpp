// SPDX-License-Identifier: MIT
#include "run/provocation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace rundown::run {
namespace {

constexpr std::uint32_t kDelayMaxUs = 10'000'000;
constexpr std::uint32_t kStepsMax = 10000;
constexpr std::uint32_t kThrottleMinPercent = 10;  // The host's scheduler grants no more than 90.
constexpr std::uint32_t kThrottleMaxPercent = 95;

/// Takes a number off the front of `text`; false: there is none.
bool take_number(std::string_view& text, std::uint32_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) {
        return false;
    }
    text.remove_prefix(word.size());
    return true;
}

}  // namespace

std::uint32_t Provocations::repetitions(std::uint32_t asked_for) const {
    return std::max(asked_for, static_cast<std::uint32_t>(delays_us.size()));
}

Provocation Provocations::of_repetition(
    std::uint32_t repetition, const scenario::Scenario& scenario
) const {
    Provocation provocation;
    provocation.asked_for = holds;
    provocation.holds = scenario.holds;
    for (const auto& hold : holds) {
        // The command line's word about a point is the last one.
        std::erase_if(provocation.holds, [&](const auto& own) { return own.point == hold.point; });
        provocation.holds.push_back(hold);
    }
    if (!delays_us.empty()) {
        provocation.delay_us = delays_us[repetition % delays_us.size()];
    }
    provocation.throttle_percent = throttle_percent;
    return provocation;
}

result<std::vector<std::uint32_t>> sweep_from(const std::string& text) {
    std::string_view rest = text;
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint32_t steps = 0;
    const bool well_formed = take_number(rest, from) && take(rest, "..") && take_number(rest, to) &&
                             take(rest, "/") && take_number(rest, steps) &&
                             (rest.empty() || rest == "us");
    if (!well_formed || from > to || to > kDelayMaxUs || steps < 1 || steps > kStepsMax ||
        (steps == 1 && from != to)) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "--sweep: '{}' is no sweep; write FROM..TO/STEPS in microseconds, up to {}, with 2 "
                "to {} steps, such as 0..500/11",
                text,
                kDelayMaxUs,
                kStepsMax
            )
        );
    }
    std::vector<std::uint32_t> delays;
    for (std::uint32_t step = 0; step < steps; ++step) {
        const std::uint64_t done = std::uint64_t{to - from} * step;
        delays.push_back(from + static_cast<std::uint32_t>(steps == 1 ? 0 : done / (steps - 1)));
    }
    return delays;
}

result<Provocations> provocations_from(
    const std::vector<std::string>& holds,
    const std::string& sweep,
    std::optional<std::uint32_t> delay_us,
    std::uint32_t throttle_percent
) {
    Provocations all;
    for (const auto& text : holds) {
        const auto hold = scenario::hold_from(text);
        if (!hold) {
            return in_context("--hold", hold.error());
        }
        std::erase_if(all.holds, [&](const auto& other) { return other.point == hold->point; });
        all.holds.push_back(*hold);
    }
    if (!sweep.empty() && delay_us) {
        return fail(ErrorKind::usage, "--sweep and --delay: a sweep has its own delays");
    }
    if (!sweep.empty()) {
        auto delays = sweep_from(sweep);
        RUNDOWN_TRY(delays);
        all.delays_us = std::move(*delays);
    } else if (delay_us) {
        if (*delay_us > kDelayMaxUs) {
            return fail(
                ErrorKind::usage, fmt::format("--delay: at most {} microseconds", kDelayMaxUs)
            );
        }
        all.delays_us = {*delay_us};
    }
    if (throttle_percent != 0 &&
        (throttle_percent < kThrottleMinPercent || throttle_percent > kThrottleMaxPercent)) {
        return fail(
            ErrorKind::usage,
            fmt::format(
                "--throttle: from {} to {} percent of a processor's time can be taken from it",
                kThrottleMinPercent,
                kThrottleMaxPercent
            )
        );
    }
    all.throttle_percent = throttle_percent;
    return all;
}

std::string as_typed(const Provocation& provocation) {
    std::string words;
    for (const auto& hold : provocation.asked_for) {
        words += " --hold " + to_string(hold);
    }
    if (provocation.delay_us) {
        words += fmt::format(" --delay {}", *provocation.delay_us);
    }
    if (provocation.throttle_percent != 0) {
        words += fmt::format(" --throttle {}", provocation.throttle_percent);
    }
    return words;
}

}  // namespace rundown::run
