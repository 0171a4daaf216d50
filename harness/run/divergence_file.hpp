// SPDX-License-Identifier: MIT
// run/divergence_file.hpp
//
// guest-images/divergences.toml: what guests are declared to do wrong. Every complaint names file,
// line and field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "oracle/divergence.hpp"

namespace rundown::run {

/// One [[divergence]] after the other; a rule that does not exist and a field that is missing or
/// unknown are errors (usage). Pure.
result<std::vector<oracle::Divergence>> divergences_in(
    std::string_view toml, const std::string& file
);

/// Reads the file. Fails (environment) when it is not there.
result<std::vector<oracle::Divergence>> read_divergences(const std::string& path);

}  // namespace rundown::run
