// SPDX-License-Identifier: MIT
// The program: command line in, exit code out. Exceptions end here, as internal errors.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "cli/commands.hpp"
#include "cli/image_commands.hpp"
#include "cli/options.hpp"

namespace {

/// Started with a standard stream closed, the next file opened would take its place, and what is
/// printed would go into it.
void open_closed_streams() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0) {
            static_cast<void>(::open("/dev/null", O_RDWR));  // Takes the lowest number: fd.
        }
    }
}

/// A reader that went away, or a file at the limit of its size, is an error of the write, not the
/// end of a program that has a guest to remove.
void take_write_errors_as_errors() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
    using rundown::cli::Command;
    open_closed_streams();
    take_write_errors_as_errors();
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
            case Command::selftest:
                return rundown::cli::selftest(options);
            case Command::image_build:
                return rundown::cli::image_build(options);
            case Command::image_list:
                return rundown::cli::image_list(options);
            case Command::image_verify:
                return rundown::cli::image_verify(options);
            case Command::image_remove:
                return rundown::cli::image_remove(options);
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "rundown: internal error: %s\n", error.what());
    }
    return rundown::exit_internal;
}
