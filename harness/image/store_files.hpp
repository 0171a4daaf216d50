// SPDX-License-Identifier: MIT
// image/store_files.hpp
//
// Names of the files of the store, and the reading and writing of manifests there. For the store's
// own sources.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "image/manifest.hpp"

namespace rundown::image {

inline constexpr std::string_view kPartialPrefix = ".partial-";
inline constexpr std::string_view kRemovedPrefix = ".removed-";

inline std::string lock_path(const std::string& image) {
    return image + "/lock";
}
inline std::string manifest_path(const std::string& image) {
    return image + "/manifest.json";
}

/// Reads the manifest of an image's directory; it must call itself as the directory is called.
result<Manifest> read_manifest_of(const std::string& image);

/// Writes it, whole or not at all, and waits until the disk has it.
result<void> write_manifest_of(const std::string& image, const Manifest& manifest);

/// Names of the images in a store, sorted. Directories only.
std::vector<std::string> image_names(const std::string& store);

/// A name for something that comes or goes, unique among live processes:
/// "<prefix><pid>-<n>-<name>".
std::string passing_name(std::string_view prefix, const std::string& name);

/// Waits until the disk has a file's or directory's contents.
result<void> sync_path(const std::string& path);

/// Removes a directory of the store; files in it may be read-only.
result<void> remove_tree(const std::string& path);

}  // namespace rundown::image
