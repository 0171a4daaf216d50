// SPDX-License-Identifier: MIT
// image/reference_io.cpp
//
// The reference guest on a disk of its own.
#include "image/build.hpp"

namespace rundown::image {

result<Manifest> build_reference(const BuildRequest&, report::Progress&) {
    return fail(ErrorKind::internal, "this program has no recipe for reference images");
}

}  // namespace rundown::image
