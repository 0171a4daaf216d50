// SPDX-License-Identifier: MIT
#include "report/progress.hpp"

#include <fmt/format.h>

namespace rundown::report {
namespace {
constexpr std::size_t kStatusWidth = 110;  // Longer lines would wrap and could not be erased.
}

void Progress::clear() {
    if (shown_) {
        fmt::print(stream_, "\r\033[K");
        std::fflush(stream_);
        shown_ = false;
    }
}

void Progress::run_started(std::size_t number, std::size_t total, const std::string& id) {
    prefix_ = fmt::format("[{}/{}] {}", number, total, id);
    if (!live_ && !quiet_) {
        fmt::print(stream_, "{}\n", prefix_);
        std::fflush(stream_);
    }
}

void Progress::status(const std::string& text) {
    if (!live_ || quiet_) {
        return;
    }
    fmt::print(stream_, "\r\033[K{}", fmt::format("{}: {}", prefix_, text).substr(0, kStatusWidth));
    std::fflush(stream_);
    shown_ = true;
}

void Progress::run_finished(const RunReport& report) {
    clear();
    if (!quiet_) {
        fmt::print(stream_, "{}\n", verdict_line(report));
    }
    if (rundown::exit_code(report.verdict) != exit_pass) {
        fmt::print(stream_, "{}", explanation(report));
    }
    std::fflush(stream_);
}

void Progress::print(const std::string& text) {
    clear();
    fmt::print(stream_, "{}", text);
    std::fflush(stream_);
}

}  // namespace rundown::report
