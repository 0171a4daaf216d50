// SPDX-License-Identifier: MIT
// run/guest_home_io.hpp
//
// Where an invocation's guests come from: the reference guest as it was built, or an image of the
// store; and what is known of such a guest before it boots.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/manifest.hpp"
#include "oracle/divergence.hpp"
#include "run/assets.hpp"
#include "run/capabilities.hpp"
#include "run/driver_file.hpp"
#include "run/guest_kind.hpp"

namespace rundown::run {

struct GuestHome {
    GuestChoice choice;
    GuestCapabilities capabilities;
    std::string arch = "x86-64";              // As the agent's hello names it.
    std::optional<image::Manifest> manifest;  // Of an image of the store.
    std::vector<oracle::Divergence> divergences;

    bool is_ours() const { return choice.family == GuestFamily::reference; }
    /// The run's words for the kernel's command line reach it, and it leaves its last words on the
    /// debug port.
    bool takes_kernel_words() const { return is_ours(); }
    /// The guest's kernel makes the trace's ring in the window before anything else runs.
    bool traces_from_boot() const { return is_ours() && !choice.from_store; }
};

/// Looks the image up: refused with a sentence before anything boots when it is not there, is
/// damaged or was made with another recipe. Reads the declared divergences.
result<GuestHome> open_home(const GuestChoice& choice, const Assets& assets);

/// What the manifest tells of the guest, over what its kind does. Pure.
void learn_from(const image::Manifest& manifest, GuestHome& home);

/// The driver under test for that guest's architecture: the built one, or the person's, which must
/// be of that architecture.
result<DriverFile> read_driver_for(
    const GuestHome& home, const Assets& assets, const std::string& path
);

}  // namespace rundown::run
