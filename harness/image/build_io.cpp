// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "image/build.hpp"
#include "image/install/recipe_io.hpp"
#include "image/reactos/recipe_io.hpp"

namespace rundown::image {

result<Manifest> build(const BuildRequest& request, report::Progress& progress) {
    RUNDOWN_TRY(check(request));
    switch (request.kind) {
        case ImageKind::reference:
            return build_reference(request, progress);
        case ImageKind::reactos: {
            const auto recipe = reactos::make_recipe(request);
            return recipe ? build_installed(request, **recipe, progress) : recipe.error();
        }
        case ImageKind::windows:
        case ImageKind::invalid:
            break;
    }
    return fail(
        ErrorKind::internal,
        fmt::format("this program has no recipe for {} images", to_string(request.kind))
    );
}

}  // namespace rundown::image
