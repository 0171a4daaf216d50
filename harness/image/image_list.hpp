// SPDX-License-Identifier: MIT
// image/image_list.hpp
//
// The store's images as `rundown image list` prints them. Pure.
#pragma once

#include <string>
#include <vector>

#include "image/store.hpp"

namespace rundown::image {

/// A table; below an image that cannot be used, why.
std::string list_to_text(const std::string& store, const std::vector<ListedImage>& images);

/// One document, schema "rundown.images/1": store, and images with name, usable, complaint, in_use,
/// bytes_on_disk and manifest (as in manifest.json; null where it cannot be read).
std::string list_to_json(const std::string& store, const std::vector<ListedImage>& images);

}  // namespace rundown::image
