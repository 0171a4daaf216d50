// SPDX-License-Identifier: MIT
// agent/win32/update_operations.cpp
//
// The agent replaced by a file that was put before.
#include "agent/win32/update.hpp"

#include <windows.h>

#include "agent/win32/agent.hpp"
#include "agent/win32/answer.hpp"
#include "agent/win32/file_store.hpp"
#include "agent/win32/log.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/service.hpp"
#include "agent/win32/system_facts.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

const char *const kAgentVersion = "rundown-agent 0.1.0";

namespace
{

constexpr DWORD kTrialMs = 20000, kHandOverMs = 60000;

std::wstring
old_path()
{
    return own_path() + L".old";
}

/// Starts a program. False, and an error: it could not.
bool
start_program(const std::wstring &path, const std::string &arguments, Handle *process)
{
    std::wstring line = widen(quoted(narrow(path)) + " " + arguments);
    STARTUPINFOW startup = {};
    startup.cb = sizeof startup;
    PROCESS_INFORMATION made;
    if (!CreateProcessW(
            path.c_str(),
            line.data(),
            nullptr,
            nullptr,
            FALSE,
            CREATE_NO_WINDOW,
            nullptr,
            nullptr,
            &startup,
            &made))
        return false;
    CloseHandle(made.hThread);
    *process->receive() = made.hProcess;
    return true;
}

/// Does the file run here, and end well when it is asked for its version?
bool
passes_trial(const std::wstring &path, Response &response)
{
    Handle process;
    if (!start_program(path, "--version", &process)) {
        refuse_error(response, GetLastError(), "the new agent does not start");
        return false;
    }
    DWORD code = 1;
    if (WaitForSingleObject(process.get(), kTrialMs) != WAIT_OBJECT_0) {
        TerminateProcess(process.get(), 1);
        refuse_plainly(
            response, kStatusIoTimeout, "the new agent does not end when asked its version");
        return false;
    }
    GetExitCodeProcess(process.get(), &code);
    if (code)
        refuse_plainly(
            response,
            kStatusInvalidImage,
            format("the new agent ended with %lu when asked its version", code));
    return code == 0;
}

/// The machine field of a file's PE header; 0: none.
uint16_t
machine_of(const std::wstring &path)
{
    const Handle file(CreateFileW(
        path.c_str(),
        GENERIC_READ,
        FILE_SHARE_READ | FILE_SHARE_DELETE,
        nullptr,
        OPEN_EXISTING,
        0,
        nullptr));
    uint8_t bytes[4096];
    DWORD count = 0;
    if (!file || !ReadFile(file.get(), bytes, sizeof bytes, &count, nullptr))
        return 0;
    return pe_machine(bytes, count);
}

/// The new file under the running program's name; the old one moved away.
bool
put_in_place(const std::wstring &from, Response &response)
{
    const std::wstring own = own_path();
    if (!MoveFileExW(own.c_str(), old_path().c_str(), MOVEFILE_REPLACE_EXISTING)) {
        refuse_error(response, GetLastError(), "the running agent could not be moved away");
        return false;
    }
    if (CopyFileW(from.c_str(), own.c_str(), FALSE))
        return true;
    refuse_error(response, GetLastError(), "the new agent could not be put in place");
    MoveFileExW(old_path().c_str(), own.c_str(), MOVEFILE_REPLACE_EXISTING);
    return false;
}

/// Starts the successor, which waits for this process's end, and makes room.
void
hand_over()
{
    std::string arguments = is_service() ? "--service" : "--console";
    arguments += format(" --successor-of %lu", static_cast<unsigned long>(GetCurrentProcessId()));
    for (const std::string &argument : arguments_of(served_options()))
        arguments += " " + quoted(argument);
    Handle process;
    if (start_program(own_path(), arguments, &process)) {
        log_notable("a new agent takes over", false);
        send_log_event("a new agent takes over");
        return make_room();
    }
    const std::string line = "the new agent does not start: " + error_text(GetLastError());
    MoveFileExW(old_path().c_str(), own_path().c_str(), MOVEFILE_REPLACE_EXISTING);
    log_notable(line, true);
    send_log_event(line);
}

void
agent_update(void *, const Request &request, Response &response)
{
    const std::wstring path = stored_path(request.op.agent_update.file);
    if (path.empty())
        return refuse_plainly(response, kStatusObjectNameInvalid, "that is no name of a file");
    if (GetFileAttributesW(path.c_str()) == INVALID_FILE_ATTRIBUTES)
        return refuse_error(response, GetLastError(), "there is no such file");
    if (machine_of(path) != machine_of(own_path()))
        return refuse_plainly(
            response, kStatusInvalidImage, "the file is no program for this agent's architecture");
    if (!passes_trial(path, response) || !put_in_place(path, response))
        return;
    if (!after_the_answer(hand_over))
        refuse_plainly(response, agent::kStatusInsufficientResources, "no memory for a thread");
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_agent_update_tag, agent::kBlocks, agent_update},
};

} // namespace

bool
succeed(const Options &options)
{
    const Handle predecessor(OpenProcess(SYNCHRONIZE, FALSE, options.predecessor));
    if (predecessor && WaitForSingleObject(predecessor.get(), kHandOverMs) != WAIT_OBJECT_0) {
        log_notable("the old agent does not end", true);
        return false;
    }
    if (options.mode != Mode::service)
        return true;
    DWORD error = 0;
    for (int attempt = 0; attempt < 40; ++attempt) { // until the manager has noticed its end
        error = start_installed_service();
        if (!error || error == ERROR_SERVICE_ALREADY_RUNNING)
            return true;
        Sleep(500);
    }
    log_notable("the service could not be started again: " + error_text(error), true);
    return false;
}

OperationTable
update_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
