// SPDX-License-Identifier: MIT
#include "image/install/lines.hpp"

#include "image/install/phase.hpp"

namespace rundown::image {

namespace {

constexpr std::size_t kMilestoneMax = 40;
constexpr std::string_view kDebuggerPrompt = "kdb:> ";
constexpr std::string_view kAssertionPrompt = "(boipt)? ";
constexpr std::string_view kPager = "--- Press q to abort";
constexpr std::string_view kBugCheck = "*** Fatal System Error: 0x";
constexpr std::string_view kBlueScreen = "*** STOP: 0x";

bool is_printable(char c) {
    return c >= 0x20 && c < 0x7F;
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" .") == std::string_view::npos;
}

}  // namespace

void LineSplitter::finish(std::vector<PortText>& lines, bool prompt) {
    if (!is_blank(pending_)) {
        lines.push_back({pending_, prompt});
    }
    pending_.clear();
}

std::vector<PortText> LineSplitter::feed(std::string_view bytes) {
    std::vector<PortText> lines;
    for (const char c : bytes) {
        if (c == '\n' || c == '\r') {
            finish(lines, false);
            continue;
        }
        if (pending_.size() >= kLineMax) {
            finish(lines, false);
        }
        pending_.push_back(is_printable(c) ? c : '.');
    }
    if (is_debugger_prompt(pending_) || is_assertion_prompt(pending_) ||
        is_pager_prompt(pending_)) {
        finish(lines, true);
    }
    return lines;
}

std::optional<Milestone> milestone_in(std::string_view line) {
    const auto word = line.find(kMilestoneWord);
    if (word == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view rest = line.substr(word + kMilestoneWord.size());
    if (!rest.starts_with(' ')) {
        return std::nullopt;
    }
    rest.remove_prefix(1);
    Milestone milestone;
    while (!rest.empty() && is_name_character(rest.front())) {
        milestone.name.push_back(rest.front());
        rest.remove_prefix(1);
    }
    if (milestone.name.empty() || milestone.name.size() > kMilestoneMax ||
        !(rest.empty() || rest.front() == ' ')) {
        return std::nullopt;
    }
    const auto from = rest.find_first_not_of(' ');
    const auto to = rest.find_last_not_of(' ');
    if (from != std::string_view::npos) {
        milestone.rest = rest.substr(from, to - from + 1);
    }
    return milestone;
}

bool is_debugger_prompt(std::string_view text) {
    return text.ends_with(kDebuggerPrompt);
}

bool is_pager_prompt(std::string_view text) {
    return text.find(kPager) != std::string_view::npos && text.ends_with(" ---");
}

bool is_assertion_prompt(std::string_view text) {
    return text.ends_with(kAssertionPrompt);
}

bool tells_bug_check(std::string_view line) {
    return line.find(kBugCheck) != std::string_view::npos ||
           line.find(kBlueScreen) != std::string_view::npos;
}

}  // namespace rundown::image
