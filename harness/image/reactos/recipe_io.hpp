// SPDX-License-Identifier: MIT
// image/reactos/recipe_io.hpp
//
// How ReactOS gets onto a disk: three machines, and files of the host's put on the FAT disk between
// them. See guest-images/reactos/README.md.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "image/build.hpp"
#include "image/install/recipe_io.hpp"

namespace rundown::image::reactos {

/// Looks at everything the request names and needs, before anything is made. Errors, one sentence:
/// usage (the language), environment (the medium is none, or another architecture's; the agent or a
/// driver is not built; mtools or chntpw is missing).
result<std::unique_ptr<InstallRecipe>> make_recipe(const BuildRequest& request);

/// The phases: of all three machines, or (`installed`) of the last one alone.
std::vector<Phase> phases(bool installed);

}  // namespace rundown::image::reactos
