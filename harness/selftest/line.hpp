// SPDX-License-Identifier: MIT
// selftest/line.hpp
//
// Reading one line of the guest's strictly, from left to right: each step either takes exactly what
// it names or says no. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace rundown::selftest {

class Line {
  public:
    explicit Line(std::string_view text) : left_(text) {}

    bool literal(std::string_view text) {
        if (!left_.starts_with(text)) {
            return false;
        }
        left_.remove_prefix(text.size());
        return true;
    }

    /// Everything before `end`, which is taken too; not empty.
    bool until(std::string_view end, std::string_view& text) {
        const std::size_t at = left_.find(end);
        if (at == std::string_view::npos || at == 0) {
            return false;
        }
        text = left_.substr(0, at);
        left_.remove_prefix(at + end.size());
        return true;
    }

    /// Digits without a sign, at least one.
    template <class Number>
    bool decimal(Number& number) {
        return digits(number, 10, left_.size());
    }
    /// Exactly `count` hexadecimal digits.
    bool hexadecimal(std::uint64_t& number, std::size_t count) {
        return left_.size() >= count && digits(number, 16, count, count);
    }
    /// As many hexadecimal digits as there are, at least one.
    bool hexadecimal(std::uint64_t& number) { return digits(number, 16, left_.size()); }

    std::string_view left() const { return left_; }
    bool empty() const { return left_.empty(); }

  private:
    template <class Number>
    bool digits(Number& number, int base, std::size_t at_most, std::size_t at_least = 1) {
        const char* begin = left_.data();
        if (left_.empty() || *begin == '-') {
            return false;
        }
        const auto [end, error] = std::from_chars(begin, begin + at_most, number, base);
        const auto taken = static_cast<std::size_t>(end - begin);
        if (error != std::errc() || taken < at_least) {
            return false;
        }
        left_.remove_prefix(taken);
        return true;
    }

    std::string_view left_;
};

/// Names of tests, families, groups and provocations: a-z, 0-9, '-', '_'.
constexpr bool is_word(std::string_view text) {
    for (const char c : text) {
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')) {
            return false;
        }
    }
    return !text.empty();
}

/// Calls `visit` for every line that was ended; the last, unfinished one of a log is none.
template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(end + 1)) {
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        visit(line);
    }
}

}  // namespace rundown::selftest
