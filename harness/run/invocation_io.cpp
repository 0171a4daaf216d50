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
    Planned planned;
    Assets assets;
    GuestHome home;
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
    const auto choice = guest_choice_from(options.request.guest);
    RUNDOWN_TRY(choice);
    auto home = open_home(*choice, prepared.assets);
    RUNDOWN_TRY(home);
    prepared.home = std::move(*home);
    auto planned = plan(options.request, *catalogue, prepared.home.capabilities);
    RUNDOWN_TRY(planned);
    prepared.planned = std::move(*planned);
    RUNDOWN_TRY(check_boot_files(prepared.assets));
    auto driver = read_driver_for(prepared.home, prepared.assets, options.driver);
    RUNDOWN_TRY(driver);
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
            prepared_.home,
            progress_,
            stop_};
        skip(invocation, prepared_.planned.skipped);
        const auto& specs = prepared_.planned.runs;
        std::size_t left_out = 0;
        for (std::size_t number = 0; number < specs.size(); ++number) {
            const RunSpec& spec = specs[number];
            if (stop_.requested()) {
                invocation.runs.push_back(not_started(spec));
                ++left_out;
                continue;
            }
            if (const auto why = impossible(spec)) {
                skip(invocation, {skipped(spec, *why)});
                continue;
            }
            progress_.run_started(number + 1, specs.size(), spec.id);
            OneRun run = co_await one_run(context, spec);
            if (run.skipped) {
                skip(invocation, {skipped(spec, *run.skipped)});
                continue;
            }
            invocation.runs.push_back(std::move(run.report));
            progress_.run_finished(invocation.runs.back());
        }
        name_what_did_not_run(invocation);
        if (left_out != 0) {
            progress_.print(
                fmt::format("{} runs cancelled by {} before they started\n", left_out, stop_.how())
            );
        }
        co_return invocation;
    }

  private:
    struct OneRun {
        report::RunReport report;
        std::optional<std::string> skipped;
    };

    void skip(report::InvocationReport& invocation, const std::vector<report::SkippedRun>& runs) {
        for (const auto& run : runs) {
            invocation.skipped.push_back(run);
            progress_.run_skipped(run);
        }
    }

    /// What the agent's first hello has taught about this guest.
    std::optional<std::string> impossible(const RunSpec& spec) const {
        return why_not(capabilities_, spec.scenario, spec.load, spec.nics, spec.ndis);
    }

    /// A scenario that was asked for by name and did not run at all is not green.
    void name_what_did_not_run(report::InvocationReport& invocation) const {
        for (auto& skipped : invocation.skipped) {
            const auto& names = options_.request.scenarios;
            const bool asked_for =
                std::find(names.begin(), names.end(), skipped.scenario) != names.end();
            const bool ran =
                std::any_of(invocation.runs.begin(), invocation.runs.end(), [&](const auto& run) {
                    return run.scenario == skipped.scenario;
                });
            skipped.named = asked_for && !ran;
        }
    }

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

    asio::awaitable<OneRun> one_run(RunContext& context, const RunSpec& spec) {
        OneRun run{report_for(spec), std::nullopt};
        report::RunReport& report = run.report;
        const auto evidence = make_run_directory(prepared_.directory, spec.id);
        if (!evidence) {
            report.verdict.kind = VerdictKind::inconclusive;
            report.verdict.why = InconclusiveKind::infrastructure;
            report.verdict.sentence = evidence.error().sentence;
            co_return run;
        }
        const LoopWatch watch(loop_.get_executor());
        RunOutcome outcome = co_await run_scenario(context, spec, *evidence);
        if (!outcome.operations.empty()) {
            restrict_to_operations(capabilities_, outcome.operations);
        }
        if (outcome.skipped) {
            run.skipped = std::move(outcome.skipped);
            co_return run;
        }
        const std::function<void()> judge = [&] {
            keep_copies(spec, *evidence, outcome.record);
            auto judgement = oracle::judge(outcome.record);
            oracle::apply(prepared_.home.divergences, spec.guest, spec.scenario.name, judgement);
            describe(outcome.record, judgement, report);
        };
        co_await aside(judge);
        report.counts["frames_not_captured"] = outcome.frames_not_captured;
        report.counts["host_loop_block_us"] =
            static_cast<std::uint64_t>(watch.longest_block().count());
        report.counts["host_peak_rss_kib"] = peak_rss_kib();
        if (outcome.trigger_delay_us) {
            report.counts["trigger_delay_us"] = *outcome.trigger_delay_us;
        }
        report.timings_ms = std::move(outcome.timings_ms);
        report.trace_hash = std::move(outcome.trace_hash);
        if (outcome.guest_started) {
            report.accelerator = to_string(context.accelerator);
        }
        report.artifacts = evidence->existing(spec.nics.size());
        report.artifacts.merge(outcome.artifacts);
        co_return run;
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
    GuestCapabilities capabilities_ = prepared_.home.capabilities;
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
