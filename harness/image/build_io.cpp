// SPDX-License-Identifier: MIT
#include "image/build.hpp"
#include "image/install/recipe_io.hpp"
#include "image/reactos/recipe_io.hpp"
#include "image/windows/recipe_io.hpp"

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
        case ImageKind::windows: {
            const auto recipe = windows::make_recipe(request);
            return recipe ? build_installed(request, **recipe, progress) : recipe.error();
        }
        case ImageKind::invalid:
            break;
    }
    return fail(ErrorKind::internal, "a build of no kind was asked for");
}

}  // namespace rundown::image
