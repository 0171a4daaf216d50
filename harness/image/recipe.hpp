// SPDX-License-Identifier: MIT
// image/recipe.hpp
//
// The recipes images are made by, and their versions. A version is counted up when images made
// before could no longer be used as those made now; such images are refused with a sentence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "image/manifest.hpp"

namespace rundown::image {

struct RecipeVersion {
    ImageKind kind;
    std::string_view name;
    std::uint32_t version;
};

inline constexpr RecipeVersion kRecipes[] = {
    {ImageKind::reference, "reference", 1},
    {ImageKind::reactos, "reactos", 1},
    {ImageKind::windows, "windows", 1},
};

/// The recipe of that kind as this program has it.
constexpr Recipe current_recipe(ImageKind kind) {
    for (const auto& recipe : kRecipes) {
        if (recipe.kind == kind) {
            return Recipe{std::string(recipe.name), recipe.version};
        }
    }
    return Recipe{};
}

/// Refuses, with a sentence that says what to do, an image whose recipe is not this program's.
result<void> check_recipe(const Manifest& manifest);

}  // namespace rundown::image
