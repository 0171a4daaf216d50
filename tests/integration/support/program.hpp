// SPDX-License-Identifier: MIT
// integration/support/program.hpp
//
// Runs build/rundown as a person would and tells what it printed and how it ended. What it left
// behind: leftovers.hpp; a machine of its own to run in: small_machine.hpp.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "integration/support/leftovers.hpp"

namespace rundown::integration {

struct Outcome {
    pid_t pid = 0;
    int exit_code = -1;      // 128 + signal when it was killed.
    bool timed_out = false;  // It was killed by us because it did not end.
    std::string out;
    std::string err;
    double seconds = 0;
};

struct Invocation {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // "NAME=value" added to ours, "NAME" taken from it.
    std::chrono::seconds patience{120};    // Hang detector.
    std::function<bool()> before_start;    // In the new process, before the program; false: skip.
    std::function<void(pid_t)> meanwhile;  // Called once, as soon as the program runs.
};

/// The exit code of a program whose before_start said false.
inline constexpr int kNotStarted = 126;

/// Runs the program to its end. It is the leader of a process group, as under a shell.
Outcome run_program(const Invocation& invocation);

/// Shorthand.
Outcome run_program(std::vector<std::string> arguments);

/// Fresh directory, removed with its contents at the end of the scope.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::string& path() const { return path_; }
    std::string file(const std::string& name, const std::string& contents) const;

  private:
    std::string path_;
};

/// The program under test: build/rundown, or what $RUNDOWN_TEST_PROGRAM names (the same, built with
/// sanitizers: make integration-asan).
std::string program();

/// The whole file; empty when it is not there.
std::string contents_of(const std::string& path);

/// Path of something that was built, beside the program: "drivers-x64/never-closes.sys".
std::string built(const std::string& name);

}  // namespace rundown::integration
