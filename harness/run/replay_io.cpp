// SPDX-License-Identifier: MIT
// `rundown replay`: verdicts again, from record.json and trace.bin.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "oracle/evidence.hpp"
#include "report/run_record_json.hpp"
#include "run/assets.hpp"
#include "run/describe_run.hpp"
#include "run/divergence_file.hpp"
#include "run/evidence.hpp"
#include "run/invocation.hpp"
#include "trace/reader.hpp"

namespace rundown::run {
namespace {

namespace fs = std::filesystem;

/// The directories under `directory` that hold a record: itself, or those directly in it, by name.
std::vector<std::string> recorded_runs(const std::string& directory) {
    std::error_code error;
    if (fs::exists(EvidencePaths(directory).record(), error)) {
        return {directory};
    }
    std::vector<std::string> runs;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (fs::exists(EvidencePaths(entry.path().string()).record(), error)) {
            runs.push_back(entry.path().string());
        }
    }
    std::sort(runs.begin(), runs.end());
    return runs;
}

/// The record, with its trace. A run whose guest never made a ring has no trace.bin.
result<oracle::RunRecord> read_record(const EvidencePaths& evidence) {
    const auto text = read_file(evidence.record());
    RUNDOWN_TRY(text);
    auto record = report::run_record_from_json(*text);
    if (!record) {
        return in_context(evidence.record(), record.error());
    }
    std::error_code error;
    if (fs::exists(evidence.trace(), error)) {
        const auto bytes = read_file(evidence.trace());
        RUNDOWN_TRY(bytes);
        auto trace = trace::read(std::as_bytes(std::span(*bytes)));
        if (!trace) {
            return fail(
                ErrorKind::usage, fmt::format("{}: {}", evidence.trace(), trace.error().sentence)
            );
        }
        trace->cut(oracle::end_of_run(*trace));
        record->trace = std::move(*trace);
    }
    return record;
}

report::RunReport judge_again(
    const std::string& directory,
    const oracle::RunRecord& record,
    const std::vector<oracle::Divergence>& divergences
) {
    report::RunReport report;
    report.run_id = fs::path(directory).filename().string();
    report.scenario = record.scenario;
    report.guest = record.guest.value_or("reference");
    for (const auto& nic : record.nics) {
        report.nics.push_back(nic.model);
    }
    report.ndis = record.ndis;
    report.load = record.load;
    report.driver = record.driver_module;
    auto judgement = oracle::judge(record);
    oracle::apply(divergences, report.guest, record.scenario, judgement);
    describe(record, judgement, report);
    report.artifacts = EvidencePaths(directory).existing(record.nics.size());
    report.reproduce = fmt::format("rundown replay {}", directory);
    return report;
}

}  // namespace

result<report::InvocationReport> replay(const std::string& directory, report::Progress& progress) {
    std::error_code error;
    const std::string whole = fs::absolute(directory, error).lexically_normal().string();
    const auto runs = recorded_runs(whole);
    if (runs.empty()) {
        return fail(
            ErrorKind::usage,
            fmt::format("{} holds no recorded run: no record.json in it or below", directory)
        );
    }
    report::InvocationReport invocation;
    invocation.started = timestamp_now();
    invocation.directory = whole;
    std::vector<oracle::Divergence> divergences;
    if (const std::string file = locate_assets().divergences; fs::exists(file, error)) {
        auto declared = read_divergences(file);
        RUNDOWN_TRY(declared);
        divergences = std::move(*declared);
    }
    for (const auto& run : runs) {
        const auto record = read_record(EvidencePaths(run));
        RUNDOWN_TRY(record);
        progress.run_started(
            invocation.runs.size() + 1, runs.size(), fs::path(run).filename().string()
        );
        invocation.runs.push_back(judge_again(run, *record, divergences));
        progress.run_finished(invocation.runs.back());
    }
    return invocation;
}

}  // namespace rundown::run
