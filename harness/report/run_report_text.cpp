// SPDX-License-Identifier: MIT
// RunReport -> lines for a terminal or a log.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "report/run_report.hpp"

namespace rundown::report {
namespace {

std::string_view label(const Verdict& verdict) {
    switch (verdict.kind) {
        case VerdictKind::pass:
            return "PASS";
        case VerdictKind::fail:
            return "FAIL";
        case VerdictKind::known:
            return "KNOWN";
        case VerdictKind::inconclusive:
            return "INCONCLUSIVE";
        case VerdictKind::invalid:
            break;
    }
    return "INVALID";
}

double total_seconds(const RunReport& run) {
    const auto total = run.timings_ms.find("total");
    return total == run.timings_ms.end() ? 0.0 : static_cast<double>(total->second) / 1000.0;
}

std::string nics_column(const std::vector<std::string>& nics) {
    return nics.empty() ? "no NIC" : nics_text(nics);
}

}  // namespace

std::string nics_text(const std::vector<std::string>& nics) {
    if (nics.size() <= 2) {
        return fmt::format("{}", fmt::join(nics, "+"));
    }
    std::vector<std::pair<std::string, std::size_t>> counts;
    for (const auto& nic : nics) {
        const auto known = std::find_if(counts.begin(), counts.end(), [&](const auto& count) {
            return count.first == nic;
        });
        if (known == counts.end()) {
            counts.emplace_back(nic, 1);
        } else {
            ++known->second;
        }
    }
    std::string text;
    for (const auto& [nic, count] : counts) {
        text += fmt::format("{}{}x{}", text.empty() ? "" : "+", count, nic);
    }
    return text;
}

std::string verdict_line(const RunReport& run) {
    std::string line = fmt::format(
        "{:<12}  {:<32}  {:<21}  {:<5}  {:5.1f} s",
        label(run.verdict),
        run.scenario,
        nics_column(run.nics),
        run.load,
        total_seconds(run)
    );
    if (run.load != "idle") {
        line += fmt::format(
            "  in flight: {} sends, {} receives, {} requests, {} handles",
            run.in_flight.sends,
            run.in_flight.receives_held,
            run.in_flight.requests,
            run.in_flight.handles
        );
    }
    return line;
}

std::string skipped_line(const SkippedRun& skipped) {
    return fmt::format(
        "{:<12}  {:<32}  {:<21}  {:<5}  {}",
        "SKIPPED",
        skipped.scenario,
        nics_column(skipped.nics),
        skipped.load,
        skipped.why
    );
}

std::string explanation(const RunReport& run) {
    std::string text;
    if (run.verdict.kind == VerdictKind::inconclusive) {
        text += fmt::format("  {}: {}\n", to_string(run.verdict.why), run.verdict.sentence);
        text += fmt::format("  who must act: {}\n", who_must_act(run.verdict.why));
    }
    for (const auto& finding : run.verdict.findings) {
        text += fmt::format(
            "  rule {}{}: {}\n",
            finding.rule,
            finding.against.empty() ? "" : ", against " + finding.against,
            finding.explanation
        );
        if (!finding.known.empty()) {
            text += fmt::format("    known: {}\n", finding.known);
        }
        text += fmt::format("    {}\n", finding.citation);
        if (finding.event) {
            text += fmt::format("    at trace record {}", *finding.event);
            if (finding.event_us) {
                text += fmt::format(
                    ", {}.{:06} s", *finding.event_us / 1'000'000, *finding.event_us % 1'000'000
                );
            }
            text += "\n";
        }
    }
    if (const auto directory = run.artifacts.find("directory"); directory != run.artifacts.end()) {
        text += fmt::format("  evidence: {}\n", directory->second);
    }
    text += fmt::format("  reproduce: {}\n", run.reproduce);
    return text;
}

namespace {

/// Rules that some run's evidence could not show to be broken: what was not judged is no pass.
std::string not_judged(const InvocationReport& invocation) {
    std::map<std::pair<std::string, std::string>, std::size_t> rules;
    for (const auto& run : invocation.runs) {
        for (const auto& rule : run.rules) {
            if (rule.judged == oracle::Judged::no) {
                ++rules[{rule.rule, rule.lacks}];
            }
        }
    }
    std::string text;
    for (const auto& [rule, count] : rules) {
        text += fmt::format(
            "not judged in {} of {}: {} ({})\n",
            count,
            invocation.runs.size(),
            rule.first,
            rule.second
        );
    }
    return text;
}

}  // namespace

std::string summary(const InvocationReport& invocation) {
    struct Tally {
        std::size_t runs = 0;
        std::size_t green = 0;
    };
    std::map<VerdictKind, std::size_t> kinds;
    std::map<std::string, Tally> repeated;
    for (const auto& run : invocation.runs) {
        ++kinds[run.verdict.kind];
        Tally& tally =
            repeated[fmt::format("{} {} {}", run.scenario, nics_column(run.nics), run.load)];
        ++tally.runs;
        tally.green += exit_code(run.verdict) == exit_pass ? 1 : 0;
    }
    std::string text = fmt::format(
        "{} runs: {} passed, {} failed, {} inconclusive",
        invocation.runs.size(),
        kinds[VerdictKind::pass] + kinds[VerdictKind::known],
        kinds[VerdictKind::fail],
        kinds[VerdictKind::inconclusive] + kinds[VerdictKind::invalid]
    );
    if (kinds[VerdictKind::known] != 0) {
        text += fmt::format(" ({} with known divergences)", kinds[VerdictKind::known]);
    }
    if (!invocation.skipped.empty()) {
        text += fmt::format(
            "; {} skipped: this guest cannot be asked for them", invocation.skipped.size()
        );
    }
    text += '\n';
    for (const auto& [name, tally] : repeated) {
        if (tally.green != tally.runs && tally.runs > 1) {
            text += fmt::format(
                "  {}: not green in {} of {}\n", name, tally.runs - tally.green, tally.runs
            );
        }
    }
    text += not_judged(invocation);
    std::uint64_t not_captured = 0;
    for (const auto& run : invocation.runs) {
        const auto count = run.counts.find("frames_not_captured");
        not_captured += count == run.counts.end() ? 0 : count->second;
    }
    if (not_captured != 0) {
        text += fmt::format("captures are bounded: {} frames are not in them\n", not_captured);
    }
    text += fmt::format("evidence: {}\n", invocation.directory);
    if (!invocation.lost.empty()) {
        text += invocation.lost + "\n";
    }
    return text;
}

ExitCode exit_code(const InvocationReport& invocation) {
    ExitCode code = invocation.lost.empty() ? exit_pass : exit_could_not_run;
    const bool nothing_ran = invocation.runs.empty() && !invocation.skipped.empty();
    const bool wanted_in_vain =
        std::any_of(invocation.skipped.begin(), invocation.skipped.end(), [](const auto& skipped) {
            return skipped.named;
        });
    if (nothing_ran || wanted_in_vain) {
        code = exit_could_not_run;
    }
    for (const auto& run : invocation.runs) {
        code = worse(code, rundown::exit_code(run.verdict));
    }
    return code;
}

}  // namespace rundown::report
