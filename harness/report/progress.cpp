// SPDX-License-Identifier: MIT
#include "report/progress.hpp"

#include <fmt/format.h>

namespace rundown::report {
namespace {
constexpr std::size_t kStatusWidth = 110;  // Longer lines would wrap and could not be erased.

/// A reader that went away (`rundown run | head`) is no reason to stop: fmt::print would throw.
void put(std::FILE* stream, const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

}  // namespace

void Progress::clear() {
    if (shown_) {
        put(stream_, "\r\033[K");
        shown_ = false;
    }
}

void Progress::run_started(std::size_t number, std::size_t total, const std::string& id) {
    prefix_ = fmt::format("[{}/{}] {}", number, total, id);
    if (!live_ && !quiet_) {
        put(stream_, prefix_ + "\n");
    }
}

void Progress::status(const std::string& text) {
    if (!live_ || quiet_) {
        return;
    }
    const std::string line = prefix_.empty() ? text : fmt::format("{}: {}", prefix_, text);
    put(stream_, "\r\033[K" + line.substr(0, kStatusWidth));
    shown_ = true;
}

void Progress::run_finished(const RunReport& report) {
    clear();
    if (!quiet_) {
        put(stream_, verdict_line(report) + "\n");
        if (!report.trace_hash.empty()) {
            put(stream_, fmt::format("  trace_hash {}\n", report.trace_hash));
        }
    }
    if (report.verdict.kind != VerdictKind::pass) {
        put(stream_, explanation(report));
    }
}

void Progress::run_skipped(const SkippedRun& skipped) {
    clear();
    if (!quiet_) {
        put(stream_, skipped_line(skipped) + "\n");
    }
}

void Progress::print(const std::string& text) {
    clear();
    put(stream_, text);
}

}  // namespace rundown::report
