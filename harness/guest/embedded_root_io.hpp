// SPDX-License-Identifier: MIT
// guest/embedded_root_io.hpp
//
// The directory that libvirt's embedded QEMU driver lives in: its configuration, and its knowledge
// of QEMU. That knowledge takes libvirt seconds to gather (it runs QEMU and asks it about
// everything), so it is carried over from run to run through the cache directory; libvirt itself
// notices when it is stale. Blocking file I/O, small files.
#pragma once

#include <string>

#include "base/result.hpp"

namespace rundown::guest {

/// The text of qemu.conf. As root, QEMU runs as root: dropping to another user would put /dev/kvm
/// out of its reach on machines where it is root's, and libvirt would throw away its capabilities
/// at each call.
std::string qemu_conf(bool as_root);

/// Makes the directories and the configuration below `root`. May be called again on the same root.
result<void> prepare_embedded_root(const std::string& root, bool as_root);

/// Copies capabilities from the cache into the root. A cache that cannot be read only costs time.
void restore_capabilities(const std::string& cache, const std::string& root);

/// Copies capabilities that are new or different from the root into the cache; each file appears
/// whole or not at all, however many processes do so at once. A cache that cannot be written only
/// costs time. Gives back the files copied.
int save_capabilities(const std::string& root, const std::string& cache);

}  // namespace rundown::guest
