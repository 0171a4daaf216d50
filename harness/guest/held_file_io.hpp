// SPDX-License-Identifier: MIT
// guest/held_file_io.hpp
//
// A throw-away file that goes with whoever holds it: registered before it is made, removed with
// the HeldFile, and by the guardian or the next run should this process be killed. Overlays above
// all.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "guest/hypervisor_io.hpp"

namespace rundown::guest {

class HeldFile {
  public:
    /// Claims `path`, which need not exist yet; its last part is "rundown-tmp-..." (see
    /// throw_away_path()), "overlay.qcow2" or "vars.fd". Errors: internal (another name),
    /// environment (the registry cannot be written).
    static result<HeldFile> claim(Hypervisor& hypervisor, const std::string& path);

    HeldFile() = default;
    HeldFile(HeldFile&& other) noexcept
        : host_(std::move(other.host_)), path_(std::exchange(other.path_, {})) {}
    HeldFile& operator=(HeldFile&& other) noexcept;
    /// Removes the file. After the Hypervisor's end it has been removed already.
    ~HeldFile();

    const std::string& path() const { return path_; }
    /// Lets go of the file without removing it.
    void keep();

  private:
    HeldFile(std::weak_ptr<Hypervisor::State> host, std::string path)
        : host_(std::move(host)), path_(std::move(path)) {}
    std::weak_ptr<Hypervisor::State> host_;
    std::string path_;
};

}  // namespace rundown::guest
