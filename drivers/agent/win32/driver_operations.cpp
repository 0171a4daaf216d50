// SPDX-License-Identifier: MIT
// agent/win32/driver_operations.cpp
//
// Services of drivers: installed (driver_install.cpp), started, stopped, removed, asked about,
// through the service control manager.
#include <string.h>

#include "agent/win32/answer.hpp"
#include "agent/win32/driver_install.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/net_config.hpp"
#include "agent/win32/registry.hpp"
#include "agent/win32/service_manager.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr DWORD kUnloadMs = 15 * 60 * 1000; // Longer than any host waits; a worker comes back.

bool
check_service(const char *name, Response &response)
{
    if (is_service_name(name))
        return true;
    refuse_plainly(response, kStatusObjectNameInvalid, "that is no name for a service");
    return false;
}

/// An open service, or a refusal.
class Service
{
  public:
    Service(const char *name, DWORD access, Response &response)
        : manager_(OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT)), service_(nullptr)
    {
        if (!check_service(name, response))
            return;
        if (manager_)
            service_.set(OpenServiceW(manager_.get(), widen(name).c_str(), access));
        if (!service_)
            refuse_error(
                response, GetLastError(), std::string("the service ") + name + " cannot be opened");
    }
    explicit operator bool() const
    {
        return static_cast<bool>(service_);
    }
    SC_HANDLE get() const
    {
        return service_.get();
    }

  private:
    ServiceHandle manager_;
    ServiceHandle service_;
};

void
install(void *, const Request &request, Response &response)
{
    if (check_service(request.op.driver_install.service, response))
        install_driver(request.op.driver_install, response);
}

void
start(void *, const Request &request, Response &response)
{
    const char *name = request.op.driver_start.service;
    const Service service(name, SERVICE_START | SERVICE_QUERY_STATUS, response);
    if (!service)
        return;
    if (!StartServiceW(service.get(), 0, nullptr))
        return refuse_error(response, GetLastError(), std::string(name) + " does not start");
    if (!wait_for_state(service.get(), SERVICE_RUNNING, 30000))
        refuse_plainly(
            response, kStatusUnsuccessful, std::string(name) + " was started and does not run");
}

/// Base name of the service's image, as in the list of modules.
std::string
image_name(const char *service)
{
    RegistryKey key;
    if (key.open(service_key(service)))
        return {};
    const std::string path = narrow(key.text(L"ImagePath"));
    return path.empty() ? std::string(service) + ".sys" : path.substr(path.find_last_of("\\/") + 1);
}

/// 0 and *found, or an NTSTATUS.
uint32_t
find_image(const char *service, LoadedModule *image, bool *found)
{
    std::vector<LoadedModule> modules;
    const std::string name = image_name(service);
    const uint32_t status = list_modules(&modules);
    *found = false;
    for (const LoadedModule &module : modules) {
        if (!same_name(module.name, name))
            continue;
        *image = module;
        *found = true;
    }
    return status;
}

/// Handles may be open on the driver's devices: Unload is called when the last is closed, however
/// long that takes. The host has the deadline.
void
wait_until_unloaded(const char *name, SC_HANDLE service, Response &response)
{
    if (!wait_for_state(service, SERVICE_STOPPED, kUnloadMs))
        return refuse_plainly(
            response, kStatusIoTimeout, std::string(name) + " does not stop: is a handle open?");
    const DWORD begin = GetTickCount();
    bool is_loaded = true;
    LoadedModule image;
    while (!find_image(name, &image, &is_loaded) && is_loaded) {
        if (GetTickCount() - begin > kUnloadMs)
            return refuse_plainly(
                response,
                kStatusIoTimeout,
                std::string(name) + " is stopped, and its image stays loaded");
        Sleep(5);
    }
}

void
stop(void *, const Request &request, Response &response)
{
    const char *name = request.op.driver_stop.service;
    const Service service(name, SERVICE_STOP | SERVICE_QUERY_STATUS, response);
    if (!service)
        return;
    SERVICE_STATUS status;
    if (!ControlService(service.get(), SERVICE_CONTROL_STOP, &status))
        return refuse_error(response, GetLastError(), std::string(name) + " cannot be stopped");
    wait_until_unloaded(name, service.get(), response);
}

void
remove(void *, const Request &request, Response &response)
{
    const char *name = request.op.driver_remove.service;
    if (!check_service(name, response))
        return;
    if (is_net_component(name)) {
        NetConfigRequest wanted;
        wanted.kind = NetConfigKind::remove;
        wanted.component = name;
        const NetConfigAnswer answer = ask_net_config(wanted);
        if (answer.end != NetConfigEnd::done)
            return refuse_plainly(response, answer.status(), answer.sentence);
        response.value = answer.needs_reboot;
        return;
    }
    const Service service(name, DELETE, response);
    if (!service)
        return;
    if (!DeleteService(service.get()))
        return refuse_error(response, GetLastError(), std::string(name) + " could not be removed");
}

uint32_t
state_of(DWORD state)
{
    switch (state) {
    case SERVICE_START_PENDING:
        return 1;
    case SERVICE_RUNNING:
        return 2;
    case SERVICE_STOP_PENDING:
        return 3;
    default:
        return 0;
    }
}

void
query(void *, const Request &request, Response &response)
{
    const char *name = request.op.driver_query.service;
    if (!check_service(name, response))
        return;
    LoadedModule image = {};
    bool is_loaded = false;
    const uint32_t failed = find_image(name, &image, &is_loaded);
    if (!succeeded(failed))
        return refuse_status(response, failed, "the system does not list its modules");
    const Service service(name, SERVICE_QUERY_STATUS, response);
    if (!service && response.status != kStatusObjectNameNotFound)
        return;
    agent::Response &answer = response;
    answer.status = 0;
    answer.message[0] = '\0';
    answer.which_result = rundown_rpc_Response_driver_tag;
    auto &driver = answer.result.driver;
    SERVICE_STATUS status = {};
    driver.installed = static_cast<bool>(service);
    if (service && QueryServiceStatus(service.get(), &status))
        driver.state = state_of(status.dwCurrentState);
    driver.image_loaded = is_loaded;
    driver.image_base = image.base;
    driver.image_bytes = image.bytes;
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_driver_install_tag, agent::kBlocks | agent::kRepeatable, install},
    {rundown_rpc_Request_driver_start_tag, agent::kBlocks, start},
    {rundown_rpc_Request_driver_stop_tag, agent::kBlocks, stop},
    {rundown_rpc_Request_driver_remove_tag, agent::kBlocks, remove},
    {rundown_rpc_Request_driver_query_tag, agent::kBlocks | agent::kRepeatable, query},
};

} // namespace

OperationTable
driver_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
