// SPDX-License-Identifier: MIT
// image/install/lines.hpp
//
// The bytes of a COM port as lines, and what some lines mean. The bytes are the guest's: anything
// may come, without an end. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rundown::image {

/// Longer ones are cut in pieces.
inline constexpr std::size_t kLineMax = 1024;

struct PortText {
    std::string text;     // Without line end; what cannot be printed is a '.'.
    bool prompt = false;  // No line end came: it waits for an answer.
};

/// Bytes in, lines out. Lines without anything to print are left out.
class LineSplitter {
  public:
    std::vector<PortText> feed(std::string_view bytes);

  private:
    void finish(std::vector<PortText>& lines, bool prompt);
    std::string pending_;
};

struct Milestone {
    std::string name;
    std::string rest;  // Of the line, behind the name.
};

/// The milestone a line tells of (install/phase.hpp), wherever it begins in the line.
std::optional<Milestone> milestone_in(std::string_view line);

/// True for a prompt of ReactOS's kernel debugger.
bool is_debugger_prompt(std::string_view text);
/// True where that debugger waits between two pages of its output.
bool is_pager_prompt(std::string_view text);
/// True for the question an assertion of ReactOS's asks.
bool is_assertion_prompt(std::string_view text);
/// True for the line by which ReactOS and Windows begin the text of a bug check.
bool tells_bug_check(std::string_view line);

}  // namespace rundown::image
