// SPDX-License-Identifier: MIT
// guest/hypervisor_io.hpp
//
// The connection to libvirt: by default its QEMU driver inside this process (no daemon), its state
// under a directory of this process's own. libvirt's calls block, so they run on one worker thread;
// its events come on the Asio loop. One Hypervisor at a time in a process, and in embedded mode
// always with the same loop directory: libvirt keeps the embedded driver until the process ends.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "guest/places.hpp"
#include "guest/run_registry_io.hpp"

struct _virConnect;

namespace rundown::guest {

class Worker;

struct HypervisorOptions {
    std::string uri;       // Empty: embedded. Else a libvirt on this machine, e.g. qemu:///system.
    std::string emulator;  // Name or path of QEMU; empty: qemu-system-x86_64 from PATH.
    Places places = Places::of_this_process();
};

class Hypervisor {
  public:
    /// Removes what killed runs left, registers this run, connects. Errors: environment (QEMU,
    /// libvirt or a directory is missing, with the package's name), hypervisor, timeout.
    static boost::asio::awaitable<result<std::unique_ptr<Hypervisor>>> open(
        HypervisorOptions options, Deadline deadline
    );

    Hypervisor(const Hypervisor&) = delete;
    Hypervisor& operator=(const Hypervisor&) = delete;
    /// Disconnects and removes the runtime directory. Guests must be gone.
    ~Hypervisor();

    bool embedded() const;
    const std::string& uri() const;
    const std::string& emulator() const;  // Full path of QEMU.
    /// "9.0.0" and "7.2.22".
    const std::string& libvirt_version() const;
    const std::string& qemu_version() const;
    const Places& places() const;
    /// Calls of libvirt that somebody on the loop waits for. On the loop.
    std::size_t calls_under_way() const;

    // For guest_io.cpp.
    struct State;
    State& state() { return *state_; }

  private:
    explicit Hypervisor(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace rundown::guest
