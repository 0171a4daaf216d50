// SPDX-License-Identifier: MIT
// image/store_directory.cpp
//
// Where the store is. Pure.
#include "image/store.hpp"

namespace rundown::image {

std::string choose_store_directory(
    const std::function<std::optional<std::string>(const char*)>& environment
) {
    const auto given = environment("RUNDOWN_IMAGES");
    if (given && !given->empty()) {
        return *given;
    }
    // The XDG base directory specification: a relative path there is to be ignored.
    const auto data = environment("XDG_DATA_HOME");
    if (data && data->starts_with('/')) {
        return *data + "/rundown/images";
    }
    const auto home = environment("HOME");
    return (home && home->starts_with('/') ? *home : std::string("/var/tmp")) +
           "/.local/share/rundown/images";
}

}  // namespace rundown::image
