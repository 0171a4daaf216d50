// SPDX-License-Identifier: MIT
// integration/support/shell.hpp
//
// A tool of the system's, run by a shell, with what it printed. Header only.
#pragma once

#include <stdio.h>
#include <sys/wait.h>

#include <string>

namespace rundown::integration {

struct ShellOutcome {
    int exit_code = -1;
    std::string text;  // Standard output and error.
};

inline std::string quoted(const std::string& word) {
    std::string all = "'";
    for (const char c : word)
        all += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return all + "'";
}

/// Runs `command` for a minute at most.
inline ShellOutcome shell(const std::string& command) {
    ShellOutcome outcome;
    FILE* pipe = ::popen(("timeout 60 sh -c " + quoted(command) + " 2>&1").c_str(), "r");
    if (pipe == nullptr)
        return outcome;
    char buffer[4096];
    for (std::size_t got = 0; (got = ::fread(buffer, 1, sizeof buffer, pipe)) != 0;)
        outcome.text.append(buffer, got);
    const int status = ::pclose(pipe);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

}  // namespace rundown::integration
