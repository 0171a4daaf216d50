// SPDX-License-Identifier: MIT
// cli/image_commands.hpp
//
// One function per command of `rundown image`; each prints and returns the exit code.
#pragma once

#include "cli/options.hpp"

namespace rundown::cli {

int image_build(const Options& options);
int image_list(const Options& options);
int image_verify(const Options& options);
int image_remove(const Options& options);

}  // namespace rundown::cli
