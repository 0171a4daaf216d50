// SPDX-License-Identifier: MIT
// run/debug_log.hpp
//
// What a guest's kernel writes on its debug line, read as it comes: bug checks, failed assertions,
// and the prompt of the kernel's own debugger, at which the guest stands still until somebody
// types. The machine says what to type: the back trace, then on. Bounded in every direction: what
// the guest writes is hostile. Pure; debug_log_io performs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/run_record.hpp"

namespace rundown::run {

/// One stop at the debugger's prompt.
struct DebuggerVisit {
    std::string why;                  // "Assertion failed: Open->... (protocol.c, line 12)"
    std::vector<std::string> frames;  // Of the back trace, innermost first; bounded.
    bool went_on = false;             // It was told to continue.
};

class DebugLog {
  public:
    /// Takes what came; gives back what is to be typed, most often nothing.
    std::string feed(std::string_view bytes);

    /// The first bug check that was told; the guest is stopped at it, or will be.
    const std::optional<oracle::BugCheck>& bug_check() const { return bug_check_; }
    const std::vector<DebuggerVisit>& visits() const { return visits_; }
    /// The guest stands at a prompt that nobody will answer any more: it has stopped with a bug
    /// check, or has come too often.
    bool stands_still() const { return state_ == State::left_alone; }
    /// The latest failed assertion, as the guest told it; empty: none.
    const std::string& assertion() const { return assertion_; }

    static constexpr std::size_t kVisitsMax = 8;
    static constexpr std::size_t kFramesMax = 32;

  private:
    enum class State {
        running,     // No prompt yet.
        tracing,     // "bt" was typed; its output comes.
        going_on,    // "cont" was typed.
        left_alone,  // See stands_still().
    };

    void see_line(std::string_view line);
    void see_frame(std::string_view line);
    std::string see_unfinished();
    std::string at_prompt();

    State state_ = State::running;
    std::string line_;    // What came since the last line end; bounded.
    std::string stop_;    // Lines of a bug check that is being told.
    std::string reason_;  // Why the debugger was entered, of the lines so far.
    std::string assertion_;
    std::optional<oracle::BugCheck> bug_check_;
    std::vector<DebuggerVisit> visits_;
};

/// The bug check in lines of a debug log: "*** Fatal System Error: 0x0000007e" with its parameters
/// below it, or "*** STOP: 0x0000007E (0x..., ...)". Nothing: it is none, or not whole yet.
std::optional<oracle::BugCheck> stop_in(std::string_view lines);

/// What the debugger had to say, for the report: one sentence a visit. "The kernel's debugger was
/// entered: <why>; back trace: <frames>."
std::vector<std::string> sentences_for(const std::vector<DebuggerVisit>& visits);

}  // namespace rundown::run
