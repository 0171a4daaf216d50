// SPDX-License-Identifier: MIT
#include "agent/win32/service.hpp"

#include <windows.h>

#include "agent/win32/agent.hpp"
#include "agent/win32/log.hpp"
#include "agent/win32/service_manager.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

Options options;
HANDLE stop;
SERVICE_STATUS_HANDLE status_handle;
bool runs_as_service;
int exit_code;

int
complain(const char *what, DWORD error)
{
    const std::string line = format(
        "%s: %s (error %lu)", what, error_text(error).c_str(), static_cast<unsigned long>(error));
    log_notable(line, true);
    DWORD written;
    const std::string text = line + "\r\n";
    WriteFile(
        GetStdHandle(STD_ERROR_HANDLE),
        text.data(),
        static_cast<DWORD>(text.size()),
        &written,
        nullptr);
    return 1;
}

std::wstring
command_line()
{
    std::string line = quoted(narrow(own_path())) + " --service";
    for (const std::string &argument : arguments_of(options))
        line += " " + quoted(argument);
    return widen(line);
}

/// A service that crashes comes back after a second, always.
void
set_failure_actions(SC_HANDLE service)
{
    SC_ACTION restart[] = {
        {SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 1000}};
    SERVICE_FAILURE_ACTIONSW actions = {};
    actions.dwResetPeriod = 60;
    actions.cActions = 3;
    actions.lpsaActions = restart;
    if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &actions))
        log_line(
            "the service will not be restarted when it crashes: " + error_text(GetLastError()));
}

void
tell_status(DWORD state, DWORD controls)
{
    SERVICE_STATUS status = {};
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    status.dwControlsAccepted = controls;
    status.dwWaitHint = 5000;
    SetServiceStatus(status_handle, &status);
}

DWORD WINAPI
handle_control(DWORD control, DWORD, void *, void *)
{
    if (control == SERVICE_CONTROL_INTERROGATE)
        return NO_ERROR;
    if (control != SERVICE_CONTROL_STOP && control != SERVICE_CONTROL_SHUTDOWN)
        return ERROR_CALL_NOT_IMPLEMENTED;
    tell_status(SERVICE_STOP_PENDING, 0);
    if (control == SERVICE_CONTROL_SHUTDOWN)
        announce_end("shutdown");
    else
        send_log_event("the agent is stopped");
    SetEvent(stop);
    return NO_ERROR;
}

void WINAPI
service_main(DWORD, wchar_t **)
{
    status_handle = RegisterServiceCtrlHandlerExW(kServiceName, handle_control, nullptr);
    if (!status_handle) {
        exit_code = complain("the control handler could not be registered", GetLastError());
        return;
    }
    tell_status(SERVICE_RUNNING, SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN);
    exit_code = serve(options, stop);
    tell_status(SERVICE_STOPPED, 0);
}

} // namespace

int
install_service(const Options &wanted)
{
    options = wanted;
    const ServiceHandle manager(
        OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE));
    if (!manager)
        return complain("the service control manager cannot be opened", GetLastError());
    ServiceHandle service(OpenServiceW(manager.get(), kServiceName, SERVICE_ALL_ACCESS));
    const std::wstring command = command_line();
    if (service) {
        if (!ChangeServiceConfigW(
                service.get(),
                SERVICE_WIN32_OWN_PROCESS,
                SERVICE_AUTO_START,
                SERVICE_ERROR_NORMAL,
                command.c_str(),
                nullptr,
                nullptr,
                nullptr,
                nullptr,
                nullptr,
                nullptr))
            return complain("the service could not be changed", GetLastError());
    } else {
        service.set(CreateServiceW(
            manager.get(),
            kServiceName,
            L"rundown agent",
            SERVICE_ALL_ACCESS,
            SERVICE_WIN32_OWN_PROCESS,
            SERVICE_AUTO_START,
            SERVICE_ERROR_NORMAL,
            command.c_str(),
            nullptr,
            nullptr,
            nullptr,
            nullptr,
            nullptr));
        if (!service)
            return complain("the service could not be created", GetLastError());
    }
    set_failure_actions(service.get());
    log_notable("installed: " + narrow(command), false);
    if (!options.starts_now || StartServiceW(service.get(), 0, nullptr))
        return 0;
    const DWORD error = GetLastError();
    return error == ERROR_SERVICE_ALREADY_RUNNING ? 0
                                                  : complain("the service does not start", error);
}

int
remove_service()
{
    const ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
    const ServiceHandle service(
        manager ? OpenServiceW(manager.get(), kServiceName, SERVICE_ALL_ACCESS) : nullptr);
    if (!service)
        return complain("the service cannot be opened", GetLastError());
    SERVICE_STATUS status;
    if (ControlService(service.get(), SERVICE_CONTROL_STOP, &status))
        wait_for_state(service.get(), SERVICE_STOPPED, 30000);
    if (!DeleteService(service.get()))
        return complain("the service could not be removed", GetLastError());
    return 0;
}

int
run_service(const Options &wanted)
{
    options = wanted;
    runs_as_service = true;
    stop = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    const SERVICE_TABLE_ENTRYW table[] = {
        {const_cast<wchar_t *>(kServiceName), service_main}, {nullptr, nullptr}};
    if (!StartServiceCtrlDispatcherW(table))
        return complain("this is for the service control manager to start", GetLastError());
    return exit_code;
}

unsigned long
start_installed_service()
{
    const ServiceHandle manager(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT));
    const ServiceHandle service(
        manager ? OpenServiceW(manager.get(), kServiceName, SERVICE_START) : nullptr);
    if (!service)
        return GetLastError();
    return StartServiceW(service.get(), 0, nullptr) ? 0 : GetLastError();
}

bool
is_service()
{
    return runs_as_service;
}

} // namespace rundown::win32
