// SPDX-License-Identifier: MIT
// image/windows/recipe_io.hpp
//
// A plan (windows/plan.hpp) performed: media and disks made, two machines, the agent's hello.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "image/build.hpp"
#include "image/install/recipe_io.hpp"

namespace rundown::image::windows {

/// Reads the media and makes the plan: everything that can be refused is refused here. Errors: see
/// plan_windows().
result<std::unique_ptr<InstallRecipe>> make_recipe(const BuildRequest& request);

}  // namespace rundown::image::windows
