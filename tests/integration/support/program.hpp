// SPDX-License-Identifier: MIT
// integration/support/program.hpp
//
// Runs build/rundown as a person would and tells what it printed, how it ended, and what it left
// behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace rundown::integration {

struct Outcome {
    int exit_code = -1;      // 128 + signal when it was killed.
    bool timed_out = false;  // It was killed by us because it did not end.
    std::string out;
    std::string err;
    double seconds = 0;
};

struct Invocation {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // "NAME=value", added to ours.
    std::chrono::seconds patience{120};    // Hang detector.
    std::function<void(pid_t)> meanwhile;  // Called once, as soon as the program runs.
};

/// Runs the program to its end.
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

/// QEMU processes, shared memory and runtime directories that carry the names of rundown processes
/// which are no more, one line each; empty when clean. What belongs to a run that lives, perhaps
/// somebody else's on this machine, is not left over.
std::vector<std::string> leftovers();

/// Pids of running QEMU processes that the rundown process `program` started.
std::vector<pid_t> qemu_processes_of(pid_t program);

/// The whole file; empty when it is not there.
std::string contents_of(const std::string& path);

/// Path of something that was built, beside the program: "drivers-x64/never-closes.sys".
std::string built(const std::string& name);

}  // namespace rundown::integration
