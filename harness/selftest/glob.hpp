// SPDX-License-Identifier: MIT
// selftest/glob.hpp
//
// Patterns of --filter, as the guest understands them too (ke/selftest_run.cpp): '*' any text, '?'
// any character. Pure.
#pragma once

#include <string_view>

namespace rundown::selftest {

constexpr bool glob_matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p, ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

}  // namespace rundown::selftest
