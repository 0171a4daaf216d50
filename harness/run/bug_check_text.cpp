// SPDX-License-Identifier: MIT
#include "run/bug_check_text.hpp"

#include <charconv>

namespace rundown::run {
namespace {

constexpr std::string_view kStop = "*** STOP ";
constexpr std::string_view kModule = "module ";
constexpr std::size_t kModuleWithin = 200;  // The line below the first; not one of a later text.

/// Takes the next hexadecimal number out of `text`, with or without 0x.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    const std::size_t at = text.find_first_of("0123456789abcdefABCDEF");
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(at);
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// "module ffff8000... protocol5.sys+0x1234": the name and the offset.
void read_module(std::string_view text, oracle::BugCheck& found) {
    text = text.substr(0, kModuleWithin);
    const std::size_t at = text.find(kModule);
    if (at == std::string_view::npos) {
        return;
    }
    std::string_view line = text.substr(at + kModule.size());
    line = line.substr(0, line.find('\n'));
    if (!take_number(line)) {
        return;
    }
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::size_t plus = line.find('+');
    if (plus == std::string_view::npos) {
        return;
    }
    found.module = line.substr(0, plus);
    line.remove_prefix(plus);
    found.offset = take_number(line).value_or(0);
}

}  // namespace

std::optional<oracle::BugCheck> bug_check_in(std::string_view debug_log) {
    const std::size_t at = debug_log.find(kStop);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view text = debug_log.substr(at + kStop.size());
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, line_end);
    const auto code = take_number(line);
    if (!code) {
        return std::nullopt;
    }
    oracle::BugCheck found;
    found.code = static_cast<std::uint32_t>(*code);
    for (auto& parameter : found.parameter) {
        parameter = take_number(line).value_or(0);
    }
    read_module(text.substr(line_end), found);
    return found;
}

}  // namespace rundown::run
