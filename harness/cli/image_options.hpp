// SPDX-License-Identifier: MIT
// cli/image_options.hpp
//
// The options of `rundown image build|list|verify|remove`. Only shapes are checked here; what the
// words mean is judged by image::check().
#pragma once

#include <string>

#include "image/build.hpp"

namespace CLI {
class App;
}

namespace rundown::cli {

struct Options;

struct ImageOptions {
    image::BuildRequest build;
    std::string name;  // verify, remove.
    bool all = false;  // verify --all.
};

/// Adds `image` and its commands to the program's.
void add_image(CLI::App& app, Options& options);

}  // namespace rundown::cli
