// SPDX-License-Identifier: MIT
// agent/win32/service.hpp
//
// The agent as a service: installed, removed, run by the service control manager.
#pragma once
#include "agent/win32/options.hpp"

namespace rundown::win32
{

constexpr wchar_t kServiceName[] = L"rundown-agent";

/// Exit codes of the process; what went wrong is on standard error and in the log.
int install_service(const Options &options);
int remove_service();
/// Connects to the service control manager and serves until it says stop.
int run_service(const Options &options);

/// Starts the service, once its last process has ended. 0, or a Win32 error.
unsigned long start_installed_service();

/// Is this process the service?
bool is_service();

} // namespace rundown::win32
