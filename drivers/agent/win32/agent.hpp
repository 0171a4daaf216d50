// SPDX-License-Identifier: MIT
// agent/win32/agent.hpp
//
// The RPC server core at home in a Win32 process: port, workers, operations.
#pragma once
#include <windows.h>

#include <string>

#include "agent/core/home.hpp"
#include "agent/win32/options.hpp"

namespace rundown::win32
{

/// Serves until `stop` is signalled, or the agent is to make room for its successor. A port that
/// is not there is waited for. Exit code of the process. Once.
int serve(const Options &options, HANDLE stop);

/// Has action() called on a thread of its own once the answer to the request has left, or a moment
/// has passed. False: no thread could be made.
bool after_the_answer(void (*action)());

/// Tells the host, unasked, that the system is about to go, and why.
void announce_end(const char *why);
/// Tells the host something a person should read.
void send_log_event(const std::string &line);
/// Answers nothing from now on (tests of the host).
void fall_silent();
/// Waits until what was said has left.
void drain_line();
/// Ends serve(): a successor waits for the end of this process.
void make_room();

/// The options serve() was called with.
const Options &served_options();

} // namespace rundown::win32
