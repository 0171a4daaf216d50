// SPDX-License-Identifier: MIT
// report/run_record_json.hpp
//
// What the oracle was told about a run, as record.json, so that `rundown replay` judges the same
// again. The trace is not in it: it lies beside it as trace.bin (trace/reader.hpp).
// RECORD_FORMAT.md describes the members.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "oracle/run_record.hpp"

namespace rundown::report {

/// Version of the document; changes when a member changes its meaning or goes.
inline constexpr const char* kRecordSchema = "rundown.record/1";

/// Everything but the trace, indented.
std::string to_json(const oracle::RunRecord& record);

/// The record in `text`, with an empty trace. The file may be anybody's: fails (usage) naming the
/// member that is missing or makes no sense; members it does not know are passed over.
result<oracle::RunRecord> run_record_from_json(std::string_view text);

}  // namespace rundown::report
