// SPDX-License-Identifier: MIT
// run/record_of_plan.hpp
//
// The record of a run before it began: what was to be done, and what the scenario makes sure of.
// Pure.
#pragma once

#include "oracle/run_record.hpp"
#include "run/driver_file.hpp"
#include "run/plan.hpp"

namespace rundown::run {

/// Everything of the record that follows from the plan; the rest is empty.
oracle::RunRecord record_of(const RunSpec& spec, const DriverFile& driver);

}  // namespace rundown::run
