// SPDX-License-Identifier: MIT
#include "image/recipe.hpp"

#include <fmt/format.h>

namespace rundown::image {

result<void> check_recipe(const Manifest& manifest) {
    const Recipe current = current_recipe(manifest.kind);
    if (manifest.recipe.name != current.name) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "the image '{}' was made by a recipe '{}', which this program does not have: build "
                "it again with `rundown image build {}`",
                manifest.name,
                manifest.recipe.name,
                to_string(manifest.kind)
            )
        );
    }
    if (manifest.recipe.version == current.version) {
        return {};
    }
    const bool older = manifest.recipe.version < current.version;
    return fail(
        ErrorKind::environment,
        fmt::format(
            "the image '{}' was made by version {} of the recipe '{}', this program has version "
            "{}: {}",
            manifest.name,
            manifest.recipe.version,
            current.name,
            current.version,
            older ? fmt::format(
                        "build it again with `rundown image build {} --name {} --replace`",
                        to_string(manifest.kind),
                        manifest.name
                    )
                  : "use the newer program that made it"
        )
    );
}

}  // namespace rundown::image
