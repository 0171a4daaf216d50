// SPDX-License-Identifier: MIT
// oracle/divergence.cpp
#include "oracle/divergence.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rundown::oracle {
namespace {

bool is_of_scenario(const Divergence& divergence, std::string_view scenario) {
    return divergence.scenarios.empty() ||
           std::any_of(
               divergence.scenarios.begin(),
               divergence.scenarios.end(),
               [scenario](const auto& pattern) { return matches(pattern, scenario); }
           );
}

bool covers(const Divergence& divergence, const Finding& finding) {
    return finding.rule == divergence.rule &&
           (!divergence.against_system || finding.against == "the system");
}

bool was_judged(const Judgement& judgement, const std::string& rule) {
    return std::any_of(judgement.rules.begin(), judgement.rules.end(), [&](const auto& coverage) {
        return coverage.rule == rule && coverage.judged != Judged::no;
    });
}

/// It names its scenarios, so it has to show in them.
bool stayed_away(const Divergence& divergence, const Judgement& judgement) {
    const auto& findings = judgement.verdict.findings;
    return !divergence.scenarios.empty() && was_judged(judgement, divergence.rule) &&
           std::none_of(findings.begin(), findings.end(), [&](const auto& finding) {
               return covers(divergence, finding);
           });
}

Finding unexpected_pass(const Divergence& divergence) {
    Finding finding;
    finding.rule = kUnexpectedPass;
    finding.citation = "guest-images/divergences.toml: " + divergence.reason;
    finding.explanation = fmt::format(
        "Since {} this guest has been declared to break {} in this scenario, and it did not: the "
        "guest has changed, so the declaration has to go, or the run did not do what it should.",
        divergence.since,
        divergence.rule
    );
    return finding;
}

void follow(Verdict& verdict) {
    if (verdict.findings.empty()) {
        return;
    }
    const bool all_known =
        std::all_of(verdict.findings.begin(), verdict.findings.end(), [](const auto& finding) {
            return !finding.known.empty();
        });
    verdict.kind = all_known ? VerdictKind::known : VerdictKind::fail;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t from = 0;
    while (t < text.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            from = t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(p), pattern.end(), [](char c) {
        return c == '*';
    });
}

bool is_of_guest(const Divergence& divergence, std::string_view guest) {
    return matches(divergence.guest, guest) ||
           matches(divergence.guest, guest.substr(0, guest.find(':')));
}

void apply(
    std::span<const Divergence> divergences,
    std::string_view guest,
    std::string_view scenario,
    Judgement& judgement
) {
    const auto kind = judgement.verdict.kind;
    if (kind != VerdictKind::pass && kind != VerdictKind::fail) {
        return;  // Nothing was judged.
    }
    std::vector<Finding> missing;
    for (const Divergence& divergence : divergences) {
        if (!is_of_guest(divergence, guest) || !is_of_scenario(divergence, scenario)) {
            continue;
        }
        for (Finding& finding : judgement.verdict.findings) {
            if (covers(divergence, finding)) {
                finding.known = fmt::format("{} (since {})", divergence.reason, divergence.since);
            }
        }
        if (stayed_away(divergence, judgement)) {
            missing.push_back(unexpected_pass(divergence));
        }
    }
    auto& findings = judgement.verdict.findings;
    findings.insert(findings.end(), missing.begin(), missing.end());
    follow(judgement.verdict);
}

}  // namespace rundown::oracle
