// SPDX-License-Identifier: MIT
// image/program_io.hpp
//
// Runs a program of the system (qemu-img, xorriso, mtools, reged) to its end, without a shell.
// Blocking, with a deadline; a program that outlives it, or this process, is killed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"

namespace rundown::image {

struct ProgramRun {
    std::vector<std::string> arguments;    // The first is the program, looked for in PATH.
    std::string input;                     // For its standard input.
    std::string directory;                 // To run in; empty: this process's.
    std::vector<std::string> environment;  // "NAME=value", added to ours.
    std::function<bool()> cancelled;       // Asked some times a second; true kills it.
};

struct ProgramEnd {
    int exit_code = 0;   // 128 + the signal when one ended it.
    std::string output;  // Standard output; at most kProgramOutputMax.
    std::string errors;  // Standard error; likewise.
};

inline constexpr std::size_t kProgramOutputMax = 4 << 20;

/// Errors: environment (not there: the sentence names the package; cannot be started), timeout,
/// cancelled. A program that ends with an error code is no error here.
result<ProgramEnd> run_program(const ProgramRun& run, Deadline deadline);

/// The same, where any exit code but 0 is an error: "<program>: <its last line of complaint>".
result<ProgramEnd> run_program_well(const ProgramRun& run, Deadline deadline);

}  // namespace rundown::image
