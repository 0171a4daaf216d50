// SPDX-License-Identifier: MIT
// guest/accelerator_io.hpp
//
// Performs what accelerator.hpp decides: boots a guest under KVM, reads and writes the remembered
// answer. With Asio.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/deadline.hpp"
#include "guest/accelerator.hpp"
#include "guest/hypervisor_io.hpp"

namespace rundown::guest {

inline constexpr Milliseconds kKvmProofTime{
    3000};  // KVM that works needs about 100 ms to the guest's first byte.

/// The accelerator for this host. `proof` is a guest that writes to the debug console as it boots:
/// its kernel, initrd, command line and directory are used. Errors: environment (KVM was demanded
/// and cannot be), hypervisor.
boost::asio::awaitable<result<AcceleratorChoice>> choose_accelerator(
    Hypervisor& hypervisor, AcceleratorWish wish, GuestSpec proof, Deadline deadline
);

}  // namespace rundown::guest
