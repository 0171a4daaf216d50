// SPDX-License-Identifier: MIT
// run/describe_run.hpp
//
// From what was recorded and judged about a run to what is said about it. Pure; the same for a run
// that just ended and for one that is replayed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "oracle/oracle.hpp"
#include "oracle/run_record.hpp"
#include "report/run_report.hpp"
#include "run/plan.hpp"

namespace rundown::run {

/// Verdict, what was in flight, and the figures that follow from the record.
void describe(
    const oracle::RunRecord& record, const oracle::Judgement& judgement, report::RunReport& report
);

/// Options of an invocation that a run is repeated with.
struct ReproduceOptions {
    std::string program;  // As the person called it.
    std::string driver;   // Empty: the built one.
    std::string accelerator = "auto";
    std::string connect = "embedded";
};

/// The command that does this one run again.
std::string reproduce_command(const ReproduceOptions& options, const RunSpec& spec);

}  // namespace rundown::run
