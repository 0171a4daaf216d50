// SPDX-License-Identifier: MIT
// io/selftest_driver.hpp
//
// selftest.sys (folder selftest/): the exports as a driver meets them, and crimes committed on purpose.
#pragma once

namespace io {

/// With provoke=NAME on the command line: loads selftest.sys, which commits that crime, unloads it, gives what it left behind time to
/// run, says that the guest has survived, and powers off. False: no provoke=. PASSIVE_LEVEL, before any service.
bool provoke();

/// The last self-tests, selftest.sys's own; then "selftest: complete" and the power goes off. PASSIVE_LEVEL.
void finish_selftest();
/// With provoke=ndis_NAME, when ndis.sys and the devices are up: ndistest.sys commits that crime, and the guest is powered off if
/// it survives. PASSIVE_LEVEL.
void provoke_ndis();

}  // namespace io
