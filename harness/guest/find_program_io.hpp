// SPDX-License-Identifier: MIT
// guest/find_program_io.hpp
//
// Programs this project runs, and the Debian packages that bring them.
#pragma once

#include <string>

#include "base/result.hpp"

namespace rundown::guest {

/// Full path of an executable: `name` itself when it holds a slash, else the first of that name in
/// PATH. The error is one sentence that names the package.
result<std::string> find_program(const std::string& name);

/// First line of what `program` --version prints; empty when it cannot be run or says nothing
/// within 5 s.
std::string version_line(const std::string& program);

}  // namespace rundown::guest
