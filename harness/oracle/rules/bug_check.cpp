// SPDX-License-Identifier: MIT
// oracle/rules/bug_check.cpp
#include <fmt/format.h>

#include <functional>

#include "oracle/evidence.hpp"
#include "oracle/left_open.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/bug_checks.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

constexpr std::uint32_t kNmi = 0x80;
constexpr std::uint32_t kManual = 0xE2;

/// What the system had done before, when that explains the crash.
std::string what_came_before(const Evidence& evidence) {
    for (const std::uint8_t source : {RD_SOURCE_DRIVER, RD_SOURCE_NDIS}) {
        const auto left = left_open(evidence, source);
        if (!left.empty()) {
            return fmt::format(
                " NdisDeregisterProtocol had left {} binding{} open before ({}).",
                left.size(),
                left.size() == 1 ? "" : "s",
                number_of(*left.begin()->second)
            );
        }
    }
    return {};
}

/// "... Parameters: ..." of the code's page, where it has one.
std::string meaning_of(const BugCheck& what) {
    const std::string words = trace::bug_check_meaning(what.code, what.parameter);
    return words.empty() ? words : " " + words;
}

/// A kernel that stopped in its debugger, was told to go on, and did.
void check_debugger(const Evidence& evidence, Findings& findings) {
    const std::string before = what_came_before(evidence);
    for (const auto& words : evidence.run().debugger_words.value_or(std::vector<std::string>())) {
        if (before.empty()) {
            findings.add(nullptr, words);
        } else {
            findings.add_against_system(std::hash<std::string>()(words), nullptr, words + before);
        }
    }
}

void check(const Evidence& evidence, Findings& findings) {
    if (!evidence.crash()) {
        check_debugger(evidence, findings);
        return;
    }
    const BugCheck& what = evidence.crash()->what;
    if (evidence.run().deadline && (what.code == kNmi || what.code == kManual)) {
        return;  // Our own knock at a guest that had stopped answering.
    }
    const auto& p = what.parameter;
    const std::string before = what_came_before(evidence);
    std::string debugger;
    for (const auto& words : evidence.run().debugger_words.value_or(std::vector<std::string>())) {
        debugger += " " + words;
    }
    const std::string explanation =
        fmt::format(
            "The guest stopped with bug check {}, parameters {:#x}, {:#x}, {:#x}, {:#x}{}.",
            trace::bug_check_name(what.code),
            p[0],
            p[1],
            p[2],
            p[3],
            what.module.empty() ? (what.offset != 0 ? fmt::format(", at {:#x}", what.offset) : "")
                                : fmt::format(", in {}+{:#x}", what.module, what.offset)
        ) +
        meaning_of(what) + before + debugger;
    if (before.empty()) {
        findings.add(evidence.crash()->event, explanation);
    } else {
        findings.add_against_system(what.code, evidence.crash()->event, explanation);
    }
}

}  // namespace

const Rule bug_check_rule{
    "bug-check",
    "The guest does not stop with a bug check, nor in its kernel's debugger.",
    "Bug Check Code Reference: each code names what a driver did",
    check,
    {}};

}  // namespace rundown::oracle
