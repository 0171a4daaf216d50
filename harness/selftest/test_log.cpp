// SPDX-License-Identifier: MIT
#include "selftest/test_log.hpp"

#include <algorithm>

#include "selftest/line.hpp"

namespace rundown::selftest {
namespace {

constexpr std::string_view kPrefix = "selftest";

TestLines& test_of(TestLog& log, std::string_view name) {
    const auto known = std::find_if(log.tests.rbegin(), log.tests.rend(), [&](const auto& test) {
        return test.name == name;
    });
    if (known != log.tests.rend()) {
        return *known;
    }
    return log.tests.emplace_back(TestLines{std::string(name), false, false, {}});
}

bool finish(TestLog& log, std::string_view name, bool passed, std::string_view what) {
    TestLines& test = test_of(log, name);
    if (test.ended) {
        return false;  // A second verdict is no verdict.
    }
    test.ended = true;
    test.passed = passed;
    test.what = printable(what);
    return true;
}

std::size_t results(const TestLog& log) {
    return static_cast<std::size_t>(std::count_if(
        log.tests.begin(), log.tests.end(), [](const auto& test) { return test.ended; }
    ));
}

bool is_test_name(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot != std::string_view::npos && is_word(name.substr(0, dot)) &&
           is_word(name.substr(dot + 1));
}

/// "N passed, M failed".
bool read_sum(TestLog& log, std::string_view group, std::string_view text) {
    GroupSum sum{std::string(group), 0, 0, results(log)};
    Line rest(text);
    if (!is_word(group) || !rest.decimal(sum.passed) || !rest.literal(" passed, ") ||
        !rest.decimal(sum.failed) || !rest.literal(" failed") || !rest.empty()) {
        return false;
    }
    log.groups.push_back(std::move(sum));
    return true;
}

/// False: malformed.
bool read_line(TestLog& log, std::string_view line) {
    if (log.complete) {
        return false;  // Nothing comes after the end.
    }
    if (line == "selftest: complete") {
        log.complete = true;
        return true;
    }
    Line rest(line);
    std::string_view name;
    if (!rest.literal("selftest ") || !rest.until(": ", name)) {
        return false;
    }
    if (!is_test_name(name)) {
        return read_sum(log, name, rest.left());
    }
    if (rest.left() == "start") {
        TestLines& test = test_of(log, name);
        return !test.ended;
    }
    if (rest.left() == "ok") {
        return finish(log, name, true, {});
    }
    return rest.literal("FAILED: ") && !rest.empty() && finish(log, name, false, rest.left());
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out(text.substr(0, kLineMax));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?'
    );
    return out;
}

TestLog read_test_log(std::string_view debug_log) {
    TestLog log;
    for_each_line(debug_log, [&log](std::string_view line) {
        if (line.starts_with(kPrefix) && (line.size() > kLineMax || !read_line(log, line))) {
            log.malformed.push_back(printable(line));
        }
    });
    return log;
}

}  // namespace rundown::selftest
