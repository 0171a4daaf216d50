// SPDX-License-Identifier: MIT
// selftest/test_log.hpp
//
// What the guest's self-tests say on its debug channel, read strictly: the guest is what is under
// test, so a line that is not exactly of the format counts against it. The lines are described in
// guest-images/reference/ke/selftest_run.cpp. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rundown::selftest {

/// One test as its lines tell it.
struct TestLines {
    std::string name;  // "family.name"
    bool ended = false;
    bool passed = false;
    std::string what;  // Of a failure: the guest's words.
};

/// The sum a group of tests ends with.
struct GroupSum {
    std::string name;
    unsigned passed = 0;
    unsigned failed = 0;
    std::size_t results_before =
        0;  // Results seen when the sum came; a sum covers those since the last.
};

struct TestLog {
    std::vector<TestLines> tests;  // In the order of their first lines.
    std::vector<GroupSum> groups;
    bool complete = false;               // "selftest: complete" was the last of them.
    std::vector<std::string> malformed;  // Lines that begin like ours and are not; printable.
};

TestLog read_test_log(std::string_view debug_log);

/// Longest line that is believed; what the kernel prints is shorter.
inline constexpr std::size_t kLineMax = 400;

/// Text from the guest, fit for a terminal: control characters and what is not ASCII become '?'.
std::string printable(std::string_view text);

}  // namespace rundown::selftest
