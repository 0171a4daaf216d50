// SPDX-License-Identifier: MIT
#include "run/describe_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace rundown::run {
namespace {

/// Fit for a shell: left as it is when it is plain, else in single quotes.
std::string quoted(const std::string& word) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,%";
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
        return word;
    }
    std::string quoted = "'";
    for (const char letter : word) {
        quoted += letter == '\'' ? "'\\''" : std::string(1, letter);
    }
    return quoted + "'";
}

std::uint64_t cycles_done(const oracle::RunRecord& record) {
    return static_cast<std::uint64_t>(std::count_if(
        record.censuses.begin(),
        record.censuses.end(),
        [](const auto& census) { return census.point == oracle::CensusPoint::cycle; }
    ));
}

}  // namespace

void describe(
    const oracle::RunRecord& record, const oracle::Judgement& judgement, report::RunReport& report
) {
    report.verdict = judgement.verdict;
    report.rules = judgement.rules;
    report.in_flight = {
        judgement.in_flight.sends,
        judgement.in_flight.receives_held,
        judgement.in_flight.requests,
        judgement.in_flight.handles,
        judgement.in_flight.calls};
    auto& counts = report.counts;
    for (const char* sum : {"frames_from_guest", "frames_to_guest", "frames_bad"}) {
        counts[sum] = 0;
    }
    for (const auto& nic : record.nics) {
        counts["frames_from_guest"] += nic.frames_from_guest;
        counts["frames_to_guest"] += nic.frames_to_guest;
        counts["frames_bad"] += nic.frames_bad;
    }
    counts["records"] = record.trace.records.size();
    counts["records_lost"] = record.trace.lost + record.trace.torn;
    if (record.trigger == "rebind") {
        counts["cycles"] = cycles_done(record);
    }
}

std::string reproduce_command(const ReproduceOptions& options, const RunSpec& spec) {
    std::string command = fmt::format("{} run {}", quoted(options.program), spec.scenario.name);
    if (!spec.guest.empty() && spec.guest != "reference") {
        command += " --guest " + quoted(spec.guest);
    }
    if (!spec.nics.empty()) {
        command += fmt::format(" --nic {}", fmt::join(spec.nics, "+"));
    }
    command += fmt::format(" --load {} --seed {}", to_string(spec.load), spec.seed);
    if (spec.deterministic) {
        command += " --deterministic";
    }
    if (spec.serial_only) {
        command += " --serial-only";
    }
    if (spec.no_window) {
        command += " --no-window";
    }
    command += as_typed(spec.provocation);
    if (!options.driver.empty()) {
        command += " --driver " + quoted(options.driver);
    }
    if (options.accelerator != "auto") {
        command += " --accel " + options.accelerator;
    }
    if (options.connect != "embedded") {
        command += " --connect " + quoted(options.connect);
    }
    return command;
}

}  // namespace rundown::run
