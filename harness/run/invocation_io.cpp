// SPDX-License-Identifier: MIT
// `rundown run`: everything that can be wrong before anything boots, then the runs of the plan, one
// after the other, on one loop and with one connection to libvirt.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/file_io.hpp"
#include "base/stop_request.hpp"
#include "base/stop_signals_io.hpp"
#include "guest/guardian_io.hpp"
#include "report/run_record_json.hpp"
#include "run/aside_io.hpp"
#include "run/describe_run.hpp"
#include "run/deterministic_guest.hpp"
#include "run/driver_file.hpp"
#include "run/evidence.hpp"
#include "run/invocation.hpp"
#include "run/loop_watch_io.hpp"
#include "run/machine_io.hpp"
#include "run/run_scenario_io.hpp"
#include "scenario/scenario.hpp"

namespace rundown::run {

namespace asio = boost::asio;

namespace {

/// What is known before anything boots.
struct Prepared {
    std::vector<RunSpec> specs;
    Assets assets;
    DriverFile driver;
    std::string started;
    std::string directory;
};

result<Prepared> prepare(const InvocationOptions& options) {
    Prepared prepared;
    if (options.request.deterministic) {
        RUNDOWN_TRY(check_deterministic(options.accelerator, options.connect));
    }
    prepared.assets = locate_assets();
    const auto catalogue = scenario::load_directory(prepared.assets.scenarios);
    RUNDOWN_TRY(catalogue);
    auto specs = plan(options.request, *catalogue);
    RUNDOWN_TRY(specs);
    prepared.specs = std::move(*specs);
    RUNDOWN_TRY(check_boot_files(prepared.assets));
    auto driver = read_driver(options.driver.empty() ? prepared.assets.driver : options.driver);
    if (!driver) {
        // A file of ours that is missing is not the person's mistake.
        return options.driver.empty()
                   ? fail(
                         ErrorKind::environment,
                         driver.error().sentence + "; build the drivers with `make build`"
                     )
                   : driver.error();
    }
    prepared.driver = std::move(*driver);
    prepared.started = timestamp_now();
    const std::string out = options.out.empty() ? prepared.assets.directory + "/runs" : options.out;
    auto directory = make_invocation_directory(out, prepared.started);
    RUNDOWN_TRY(directory);
    prepared.directory = std::move(*directory);
    return prepared;
}

/// "2026-01-31T23-59-58Z", fit for a file name, as ISO 8601 has it.
std::string iso_time(std::string timestamp) {
    for (const std::size_t at : {std::size_t{13}, std::size_t{16}}) {
        if (at < timestamp.size()) {
            timestamp[at] = ':';
        }
    }
    return timestamp;
}

class Invocation {
  public:
    Invocation(
        asio::io_context& loop,
        const InvocationOptions& options,
        const Prepared& prepared,
        report::Progress& progress,
        StopRequest& stop
    )
        : loop_(loop), options_(options), prepared_(prepared), progress_(progress), stop_(stop) {}

    asio::awaitable<result<report::InvocationReport>> go() {
        report::InvocationReport invocation;
        invocation.started = iso_time(prepared_.started);
        invocation.directory = prepared_.directory;
        // By name: GCC 12 destroys a conditional temporary twice in a co_await.
        const std::string accelerator =
            options_.request.deterministic ? "tcg" : options_.accelerator;
        auto machine = co_await open_machine(
            progress_, options_.connect, accelerator, prepared_.assets, prepared_.directory
        );
        if (!machine) {
            co_return machine.error();
        }
        RunContext context{
            *machine->hypervisor,
            machine->accelerator,
            prepared_.assets,
            prepared_.driver,
            progress_,
            stop_};
        std::size_t left_out = 0;
        for (const RunSpec& spec : prepared_.specs) {
            if (stop_.requested()) {
                invocation.runs.push_back(not_started(spec));
                ++left_out;
                continue;
            }
            progress_.run_started(invocation.runs.size() + 1, prepared_.specs.size(), spec.id);
            invocation.runs.push_back(co_await one_run(context, spec));
            progress_.run_finished(invocation.runs.back());
        }
        if (left_out != 0) {
            progress_.print(
                fmt::format("{} runs cancelled by {} before they started\n", left_out, stop_.how())
            );
        }
        co_return invocation;
    }

  private:
    report::RunReport report_for(const RunSpec& spec) const {
        report::RunReport report;
        report.run_id = spec.id;
        report.scenario = spec.scenario.name;
        report.guest = spec.guest;
        report.nics = spec.nics;
        report.ndis = spec.ndis;
        report.load = to_string(spec.load);
        report.driver = prepared_.driver.path;
        report.seed = spec.seed;
        ReproduceOptions again{
            options_.program, options_.driver, options_.accelerator, options_.connect};
        report.reproduce = reproduce_command(again, spec);
        return report;
    }

    report::RunReport not_started(const RunSpec& spec) const {
        report::RunReport report = report_for(spec);
        report.verdict.kind = VerdictKind::inconclusive;
        report.verdict.why = InconclusiveKind::cancelled;
        report.verdict.sentence = fmt::format("not started: stopped by {}", stop_.how());
        return report;
    }

    asio::awaitable<report::RunReport> one_run(RunContext& context, const RunSpec& spec) {
        report::RunReport report = report_for(spec);
        const auto evidence = make_run_directory(prepared_.directory, spec.id);
        if (!evidence) {
            report.verdict.kind = VerdictKind::inconclusive;
            report.verdict.why = InconclusiveKind::infrastructure;
            report.verdict.sentence = evidence.error().sentence;
            co_return report;
        }
        const LoopWatch watch(loop_.get_executor());
        RunOutcome outcome = co_await run_scenario(context, spec, *evidence);
        const std::function<void()> judge = [&] {
            keep_copies(spec, *evidence, outcome.record);
            describe(outcome.record, oracle::judge(outcome.record), report);
        };
        co_await aside(judge);
        report.counts["frames_not_captured"] = outcome.frames_not_captured;
        report.counts["host_loop_block_us"] =
            static_cast<std::uint64_t>(watch.longest_block().count());
        report.counts["host_peak_rss_kib"] = peak_rss_kib();
        report.timings_ms = std::move(outcome.timings_ms);
        report.trace_hash = std::move(outcome.trace_hash);
        if (outcome.guest_started) {
            report.accelerator = to_string(context.accelerator);
        }
        report.artifacts = evidence->existing(spec.nics.size());
        co_return report;
    }

    /// The scenario as it was run, and what the oracle is told; evidence that cannot be written is
    /// the machine's problem.
    static void keep_copies(
        const RunSpec& spec, const EvidencePaths& evidence, oracle::RunRecord& record
    ) {
        const auto copy = [&record](const result<void>& written) {
            if (!written && !record.interruption) {
                record.interruption = {InconclusiveKind::infrastructure, written.error().sentence};
            }
        };
        if (const auto text = read_file(spec.scenario.file)) {
            copy(write_whole_file(evidence.scenario(), *text));
        }
        copy(write_whole_file(evidence.record(), report::to_json(record)));
    }

    asio::io_context& loop_;
    const InvocationOptions& options_;
    const Prepared& prepared_;
    report::Progress& progress_;
    StopRequest& stop_;
};

}  // namespace

result<report::InvocationReport> run_invocation(
    const InvocationOptions& options, report::Progress& progress
) {
    asio::io_context loop(1);
    StopRequest stop;
    const StopSignals signals(loop, stop);
    const auto prepared = prepare(options);
    RUNDOWN_TRY(prepared);
    // Before anything makes a thread; the last to go.
    const auto guardian = guest::Guardian::start(guest::Places::of_this_process());
    if (!guardian) {
        return guardian.error();
    }
    Invocation invocation(loop, options, *prepared, progress, stop);
    auto outcome = run_to_end(loop, invocation.go());
    if (!outcome) {
        std::error_code ignored;
        std::filesystem::remove(prepared->directory, ignored);  // Only when nothing is in it.
        return outcome;
    }
    report::InvocationReport& report = *outcome;
    if (const auto written =
            write_whole_file(prepared->directory + "/report.json", report::to_json(report));
        !written) {
        report.lost = written.error().sentence;  // The verdicts are told all the same.
    }
    return outcome;
}

}  // namespace rundown::run
