// SPDX-License-Identifier: MIT
// selftest/selftest.hpp
//
// `rundown selftest`: boots the reference guest, has it test itself, and has it commit every crime
// it must notice.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "report/progress.hpp"
#include "selftest/report.hpp"

namespace rundown::selftest {

struct Options {
    std::string filter = "*";          // Of full names; see glob.hpp.
    std::string out;                   // Directory for evidence; empty: <assets>/runs.
    std::string connect = "embedded";  // "embedded" or a libvirt URI.
    std::string accelerator = "auto";  // auto, kvm, tcg.
    std::string program;               // How the person called us.
    std::uint64_t seed = 1;
    unsigned jobs = 3;  // Provocations at once.
};

/// An error means that nothing could be started (usage, environment, no such test); what one guest
/// does is its outcome. Ctrl-C and SIGTERM leave the rest undone and clean up.
result<Report> run_selftest(const Options& options, rundown::report::Progress& progress);

}  // namespace rundown::selftest
