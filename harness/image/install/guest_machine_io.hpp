// SPDX-License-Identifier: MIT
// image/install/guest_machine_io.hpp
//
// InstallMachine by QEMU: a guest::Guest whose NICs lead nowhere. With Asio.
#pragma once

#include <memory>

#include "guest/guest_io.hpp"
#include "guest/hypervisor_io.hpp"
#include "image/install/machine_io.hpp"

namespace rundown::image {

/// Starts a guest for an installation. Frames its NICs send are read and thrown away: a NIC that
/// stalls would look like a fault of its driver. `hypervisor` must outlive the machine. Errors: as
/// Guest::start().
boost::asio::awaitable<result<std::unique_ptr<InstallMachine>>> start_guest_machine(
    guest::Hypervisor& hypervisor, guest::GuestSpec spec, Deadline deadline
);

}  // namespace rundown::image
