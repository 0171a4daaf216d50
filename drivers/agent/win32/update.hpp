// SPDX-License-Identifier: MIT
// agent/win32/update.hpp
//
// A new agent takes the place of the running one, under its name: proven to run before, waits for
// the old one's end, and the old one stays beside it as rundown-agent.exe.old.
#pragma once
#include "agent/win32/options.hpp"

namespace rundown::win32
{

/// What --version prints.
extern const char *const kAgentVersion;

/// The new agent's first act: waits for the old one to end; where that was the service, starts the
/// service, in which the new program then runs. False: it could not.
bool succeed(const Options &options);

} // namespace rundown::win32
