// SPDX-License-Identifier: MIT
// agent/win32/log.hpp
//
// What the agent has to say of itself: a file beside it that stays small (the last half of a
// megabyte, in two files), the debugger, and, what a person should find, the event log.
#pragma once
#include <string>

namespace rundown::win32
{

/// Where lines go from now on; a file that cannot be written is done without.
void open_log(const std::wstring &file);
/// Also to standard output (--console).
void log_to_console();

/// One line, with the time. Any thread.
void log_line(const std::string &line);
/// And in the system's event log: the service began, ended, cannot do its work.
void log_notable(const std::string &line, bool is_error);

} // namespace rundown::win32
