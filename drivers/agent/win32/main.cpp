// SPDX-License-Identifier: MIT
// agent/win32/main.cpp
//
// rundown-agent.exe: a service, and a console program.
#include <windows.h>

#include "agent/win32/agent.hpp"
#include "agent/win32/log.hpp"
#include "agent/win32/service.hpp"
#include "agent/win32/system.hpp"
#include "agent/win32/text.hpp"
#include "agent/win32/update.hpp"

namespace rundown::win32
{

namespace
{

HANDLE console_stop;

void
print(DWORD where, const std::string &text)
{
    DWORD written;
    const DWORD bytes = static_cast<DWORD>(text.size());
    WriteFile(GetStdHandle(where), text.data(), bytes, &written, nullptr);
}

BOOL WINAPI
handle_console(DWORD)
{
    SetEvent(console_stop);
    return TRUE;
}

int
run_console(const Options &options)
{
    log_to_console();
    console_stop = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    SetConsoleCtrlHandler(handle_console, TRUE);
    return serve(options, console_stop);
}

/// The command line taken apart as CommandLineToArgvW does (shell32 is not needed for it).
std::vector<std::string>
arguments_in(const std::wstring &line)
{
    std::vector<std::string> arguments;
    std::wstring argument;
    bool is_quoted = false, is_begun = false;
    for (size_t i = 0; i < line.size(); ++i) {
        size_t backslashes = 0;
        while (i < line.size() && line[i] == L'\\') {
            ++backslashes;
            ++i;
        }
        const bool at_quote = i < line.size() && line[i] == L'"';
        argument.append(at_quote ? backslashes / 2 : backslashes, L'\\');
        is_begun = is_begun || backslashes || at_quote;
        if (i >= line.size())
            break;
        if (at_quote && backslashes % 2 == 0) {
            is_quoted = !is_quoted;
        } else if ((line[i] == L' ' || line[i] == L'\t') && !is_quoted) {
            if (is_begun)
                arguments.push_back(narrow(argument));
            argument.clear();
            is_begun = false;
        } else {
            argument += line[i];
            is_begun = true;
        }
    }
    if (is_begun)
        arguments.push_back(narrow(argument));
    if (!arguments.empty())
        arguments.erase(arguments.begin()); // the program
    return arguments;
}

int
run(const Options &options)
{
    if (options.mode == Mode::version) {
        print(STD_OUTPUT_HANDLE, kAgentVersion + std::string("\r\n"));
        return 0;
    }
    if (options.mode == Mode::help || !options.error.empty()) {
        print(STD_ERROR_HANDLE, (options.error.empty() ? "" : options.error + "\n") + kUsage);
        return 2;
    }
    const std::wstring beside = folder_of(own_path()) + L"\\rundown-agent.log";
    open_log(options.log.empty() ? beside : widen(options.log));
    system_version();
    if (options.predecessor && !succeed(options))
        return 1;
    switch (options.mode) {
    case Mode::install:
        return install_service(options);
    case Mode::remove:
        return remove_service();
    case Mode::service:
        return options.predecessor ? 0 : run_service(options);
    default:
        return run_console(options);
    }
}

} // namespace

} // namespace rundown::win32

int
main()
{
    using namespace rundown::win32;
    // No box that waits for somebody to press a button.
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    // ExitProcess does not wait for threads that are stuck in a driver.
    ExitProcess(static_cast<UINT>(run(parse_options(arguments_in(GetCommandLineW())))));
}
