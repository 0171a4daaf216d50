// SPDX-License-Identifier: MIT
// unit/oracle/damaged_run.hpp
//
// What property tests of the oracle have in common: a busy run that conforms, ways to damage it,
// and what the oracle made of it.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <string>

#include "oracle/oracle.hpp"
#include "support/conforming_run.hpp"

namespace rundown::oracle {

using trace::Record;

inline std::string words_for(const Judgement& judgement) {
    std::string words(to_string(judgement.verdict.kind));
    words += " " + judgement.verdict.sentence;
    for (const auto& finding : judgement.verdict.findings) {
        words += "\n" + finding.rule + ": " + finding.explanation;
    }
    return words;
}

inline bool has_rule(const Judgement& judgement, const std::string& rule) {
    const auto& findings = judgement.verdict.findings;
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.rule == rule;
    });
}

/// Takes the records out for which `which` says so, and closes the ranks: they never happened.
template <class Which>
std::size_t remove(RunRecord& run, Which which) {
    auto& records = run.trace.records;
    const auto count = std::erase_if(records, which);
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].sequence = i;
    }
    run.trace.head = records.size();
    return count;
}

/// Puts a record in before the end mark.
inline void append(RunRecord& run, Record record) {
    auto& records = run.trace.records;
    record.sequence = records.size() - 1;
    records.back().sequence = records.size();
    records.insert(records.end() - 1, record);
    run.trace.head = records.size();
}

/// A run with at least one binding and traffic, both sides speaking.
inline RunRecord busy_run() {
    test::ConformingOptions options;
    options.bindings = *rc::gen::inRange<std::uint32_t>(1, 3);
    options.operations = 12;
    return test::conforming_run(*rc::gen::arbitrary<std::uint32_t>(), options);
}

}  // namespace rundown::oracle
