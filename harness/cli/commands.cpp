// SPDX-License-Identifier: MIT
#include "cli/commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>

#include "cli/output.hpp"
#include "guest/doctor_io.hpp"
#include "oracle/oracle.hpp"
#include "report/progress.hpp"
#include "run/assets.hpp"
#include "run/divergence_file.hpp"
#include "run/invocation.hpp"
#include "scenario/scenario.hpp"

namespace rundown::cli {
namespace {

/// Progress goes to standard output, or out of the way of the one document to standard error.
report::Progress make_progress(bool json) {
    std::FILE* stream = json ? stderr : stdout;
    return report::Progress(stream, isatty(fileno(stream)) == 1);
}

int finish(const report::InvocationReport& invocation, bool json, report::Progress& progress) {
    progress.print(report::summary(invocation));
    if (json) {
        put(report::to_json(invocation));
    }
    return finish_output(report::exit_code(invocation), json);
}

std::string_view label(guest::DoctorState state) {
    switch (state) {
        case guest::DoctorState::ok:
            return "ok";
        case guest::DoctorState::warning:
            return "warning";
        case guest::DoctorState::missing:
        case guest::DoctorState::invalid:
            break;
    }
    return "MISSING";
}

}  // namespace

int run(const Options& options) {
    auto progress = make_progress(options.json);
    const auto invocation = run::run_invocation(options.invocation, progress);
    if (!invocation) {
        return complain(invocation.error());
    }
    return finish(*invocation, options.json, progress);
}

int replay(const Options& options) {
    auto progress = make_progress(options.json);
    const auto invocation = run::replay(options.replay_directory, progress);
    if (!invocation) {
        return complain(invocation.error());
    }
    return finish(*invocation, options.json, progress);
}

int selftest(const Options& options) {
    auto progress = make_progress(options.json);
    const auto report = selftest::run_selftest(options.selftest, progress);
    if (!report) {
        progress.print("");
        return complain(report.error());
    }
    progress.print(selftest::to_text(*report));
    if (options.json) {
        put(selftest::to_json(*report));
    }
    return finish_output(selftest::exit_code(*report), options.json);
}

namespace {

int list_divergences() {
    const auto divergences = run::read_divergences(run::locate_assets().divergences);
    if (!divergences) {
        return complain(divergences.error());
    }
    for (const auto& divergence : *divergences) {
        say("{:<32}{} since {}: {}\n{:<32}  {}{}\n",
            divergence.rule,
            divergence.guest,
            divergence.since,
            divergence.reason,
            "",
            divergence.scenarios.empty()
                ? "wherever it shows"
                : fmt::format("must show in {}", fmt::join(divergence.scenarios, ", ")),
            divergence.against_system ? "; against the system only" : "");
    }
    return finish_output(exit_pass, false);
}

}  // namespace

int list(const Options& options) {
    if (options.divergences) {
        return list_divergences();
    }
    if (options.rules) {
        for (const auto& rule : oracle::rules()) {
            say("{:<32}{}\n{:<32}  {}\n", rule.name, rule.sentence, "", rule.citation);
        }
        return finish_output(exit_pass, false);
    }
    const auto scenarios = scenario::load_directory(run::locate_assets().scenarios);
    if (!scenarios) {
        return complain(scenarios.error());
    }
    for (const auto& scenario : *scenarios) {
        std::vector<std::string_view> loads;
        for (const auto load : scenario.loads) {
            loads.push_back(to_string(load));
        }
        say("{:<32}{} [{}; {} NIC{}; {}]\n",
            scenario.name,
            scenario.summary,
            fmt::join(scenario.contract, " "),
            scenario.nic_count,
            scenario.nic_count == 1 ? "" : "s",
            fmt::join(loads, "|"));
    }
    return finish_output(exit_pass, false);
}

int doctor(const Options&) {
    const auto assets = run::locate_assets();
    const auto findings =
        guest::doctor(guest::Places::of_this_process(), "", assets.boot_elf, assets.initrd);
    ExitCode code = exit_pass;
    for (const auto& finding : findings) {
        say("{:<8}  {:<16}  {}", label(finding.state), finding.name, finding.sentence);
        say("{}\n", finding.package.empty() ? "" : " (package " + finding.package + ")");
        if (finding.state == guest::DoctorState::missing) {
            code = exit_could_not_run;
        }
    }
    return finish_output(code, false);
}

}  // namespace rundown::cli
