// SPDX-License-Identifier: MIT
// report/progress.hpp
//
// Shows an invocation as it happens: on a terminal one live status line that is replaced, in a pipe
// plain lines. Verdict lines stay in both. With --json everything here goes to standard error, so
// that standard output holds the one document. Not thread-safe.
#pragma once

#include <cstdio>
#include <string>

#include "report/run_report.hpp"

namespace rundown::report {

class Progress {
  public:
    /// `stream` stays the caller's. `live` says whether a status line may be rewritten in place.
    Progress(std::FILE* stream, bool live, bool quiet = false)
        : stream_(stream), live_(live), quiet_(quiet) {}
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void run_started(std::size_t number, std::size_t total, const std::string& id);
    /// What the run is doing now; short, without a full stop.
    void status(const std::string& text);
    void run_finished(const RunReport& report);
    void run_skipped(const SkippedRun& skipped);
    /// Text that stays, such as the summary.
    void print(const std::string& text);

  private:
    void clear();

    std::FILE* stream_;
    bool live_;
    bool quiet_;
    bool shown_ = false;
    std::string prefix_;
};

}  // namespace rundown::report
