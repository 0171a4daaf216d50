// SPDX-License-Identifier: MIT
#include "agent/win32/options.hpp"

#include <stddef.h>

namespace rundown::win32
{

const char *const kUsage =
    "rundown-agent: serves the host of rundown over a COM port\n"
    "  --console             serve until Ctrl-C\n"
    "  --install [--start]   install the service, started with the system; start it now\n"
    "  --remove              stop and remove the service\n"
    "  --version             print the version\n"
    "  --port NAME           COM1 where not told\n"
    "  --files FOLDER        of files put by the host; %SystemRoot%\\Temp\\rundown where not told\n"
    "  --log FILE            rundown-agent.log beside the program where not told\n";

namespace
{

bool
is_port_name(const std::string &name)
{
    if (name.empty() || name.size() > 32)
        return false;
    for (const char c : name) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

uint32_t
number_in(const std::string &text)
{
    uint64_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9')
            return 0;
        number = number * 10 + static_cast<uint64_t>(c - '0');
        if (number > UINT32_MAX)
            return 0;
    }
    return static_cast<uint32_t>(number);
}

bool
set_mode(Options &options, const std::string &argument)
{
    struct Name {
        const char *text;
        Mode mode;
    };
    constexpr Name kModes[] = {
        {"--console", Mode::console},
        {"--service", Mode::service},
        {"--install", Mode::install},
        {"--remove", Mode::remove},
        {"--version", Mode::version},
        {"--help", Mode::help},
    };
    for (const Name &name : kModes) {
        if (argument != name.text)
            continue;
        if (options.mode != Mode::help && options.mode != name.mode)
            options.error = argument + " and another mode were given";
        options.mode = name.mode;
        return true;
    }
    return false;
}

void
set_value(Options &options, const std::string &name, const std::string &value)
{
    if (name == "--port") {
        if (!is_port_name(value))
            options.error = "\"" + value + "\" is no name of a COM port";
        options.port = value;
    } else if (name == "--files") {
        options.files = value;
    } else if (name == "--log") {
        options.log = value;
    } else if (name == "--successor-of") {
        options.predecessor = number_in(value);
        if (!options.predecessor)
            options.error = "\"" + value + "\" is no process id";
    } else {
        options.error = "unknown option " + name;
    }
    if (value.empty() && name.rfind("--", 0) == 0 && options.error.rfind("unknown", 0) != 0)
        options.error = name + " needs a value";
}

} // namespace

Options
parse_options(const std::vector<std::string> &arguments)
{
    Options options;
    for (size_t i = 0; i < arguments.size() && options.error.empty(); ++i) {
        if (set_mode(options, arguments[i]))
            continue;
        if (arguments[i] == "--start") {
            options.starts_now = true;
            continue;
        }
        const bool has_value = i + 1 < arguments.size();
        set_value(options, arguments[i], has_value ? arguments[i + 1] : "");
        ++i;
    }
    if (options.error.empty() && options.starts_now && options.mode != Mode::install)
        options.error = "--start goes with --install";
    return options;
}

std::vector<std::string>
arguments_of(const Options &options)
{
    std::vector<std::string> arguments = {"--port", options.port};
    if (!options.files.empty())
        arguments.insert(arguments.end(), {"--files", options.files});
    if (!options.log.empty())
        arguments.insert(arguments.end(), {"--log", options.log});
    return arguments;
}

std::string
quoted(const std::string &argument)
{
    if (!argument.empty() && argument.find_first_of(" \t\"") == std::string::npos)
        return argument;
    std::string text = "\"";
    size_t backslashes = 0;
    for (const char c : argument) {
        if (c == '"')
            text.append(backslashes + 1, '\\'); // each doubled, and one for the quote
        backslashes = c == '\\' ? backslashes + 1 : 0;
        text += c;
    }
    return text.append(backslashes, '\\') + "\"";
}

} // namespace rundown::win32
