// SPDX-License-Identifier: MIT
// guest/places.hpp
//
// Where things of this project live on a machine: short-lived ones (sockets, registries) in the
// runtime directory, answers worth keeping (libvirt's capabilities of QEMU, the accelerator) in the
// cache directory.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace rundown::guest {

struct Places {
    std::string runtime;  // One subdirectory a live process: see run_registry_io.hpp. Short:
                          // sockets live below it.
    std::string cache;    // May be deleted at any time.

    /// From $XDG_RUNTIME_DIR, $XDG_CACHE_HOME, $HOME and the user id.
    static Places of_this_process();
};

using Environment = std::function<std::optional<std::string>(const char* name)>;

/// The rule behind of_this_process(). $XDG_RUNTIME_DIR is passed over when it is so long that
/// libvirt's sockets below it would not fit in a socket address.
Places choose_places(const Environment& environment, unsigned user_id);

/// Makes `path` and its parents, for this user only, and proves that it is ours: a directory, owned
/// by us, that nobody else can write to. (In /tmp somebody else may have been first.)
result<void> make_private_directory(const std::string& path);

}  // namespace rundown::guest
