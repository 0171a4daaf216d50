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
    object["counts"] = map_json(run.counts);
    object["timings_ms"] = map_json(run.timings_ms);
    object["artifacts"] = map_json(run.artifacts);
    object["reproduce"] = run.reproduce;
    return object;
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
    return indented(object);
}

}  // namespace rundown::report
