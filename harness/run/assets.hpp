// SPDX-License-Identifier: MIT
// run/assets.hpp
//
// Where the built things are that a run needs: the guest's boot files, the driver under test, the
// scenario files.
#pragma once

#include <string>

#include "base/result.hpp"

namespace rundown::run {

struct Assets {
    std::string directory;  // Directory of the program (build/), or $RUNDOWN_ASSETS.
    std::string boot_elf;
    std::string initrd;
    std::string driver;       // The conforming protocol5.sys,
    std::string driver_i386;  // and the same for 32-bit guests.
    std::string scenarios;
    std::string divergences;  // guest-images/divergences.toml, beside the program.
    std::string packages;  // Drivers with INF, catalog and signature, a directory an architecture.
};

/// Paths only; nothing is checked to exist.
Assets locate_assets();
/// Those in a directory.
Assets assets_in(const std::string& directory);

/// Fails (environment) naming the first file that is missing and `make build`.
result<void> check_boot_files(const Assets& assets);

}  // namespace rundown::run
