// SPDX-License-Identifier: MIT
#include "guest/held_file_io.hpp"

#include "guest/hypervisor_state_io.hpp"

namespace rundown::guest {

result<HeldFile> HeldFile::claim(Hypervisor& hypervisor, const std::string& path) {
    Hypervisor::State& host = hypervisor.state();
    RUNDOWN_TRY(host.registry->hold({ResourceKind::file, path, {}}));
    return HeldFile(host.weak_from_this(), path);
}

HeldFile& HeldFile::operator=(HeldFile&& other) noexcept {
    if (this == &other)
        return *this;
    HeldFile gone(std::move(*this));  // Removes what this one held.
    host_ = std::move(other.host_);
    path_ = std::exchange(other.path_, {});
    return *this;
}

HeldFile::~HeldFile() {
    if (path_.empty())
        return;
    if (const auto host = host_.lock(); host && host->registry)
        host->registry->release({ResourceKind::file, path_, {}});
}

void HeldFile::keep() {
    if (path_.empty())
        return;
    if (const auto host = host_.lock(); host && host->registry)
        host->registry->forget({ResourceKind::file, path_, {}});
    path_.clear();
}

}  // namespace rundown::guest
