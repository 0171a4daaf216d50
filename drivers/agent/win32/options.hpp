// SPDX-License-Identifier: MIT
// agent/win32/options.hpp
//
// The command line of rundown-agent.exe. Pure.
#pragma once
#include <stdint.h>

#include <string>
#include <vector>

namespace rundown::win32
{

enum class Mode {
    help,    // Nothing was asked for: the usage.
    console, // Serves until Ctrl-C.
    service, // Started by the service control manager.
    install, // Installs the service.
    remove,  // Stops and removes it.
    version, // Prints the version.
};

struct Options {
    Mode mode = Mode::help;
    std::string port = "COM1";
    std::string files;        // Folder of files put; empty: %SystemRoot%\Temp\rundown.
    std::string log;          // Empty: beside the program.
    bool starts_now = false;  // --install --start.
    uint32_t predecessor = 0; // --successor-of: the process whose end is awaited first.
    std::string error;        // What is wrong with the command line; empty: nothing.
};

/// `arguments`: without the program's name.
Options parse_options(const std::vector<std::string> &arguments);

/// What the service, or a successor, is started with to do the same: "--port COM2 ...".
std::vector<std::string> arguments_of(const Options &options);

/// One argument as CommandLineToArgvW takes it apart again.
std::string quoted(const std::string &argument);

extern const char *const kUsage;

} // namespace rundown::win32
