// SPDX-License-Identifier: MIT
// selftest/one_guest_io.hpp
//
// One guest from its start to its end, and what came of it. With Asio.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "base/stop_request.hpp"
#include "guest/guest_io.hpp"
#include "guest/hypervisor_io.hpp"
#include "selftest/provocation.hpp"
#include "selftest/report.hpp"

namespace rundown::selftest {

/// Boots a guest that tests itself, and waits until it has powered off. A guest that hangs is asked
/// what it is doing first, so that its evidence says so.
boost::asio::awaitable<std::vector<Outcome>> test_guest(
    guest::Hypervisor& hypervisor, guest::GuestSpec spec, StopRequest& stop
);

/// Boots a guest that commits a crime, and judges how it took it into `outcome`.
boost::asio::awaitable<void> provoke_guest(
    guest::Hypervisor& hypervisor,
    guest::GuestSpec spec,
    const Provocation& provocation,
    StopRequest& stop,
    Outcome& outcome
);

}  // namespace rundown::selftest
