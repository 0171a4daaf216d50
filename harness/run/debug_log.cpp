// SPDX-License-Identifier: MIT
#include "run/debug_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace rundown::run {
namespace {

constexpr std::size_t kLineMax = 1024;
constexpr std::size_t kStopMax = 2048;
constexpr std::size_t kFramesTold = 8;
constexpr std::string_view kPrompt = "kdb:>";
constexpr std::string_view kBackTrace = "bt\r";
constexpr std::string_view kContinue = "cont\r";
// RtlAssert's question, and the pager of the debugger: both wait for a key.
constexpr std::string_view kAssertQuestion = "(boipt)?";
constexpr std::string_view kBreakOnce = "o\r";
constexpr std::string_view kPager = "--- Press";
constexpr std::string_view kAnyKey = "\r";

constexpr std::string_view kFatal = "*** Fatal System Error: ";
constexpr std::string_view kStop = "*** STOP: ";

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Takes the next "0x..." out of `text`.
std::optional<std::uint64_t> take_hex(std::string_view& text) {
    std::size_t at = text.find("0x");
    at = at == std::string_view::npos ? text.find("0X") : at;
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(at + 2);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r*");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Printable, for a report.
std::string plain(std::string_view text) {
    std::string plain(text);
    std::replace_if(
        plain.begin(), plain.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?'
    );
    return plain;
}

/// "<ntoskrnl.exe:365b8 (ntoskrnl/ex/work.c:162 (ExpWorker))>".
bool is_frame(std::string_view line) {
    const std::size_t colon = line.find(':');
    return line.starts_with('<') && colon != std::string_view::npos && colon + 1 < line.size() &&
           is_hex(line[colon + 1]);
}

}  // namespace

std::optional<oracle::BugCheck> stop_in(std::string_view lines) {
    std::size_t at = lines.find(kFatal);
    at = at == std::string_view::npos ? lines.find(kStop) : at;
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view rest = lines.substr(at);
    const auto code = take_hex(rest);
    const std::size_t open = rest.find('(');
    if (!code || open == std::string_view::npos || rest.find(')', open) == std::string_view::npos) {
        return std::nullopt;
    }
    oracle::BugCheck found;
    found.code = static_cast<std::uint32_t>(*code);
    std::string_view parameters = rest.substr(open, rest.find(')', open) - open);
    for (auto& parameter : found.parameter) {
        parameter = take_hex(parameters).value_or(0);
    }
    return found;
}

std::string DebugLog::feed(std::string_view bytes) {
    std::string to_type;
    for (const char c : bytes) {
        if (c == '\n') {
            see_line(trimmed(line_));
            line_.clear();
            continue;
        }
        if (line_.size() < kLineMax) {
            line_ += c;
        }
        to_type += see_unfinished();
    }
    return to_type;
}

/// A prompt stands at the end of what has come, without a line end.
std::string DebugLog::see_unfinished() {
    const auto ends_with = [this](std::string_view word) {
        return std::string_view(line_).ends_with(word);
    };
    std::string to_type;
    if (ends_with(kPrompt)) {
        to_type = at_prompt();
    } else if (ends_with(kAssertQuestion)) {
        to_type = kBreakOnce;
    } else if (ends_with(kPager)) {
        to_type = kAnyKey;
    } else {
        return to_type;
    }
    line_.clear();
    return state_ == State::left_alone ? std::string() : to_type;
}

std::string DebugLog::at_prompt() {
    if (state_ == State::tracing) {
        DebuggerVisit& visit = visits_.back();
        // A guest that has stopped for good stays as it is, to be looked at from outside.
        if (bug_check_ || visits_.size() >= kVisitsMax) {
            state_ = State::left_alone;
            return {};
        }
        visit.went_on = true;
        state_ = State::going_on;
        return std::string(kContinue);
    }
    if (state_ == State::left_alone) {
        return {};
    }
    DebuggerVisit visit;
    visit.why = reason_.empty() ? "it did not say why" : reason_;
    reason_.clear();
    visits_.push_back(std::move(visit));
    state_ = State::tracing;
    return std::string(kBackTrace);
}

void DebugLog::see_line(std::string_view line) {
    const auto add_reason = [this](std::string_view words) {
        if (reason_.size() < kLineMax) {
            reason_ += (reason_.empty() ? "" : "; ") + plain(words);
        }
    };
    if (!bug_check_ && (line_.find(kFatal) != std::string::npos ||
                        line_.find(kStop) != std::string::npos || !stop_.empty())) {
        if (stop_.size() < kStopMax) {
            stop_ += line_ + "\n";
        }
        bug_check_ = stop_in(stop_);
        if (bug_check_) {
            add_reason(fmt::format("bug check 0x{:X}", bug_check_->code));
        }
    }
    const bool asserts = line.find("ssertion ") != std::string_view::npos &&
                         line.find("failed") != std::string_view::npos;
    if (asserts) {
        assertion_ = plain(line);
        add_reason(line);
    } else if (line.starts_with("Source File:")) {
        assertion_ += ", " + plain(line);
        add_reason(line);
    } else if (line.find("Entered debugger on ") != std::string_view::npos) {
        add_reason(line.substr(line.find("Entered debugger on ")));
    }
    if (state_ == State::tracing) {
        see_frame(line);
    } else if (state_ == State::going_on && !line.empty() && !line.starts_with("cont")) {
        state_ = State::running;
    }
}

void DebugLog::see_frame(std::string_view line) {
    auto& frames = visits_.back().frames;
    if (is_frame(line) && frames.size() < kFramesMax) {
        frames.push_back(plain(line.substr(1, line.find_last_of('>') - 1)));
    }
}

std::vector<std::string> sentences_for(const std::vector<DebuggerVisit>& visits) {
    std::vector<std::string> sentences;
    for (const DebuggerVisit& visit : visits) {
        const auto told = std::min(visit.frames.size(), kFramesTold);
        std::string trace = "; no back trace";
        if (told != 0) {
            trace = fmt::format(
                "; back trace: {}{}",
                fmt::join(visit.frames.begin(), visit.frames.begin() + told, " <- "),
                told < visit.frames.size() ? " <- ..." : ""
            );
        }
        sentences.push_back(
            fmt::format("The kernel's debugger was entered: {}{}.", visit.why, trace)
        );
    }
    return sentences;
}

}  // namespace rundown::run
