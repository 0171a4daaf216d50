// SPDX-License-Identifier: MIT
// The program: command line in, exit code out. Exceptions end here, as internal errors.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "cli/commands.hpp"
#include "cli/options.hpp"

int main(int argc, char** argv) {
    using rundown::cli::Command;
    try {
        const auto options = rundown::cli::parse_command_line(argc, argv);
        switch (options.command) {
            case Command::none:
                return options.exit_code;
            case Command::run:
                return rundown::cli::run(options);
            case Command::list:
                return rundown::cli::list(options);
            case Command::doctor:
                return rundown::cli::doctor(options);
            case Command::replay:
                return rundown::cli::replay(options);
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "rundown: internal error: {}\n", error.what());
    }
    return rundown::exit_internal;
}
