// SPDX-License-Identifier: MIT
// image/media/media_reader.hpp
//
// The inside of a MediaImage: its bytes, the file system chosen, what was listed already. For the
// folder's own sources.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "image/media/file_system.hpp"
#include "image/media/media.hpp"

namespace rundown::image {

struct MediaImage::Reader {
    std::unique_ptr<ByteSource> source;
    std::unique_ptr<FileSystem> file_system;
    VolumeDescriptors descriptors;
    std::map<std::string, std::vector<MediaNode>> listings;  // By folded path; never forgotten.

    /// Chooses the file system. The error of what is no CD image says what it looks like.
    result<void> open();
    /// What is in a directory, listed once.
    result<const std::vector<MediaNode>*> nodes_of(
        const std::string& folded, const MediaNode& directory
    );
    /// The node of a path; null when there is none.
    result<const MediaNode*> find(const std::string& path);
};

}  // namespace rundown::image
