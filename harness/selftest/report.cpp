// SPDX-License-Identifier: MIT
#include "selftest/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/verdict.hpp"
#include "report/json_text.hpp"

namespace rundown::selftest {
namespace {

namespace json = boost::json;

Outcome failure(std::string name, std::string sentence) {
    return {std::move(name), OutcomeKind::failed, std::move(sentence), {}};
}

/// What one group's sum says against its lines.
void check_sum(
    const TestLog& log, const GroupSum& sum, std::size_t first, std::vector<Outcome>& outcomes
) {
    std::size_t seen = 0;
    unsigned passed = 0, failed = 0;
    for (const auto& test : log.tests) {
        if (!test.ended) {
            continue;
        }
        if (seen >= first && seen < sum.results_before) {
            ++(test.passed ? passed : failed);
        }
        ++seen;
    }
    if (passed != sum.passed || failed != sum.failed) {
        outcomes.push_back(failure(
            "group." + sum.name,
            fmt::format(
                "says {} passed and {} failed, but its lines are {} and {}",
                sum.passed,
                sum.failed,
                passed,
                failed
            )
        ));
    }
}

void check_groups(const TestLog& log, std::vector<Outcome>& outcomes) {
    std::size_t first = 0;
    for (const auto& sum : log.groups) {
        check_sum(log, sum, first, outcomes);
        first = sum.results_before;
    }
    for (const auto& group : kGroups) {
        const auto count = std::count_if(
            log.groups.begin(), log.groups.end(), [&](const auto& sum) { return sum.name == group; }
        );
        if (count != 1) {
            outcomes.push_back(failure(
                fmt::format("group.{}", group),
                fmt::format("has ended {} times in place of once", count)
            ));
        }
    }
}

std::string_view label(OutcomeKind kind) {
    switch (kind) {
        case OutcomeKind::passed:
            return "ok";
        case OutcomeKind::failed:
            return "FAIL";
        case OutcomeKind::could_not_run:
            break;
    }
    return "????";
}

std::string family_of(const std::string& name) {
    return name.substr(0, std::min(name.rfind('.'), name.size()));
}

std::size_t count(const Report& report, OutcomeKind kind) {
    return static_cast<std::size_t>(std::count_if(
        report.outcomes.begin(),
        report.outcomes.end(),
        [kind](const auto& outcome) { return outcome.kind == kind; }
    ));
}

std::string again(const Report& report, const Outcome& outcome) {
    return fmt::format(
        "{} selftest --filter '{}' --seed {}{}{}",
        report.program,
        outcome.name.starts_with("group.") ? "*" : outcome.name,
        report.seed,
        report.arguments.empty() ? "" : " ",
        report.arguments
    );
}

}  // namespace

std::vector<Outcome> judge(const TestLog& log) {
    std::vector<Outcome> outcomes;
    for (const auto& test : log.tests) {
        if (!test.ended) {
            outcomes.push_back(failure(test.name, "began and never ended"));
        } else if (test.passed) {
            outcomes.push_back({test.name, OutcomeKind::passed, {}, {}});
        } else {
            outcomes.push_back(failure(test.name, test.what));
        }
    }
    for (const auto& line : log.malformed) {
        outcomes.push_back(failure("group.lines", "a line of no known form: " + line));
    }
    check_groups(log, outcomes);
    if (!log.complete) {
        outcomes.push_back(
            failure("group.end", "the guest did not come to the end of its self-tests")
        );
    }
    return outcomes;
}

std::string to_text(const Report& report) {
    std::string out;
    std::vector<std::string> families;
    for (const auto& outcome : report.outcomes) {
        const auto family = family_of(outcome.name);
        if (std::find(families.begin(), families.end(), family) == families.end()) {
            families.push_back(family);
        }
    }
    for (const auto& family : families) {
        out += family + "\n";
        for (const auto& outcome : report.outcomes) {
            if (family_of(outcome.name) == family) {
                out += fmt::format(
                    "  {:<5} {:<34} {}",
                    label(outcome.kind),
                    outcome.name.substr(family.size() + 1),
                    outcome.sentence
                );
                out.erase(out.find_last_not_of(' ') + 1);
                out += '\n';
            }
        }
    }
    for (const auto& outcome : report.outcomes) {
        if (outcome.kind != OutcomeKind::passed) {
            out += fmt::format("\n{}: {}.\n", outcome.name, outcome.sentence);
            out += fmt::format(
                "  evidence: {}\n", outcome.evidence.empty() ? report.directory : outcome.evidence
            );
            out += fmt::format("  again:    {}\n", again(report, outcome));
        }
    }
    const auto stuck = count(report, OutcomeKind::could_not_run);
    out += fmt::format(
        "\n{} passed, {} failed{} in {:.1f} s on {}; evidence in {}\n",
        count(report, OutcomeKind::passed),
        count(report, OutcomeKind::failed),
        stuck == 0 ? "" : fmt::format(", {} could not run", stuck),
        static_cast<double>(report.took.count()) / 1000,
        report.accelerator,
        report.directory
    );
    return out;
}

std::string to_json(const Report& report) {
    json::array outcomes;
    for (const auto& outcome : report.outcomes) {
        json::object entry;
        entry["name"] = outcome.name;
        entry["result"] = outcome.kind == OutcomeKind::passed   ? "passed"
                          : outcome.kind == OutcomeKind::failed ? "failed"
                                                                : "could_not_run";
        entry["sentence"] = outcome.sentence;
        entry["evidence"] = outcome.evidence;
        if (outcome.kind != OutcomeKind::passed) {
            entry["again"] = again(report, outcome);
        }
        outcomes.push_back(std::move(entry));
    }
    json::object document;
    document["format"] = "rundown.selftest/1";
    document["exit_code"] = static_cast<int>(exit_code(report));
    document["accelerator"] = report.accelerator;
    document["seed"] = report.seed;
    document["took_ms"] = report.took.count();
    document["directory"] = report.directory;
    document["passed"] = count(report, OutcomeKind::passed);
    document["failed"] = count(report, OutcomeKind::failed);
    document["could_not_run"] = count(report, OutcomeKind::could_not_run);
    document["tests"] = std::move(outcomes);
    return rundown::report::indented(document);
}

ExitCode exit_code(const Report& report) {
    ExitCode code = exit_pass;
    for (const auto& outcome : report.outcomes) {
        if (outcome.kind == OutcomeKind::failed) {
            code = worse(code, exit_finding);
        } else if (outcome.kind == OutcomeKind::could_not_run) {
            code = worse(code, exit_could_not_run);
        }
    }
    return code;
}

}  // namespace rundown::selftest
