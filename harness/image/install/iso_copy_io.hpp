// SPDX-License-Identifier: MIT
// image/install/iso_copy_io.hpp
//
// Copies of CD images with parts of them changed (iso_patch.hpp). Blocking.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/install/iso_patch.hpp"

namespace rundown::image {

/// Copies `from` to `to` and writes there. Error: environment.
result<void> copy_iso(
    const std::string& from, const std::string& to, const std::vector<IsoWrite>& writes
);

/// Copies with files replaced. Errors: see plan_iso_patch().
result<void> copy_iso_with(
    const std::string& from, const std::string& to, const std::vector<ReplacedFile>& files
);

}  // namespace rundown::image
