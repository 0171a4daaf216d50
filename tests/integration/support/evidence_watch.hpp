// SPDX-License-Identifier: MIT
// integration/support/evidence_watch.hpp
//
// Looks at the evidence of a run while it is being written: `out` is the directory given with
// --out, with one invocation in it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace rundown::integration {

/// The directory of the first run below `out`, waited for; empty: none came.
std::string await_run_directory(const std::string& out);

/// Waits until the file of the first run has `word` in it; false: it never did.
bool await_word(const std::string& out, const std::string& file, const std::string& word);

/// Names of the files of the first run.
std::vector<std::string> files_of_run(const std::string& out);

}  // namespace rundown::integration
