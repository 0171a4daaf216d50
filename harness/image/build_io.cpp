// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "image/build.hpp"

namespace rundown::image {

result<Manifest> build(const BuildRequest& request, report::Progress& progress) {
    RUNDOWN_TRY(check(request));
    if (request.kind == ImageKind::reference) {
        return build_reference(request, progress);
    }
    return fail(
        ErrorKind::internal,
        fmt::format("this program has no recipe for {} images", to_string(request.kind))
    );
}

}  // namespace rundown::image
