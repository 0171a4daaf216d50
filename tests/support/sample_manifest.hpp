// SPDX-License-Identifier: MIT
// support/sample_manifest.hpp
//
// A manifest with something in each of its members.
#pragma once

#include "image/manifest.hpp"

namespace rundown::test {

image::Manifest sample_manifest();

}  // namespace rundown::test
