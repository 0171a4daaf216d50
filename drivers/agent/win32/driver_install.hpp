// SPDX-License-Identifier: MIT
// agent/win32/driver_install.hpp
//
// A driver installed as the host wants it: its image, its service, its Parameters, its Linkage.
#pragma once
#include "agent/win32/answer.hpp"

namespace rundown::win32
{

/// Replaces what an earlier installation of the service has left. The service's name has been
/// checked. A refusal, or (value 1) the system has to be restarted first; the message says why a
/// protocol that came with an INF was installed plainly.
void install_driver(const rundown_rpc_DriverInstall &wanted, Response &response);

} // namespace rundown::win32
