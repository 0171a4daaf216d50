// SPDX-License-Identifier: MIT
// run/invocation.hpp
//
// One `rundown run`: the runs of a plan, one after the other, each with its guest, evidence and
// verdict; and `rundown replay`: trace to verdict again, without a guest.
#pragma once

#include <string>

#include "base/result.hpp"
#include "report/progress.hpp"
#include "report/run_report.hpp"
#include "run/assets.hpp"
#include "run/plan.hpp"

namespace rundown::run {

struct InvocationOptions {
    Request request;
    std::string out;                   // Directory for evidence; empty: <assets>/runs.
    std::string driver;                // .sys under test; empty: the conforming protocol5.sys.
    std::string connect = "embedded";  // "embedded" or a libvirt URI.
    std::string accelerator = "auto";  // auto, kvm, tcg.
    std::string program;  // How the person called us, for the command that reproduces a run.
};

/// Runs everything that was asked for. An error means that nothing could be started (usage,
/// environment); what goes wrong with one run is that run's verdict. Ctrl-C and SIGTERM end the
/// current run, clean up, and mark it cancelled.
result<report::InvocationReport> run_invocation(
    const InvocationOptions& options, report::Progress& progress
);

/// Judges the recorded runs under `directory` (one run's, or a whole invocation's) again.
result<report::InvocationReport> replay(const std::string& directory, report::Progress& progress);

}  // namespace rundown::run
