// SPDX-License-Identifier: MIT
// image/install/power_off_io.hpp
//
// The last thing a recipe asks of the agent.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "rpc/client_io.hpp"

namespace rundown::image {

/// Asks for power off; true when the guest has taken it, not when it is off. Errors: timeout,
/// lost_contact, refused (with the guest's words).
boost::asio::awaitable<result<void>> ask_for_power_off(rpc::Client& client);

}  // namespace rundown::image
