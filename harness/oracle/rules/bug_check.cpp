// SPDX-License-Identifier: MIT
// oracle/rules/bug_check.cpp
#include <fmt/format.h>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

constexpr std::uint32_t kNmi = 0x80;
constexpr std::uint32_t kManual = 0xE2;

void check(const Evidence& evidence, Findings& findings) {
    if (!evidence.crash()) {
        return;
    }
    const BugCheck& what = evidence.crash()->what;
    if (evidence.run().deadline && (what.code == kNmi || what.code == kManual)) {
        return;  // Our own knock at a guest that had stopped answering.
    }
    const auto& p = what.parameter;
    findings.add(
        evidence.crash()->event,
        fmt::format(
            "The guest stopped with bug check {}, parameters {:#x}, {:#x}, {:#x}, {:#x}{}.",
            trace::bug_check_name(what.code),
            p[0],
            p[1],
            p[2],
            p[3],
            what.module.empty() ? (what.offset != 0 ? fmt::format(", at {:#x}", what.offset) : "")
                                : fmt::format(", in {}+{:#x}", what.module, what.offset)
        )
    );
}

}  // namespace

const Rule bug_check_rule{
    "bug-check",
    "The guest does not stop with a bug check.",
    "Bug Check Code Reference: each code names what a driver did",
    check};

}  // namespace rundown::oracle
