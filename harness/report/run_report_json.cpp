// SPDX-License-Identifier: MIT
// RunReport -> JSON. RESULT_FORMAT.md describes every field.
#include <boost/json.hpp>

#include "report/json_text.hpp"
#include "report/run_report.hpp"

namespace rundown::report {
namespace {

namespace json = boost::json;

json::object finding_json(const Finding& finding) {
    json::object object;
    object["rule"] = finding.rule;
    object["citation"] = finding.citation;
    object["event"] = finding.event ? json::value(*finding.event) : json::value(nullptr);
    object["event_us"] = finding.event_us ? json::value(*finding.event_us) : json::value(nullptr);
    object["explanation"] = finding.explanation;
    object["against"] =
        finding.against.empty() ? json::value(nullptr) : json::value(finding.against);
    object["known"] = finding.known.empty() ? json::value(nullptr) : json::value(finding.known);
    return object;
}

json::object verdict_json(const Verdict& verdict) {
    json::object object;
    object["kind"] = std::string(to_string(verdict.kind));
    if (verdict.kind == VerdictKind::inconclusive) {
        object["inconclusive"] = std::string(to_string(verdict.why));
        object["who_must_act"] = std::string(who_must_act(verdict.why));
    }
    object["sentence"] = verdict.sentence;
    json::array findings;
    for (const auto& finding : verdict.findings) {
        findings.push_back(finding_json(finding));
    }
    object["findings"] = std::move(findings);
    return object;
}

template <class Map>
json::object map_json(const Map& map) {
    json::object object;
    for (const auto& [key, value] : map) {
        object[key] = value;
    }
    return object;
}

/// Rules by whether they could be judged; those that could not with what was missing.
json::object rules_json(const std::vector<oracle::RuleCoverage>& rules) {
    json::array whole;
    json::array in_part;
    json::array not_judged;
    for (const auto& rule : rules) {
        if (rule.judged == oracle::Judged::whole) {
            whole.emplace_back(rule.rule);
            continue;
        }
        json::array& list = rule.judged == oracle::Judged::no ? not_judged : in_part;
        list.push_back(json::object{{"rule", rule.rule}, {"lacks", rule.lacks}});
    }
    return json::object{
        {"judged", std::move(whole)},
        {"in_part", std::move(in_part)},
        {"not_judged", std::move(not_judged)},
    };
}

json::object run_json(const RunReport& run) {
    json::object object;
    object["run_id"] = run.run_id;
    object["scenario"] = run.scenario;
    object["guest"] = run.guest;
    object["nics"] = json::array(run.nics.begin(), run.nics.end());
    object["ndis"] = run.ndis;
    object["load"] = run.load;
    object["driver"] = run.driver;
    object["seed"] = run.seed;
    object["trace_hash"] =
        run.trace_hash.empty() ? json::value(nullptr) : json::value(run.trace_hash);
    object["accelerator"] = run.accelerator;
    object["verdict"] = verdict_json(run.verdict);
    object["in_flight"] = json::object{
        {"sends", run.in_flight.sends},
        {"receives_held", run.in_flight.receives_held},
        {"requests", run.in_flight.requests},
        {"handles", run.in_flight.handles},
        {"calls", run.in_flight.calls},
    };
    object["rules"] = rules_json(run.rules);
    object["counts"] = map_json(run.counts);
    object["timings_ms"] = map_json(run.timings_ms);
    object["artifacts"] = map_json(run.artifacts);
    object["reproduce"] = run.reproduce;
    return object;
}

json::object skipped_json(const SkippedRun& skipped) {
    return json::object{
        {"run_id", skipped.run_id},
        {"scenario", skipped.scenario},
        {"guest", skipped.guest},
        {"nics", json::array(skipped.nics.begin(), skipped.nics.end())},
        {"load", skipped.load},
        {"why", skipped.why},
        {"named", skipped.named},
    };
}

}  // namespace

std::string to_json(const InvocationReport& invocation) {
    json::object object;
    object["schema"] = kResultSchema;
    object["rundown_version"] = RUNDOWN_VERSION;
    object["started"] = invocation.started;
    object["directory"] = invocation.directory;
    object["exit_code"] = static_cast<int>(exit_code(invocation));
    if (!invocation.lost.empty()) {
        object["lost"] = invocation.lost;
    }
    json::array runs;
    for (const auto& run : invocation.runs) {
        runs.push_back(run_json(run));
    }
    object["runs"] = std::move(runs);
    json::array skipped;
    for (const auto& run : invocation.skipped) {
        skipped.push_back(skipped_json(run));
    }
    object["skipped"] = std::move(skipped);
    return indented(object);
}

}  // namespace rundown::report
