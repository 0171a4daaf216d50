// SPDX-License-Identifier: MIT
// guest/host_identity_io.hpp
//
// What accelerator.hpp wants to know of this machine: who it is, whether /dev/kvm opens, what was
// remembered. Blocking, quick.
#pragma once

#include <optional>
#include <string>

#include "guest/accelerator.hpp"

namespace rundown::guest {

/// `qemu`: QEMU's version, as the asker knows it.
HostIdentity host_identity(const std::string& qemu);

/// Why /dev/kvm cannot be used, as half a sentence; empty when it opens and answers as KVM's API
/// version 12.
std::string kvm_unusable();

/// The answer remembered in the cache directory, if it is of this host.
std::optional<AcceleratorChoice> remembered_accelerator(
    const std::string& cache, const HostIdentity& host
);

/// Remembers; a cache that cannot be written only costs time.
void remember_accelerator(
    const std::string& cache, const HostIdentity& host, const AcceleratorChoice& choice
);

}  // namespace rundown::guest
