// SPDX-License-Identifier: MIT
// cli/commands.hpp
//
// One function per command of the program; each prints and returns the exit code.
#pragma once

#include "cli/options.hpp"

namespace rundown::cli {

int run(const Options& options);
int list(const Options& options);
int doctor(const Options& options);
int replay(const Options& options);
int selftest(const Options& options);

}  // namespace rundown::cli
