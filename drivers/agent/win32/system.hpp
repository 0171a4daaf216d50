// SPDX-License-Identifier: MIT
// agent/win32/system.hpp
//
// The system the agent finds itself in.
#pragma once
#include <stdint.h>

#include "agent/core/messages.hpp"
#include "agent/win32/system_facts.hpp"

namespace rundown::win32
{

/// Learned once. Any thread.
const SystemVersion &system_version();

/// Drawn once in a session of the system's, kept in a key of the registry that ends with it.
uint64_t boot_id();

/// What Hello tells.
void describe_system(agent::Hello &hello);

/// Enables a privilege of the process's ("SeShutdownPrivilege"). 0, or a Win32 error.
uint32_t enable_privilege(const wchar_t *name);

} // namespace rundown::win32
