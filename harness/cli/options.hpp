// SPDX-License-Identifier: MIT
// cli/options.hpp
//
// The command line as data. Only shapes are checked here (CLI11); what the words mean is judged by
// run::plan().
#pragma once

#include <string>
#include <vector>

#include "cli/image_options.hpp"
#include "run/invocation.hpp"
#include "selftest/selftest.hpp"

namespace rundown::cli {

enum class Command {
    none,      // --help or --version was printed, or the usage was wrong: leave with exit_code.
    run,       // Run scenarios.
    list,      // Print scenarios or rules.
    doctor,    // Say what this machine lacks.
    replay,    // Trace to verdict again.
    selftest,  // The reference guest tests itself.
    image_build,
    image_list,
    image_verify,
    image_remove,
};

struct Options {
    Command command = Command::none;
    int exit_code = 0;
    run::InvocationOptions invocation;
    bool json = false;
    bool rules = false;        // list --rules
    bool divergences = false;  // list --divergences
    std::string replay_directory;
    selftest::Options selftest;
    ImageOptions image;
};

/// Parses the command line; prints help, version or what is wrong with it itself.
Options parse_command_line(int argc, const char* const* argv);

}  // namespace rundown::cli
