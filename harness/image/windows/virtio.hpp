// SPDX-License-Identifier: MIT
// image/windows/virtio.hpp
//
// Finding a driver on a virtio-win CD: <driver>/<system>/<architecture>/, as in
// NetKVM/w10/amd64/netkvm.inf. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "image/manifest.hpp"
#include "image/windows/systems.hpp"

namespace rundown::image::windows {

struct VirtioDriver {
    std::string name;                // "NetKVM"
    std::string folder;              // On the CD, as spelt there.
    std::string inf;                 // Its INF's file name.
    std::vector<std::string> files;  // Paths on the CD, INF among them; no symbol files.
};

/// Every driver the machine needs is found or the error (usage) says which is not; of those only
/// `useful` the missing are left out. `files`: every file of the CD. `cd`: what errors call it.
result<std::vector<VirtioDriver>> find_virtio_drivers(
    const std::vector<std::string>& files,
    const std::string& cd,
    const WindowsSystem& system,
    Arch arch,
    const std::vector<std::string>& needed,
    const std::vector<std::string>& useful
);

}  // namespace rundown::image::windows
