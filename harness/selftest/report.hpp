// SPDX-License-Identifier: MIT
// selftest/report.hpp
//
// What `rundown selftest` found, and how it is told: lines grouped by family, one JSON document, an
// exit code. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "selftest/test_log.hpp"

namespace rundown::selftest {

enum class OutcomeKind {
    passed,
    failed,         // The guest is wrong.
    could_not_run,  // Nothing was learnt: the machine, or a person's Ctrl-C.
};

/// One test or provocation.
struct Outcome {
    std::string name;  // "ke.events", "provoke.pool.pool_overrun"
    OutcomeKind kind = OutcomeKind::could_not_run;
    std::string
        sentence;  // Of what is not passed; of a provocation that is, how the guest stopped.
    std::string evidence;  // Directory of its guest.
    bool operator==(const Outcome&) const = default;
};

struct Report {
    std::string directory;    // Evidence of everything.
    std::string accelerator;  // "tcg"
    std::uint64_t seed = 0;
    std::string program;    // How the person called us.
    std::string arguments;  // What repeats one test besides its name and the seed; may be empty.
    Milliseconds took{0};
    std::vector<Outcome> outcomes;
};

/// The groups that a guest must end with, in their order.
inline constexpr std::string_view kGroups[] = {
    "kernel", "executive", "ndis", "miniport", "serialized", "driver"};

/// The guest's lines as outcomes. Whatever the lines do not prove is a failure under a name of its
/// own: a test that began and did not end, a group without its sum or with another one than its
/// lines, a log without its end, lines that are malformed.
std::vector<Outcome> judge(const TestLog& log);

/// Families in the order they first appear: what a name has before its last dot.
std::string to_text(const Report& report);
std::string to_json(const Report& report);
ExitCode exit_code(const Report& report);

}  // namespace rundown::selftest
