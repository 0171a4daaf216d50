// SPDX-License-Identifier: MIT
// report/run_report.hpp
//
// What is said about one run and about a whole invocation, as data; rendered as JSON
// (RESULT_FORMAT.md) and as text. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/verdict.hpp"
#include "oracle/coverage.hpp"

namespace rundown::report {

/// Version of the JSON document; changes when a field changes its meaning or goes.
inline constexpr const char* kResultSchema = "rundown.result/1";

/// What was under way when the trigger came, counted from the trace.
struct InFlight {
    std::uint64_t sends = 0;          // Packets given to NDIS and not completed.
    std::uint64_t receives_held = 0;  // Packets the driver keeps and has not returned.
    std::uint64_t requests = 0;       // OID requests not completed.
    std::uint64_t handles = 0;        // To the driver's device, created and not closed.
    std::uint64_t calls = 0;          // Calls and callbacks entered and not returned.
};

struct RunReport {
    std::string run_id;
    std::string scenario;
    std::string guest;
    std::vector<std::string> nics;
    std::string ndis;
    std::string load;
    std::string driver;  // File name of the driver under test.
    std::uint32_t seed = 0;
    std::string trace_hash;   // Of a deterministic run: SHA-256 of its trace; else empty.
    std::string accelerator;  // "tcg", "kvm"; empty when no guest was started.
    Verdict verdict;
    InFlight in_flight;
    std::vector<oracle::RuleCoverage> rules;  // Which could be judged on this evidence.
    std::map<std::string, std::uint64_t>
        counts;  // sent, received, records, ...: see RESULT_FORMAT.md.
    std::map<std::string, std::int64_t> timings_ms;  // Per phase, and "total".
    std::map<std::string, std::string> artifacts;    // Kind -> path.
    std::string reproduce;                           // The command that does the same again.
};

/// What was asked for and cannot be had from this guest: told, counted, never green by omission.
struct SkippedRun {
    std::string run_id;
    std::string scenario;
    std::string guest;
    std::vector<std::string> nics;
    std::string load;
    std::string why;     // One sentence without a full stop.
    bool named = false;  // The scenario was asked for by name and did not run at all.
};

struct InvocationReport {
    std::string started;    // ISO 8601, UTC.
    std::string directory;  // Holds the evidence of every run.
    std::vector<RunReport> runs;
    std::vector<SkippedRun> skipped;
    std::string lost;  // Why report.json could not be written; empty: it was.
};

/// The one document that --json prints, indented.
std::string to_json(const InvocationReport& invocation);

/// NIC models in few words: "e1000+virtio-net", "8xe1000", "4xe1000+4xvirtio-net"; fit for a file
/// name.
std::string nics_text(const std::vector<std::string>& nics);

/// One line: "PASS  unload-under-load  e1000  heavy  in flight: 64 sends, 3 receives, 2
/// requests  1.9 s".
std::string verdict_line(const RunReport& run);

/// What follows the verdict line when the run is not green: each finding with its citation,
/// evidence, reproduce command.
std::string explanation(const RunReport& run);

/// "SKIPPED  close-pending  e1000  heavy  <why>".
std::string skipped_line(const SkippedRun& skipped);

/// The last lines of an invocation: totals, flaky scenarios as k of n, where the evidence is.
std::string summary(const InvocationReport& invocation);

/// Exit code of the whole invocation (base/verdict.hpp: worse()).
ExitCode exit_code(const InvocationReport& invocation);

}  // namespace rundown::report
