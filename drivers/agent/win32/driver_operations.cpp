// SPDX-License-Identifier: MIT
// agent/win32/driver_operations.cpp
//
// Services of drivers: installed, started, stopped, removed, asked about, through the service
// control manager.
#include <string.h>

#include "agent/win32/adapters.hpp"
#include "agent/win32/answer.hpp"
#include "agent/win32/file_store.hpp"
#include "agent/win32/multi_text.hpp"
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

DWORD
set_parameter(RegistryKey &key, const rundown_rpc_Parameter &parameter)
{
    const std::wstring name = widen(parameter.name);
    switch (parameter.which_value) {
    case rundown_rpc_Parameter_dword_tag:
        return key.set(name.c_str(), static_cast<DWORD>(parameter.value.dword));
    case rundown_rpc_Parameter_binary_tag:
        return key.set(
            name.c_str(), REG_BINARY, parameter.value.binary.bytes, parameter.value.binary.size);
    case rundown_rpc_Parameter_text_tag:
        return key.set(name.c_str(), widen(parameter.value.text));
    default:
        return ERROR_INVALID_PARAMETER;
    }
}

/// The Parameters key as the request has it: what an earlier installation set and this one does not
/// goes.
DWORD
set_parameters(const rundown_rpc_DriverInstall &wanted)
{
    const std::wstring path = service_key(wanted.service) + L"\\Parameters";
    DWORD error = remove_registry_tree(path);
    RegistryKey key;
    if (!error)
        error = key.create(path);
    for (pb_size_t i = 0; i < wanted.parameters_count && !error; ++i)
        error = set_parameter(key, wanted.parameters[i]);
    return error;
}

/// The adapters named, or every one there is.
bool
choose_adapters(
    const rundown_rpc_DriverInstall &wanted, std::vector<std::string> *guids, Response &response)
{
    for (pb_size_t i = 0; i < wanted.adapters_count; ++i) {
        guids->push_back(adapter_guid(wanted.adapters[i]));
        if (!guids->back().empty())
            continue;
        refuse_plainly(
            response,
            kStatusObjectNameInvalid,
            std::string(wanted.adapters[i]) + " is no name of an adapter");
        return false;
    }
    if (wanted.adapters_count)
        return true;
    std::vector<Adapter> adapters;
    const AdapterFailure failure = list_adapters(&adapters);
    if (failure.error) {
        refuse_error(response, failure.error, failure.what);
        return false;
    }
    for (const Adapter &adapter : adapters)
        guids->push_back(adapter.guid);
    return true;
}

bool
set_linkage(const rundown_rpc_DriverInstall &wanted, Response &response)
{
    std::vector<std::string> guids;
    if (!choose_adapters(wanted, &guids, response))
        return false;
    const Linkage linkage = linkage_of(wanted.service, guids);
    RegistryKey key;
    DWORD error = key.create(service_key(wanted.service) + L"\\Linkage");
    if (!error)
        error = key.set(L"Bind", linkage.bind);
    if (!error)
        error = key.set(L"Export", linkage.export_);
    if (!error)
        error = key.set(L"Route", linkage.route);
    if (error)
        refuse_error(response, error, "the service's Linkage could not be written");
    return error == 0;
}

/// The image where drivers are. An image that is loaded cannot be written over: where it is the
/// same already that does not matter.
bool
copy_image(const char *file, std::wstring *image, Response &response)
{
    const std::wstring from = stored_path(file);
    if (from.empty()) {
        refuse_plainly(response, kStatusObjectNameInvalid, "that is no name of a file");
        return false;
    }
    *image = system_root() + L"\\System32\\drivers\\" + widen(file);
    if (CopyFileW(from.c_str(), image->c_str(), FALSE))
        return true;
    refuse_error(
        response,
        GetLastError(),
        std::string(file) + " could not be copied to System32\\drivers (put? still loaded?)");
    return false;
}

/// Makes the service, or changes the one that is there.
DWORD
make_service(const char *name, const std::wstring &image)
{
    const ServiceHandle manager(
        OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE));
    if (!manager)
        return GetLastError();
    const std::wstring wide = widen(name);
    const ServiceHandle made(CreateServiceW(
        manager.get(),
        wide.c_str(),
        wide.c_str(),
        SERVICE_ALL_ACCESS,
        SERVICE_KERNEL_DRIVER,
        SERVICE_DEMAND_START,
        SERVICE_ERROR_NORMAL,
        image.c_str(),
        nullptr,
        nullptr,
        nullptr,
        nullptr,
        nullptr));
    if (made)
        return 0;
    if (GetLastError() != ERROR_SERVICE_EXISTS)
        return GetLastError();
    const ServiceHandle there(OpenServiceW(manager.get(), wide.c_str(), SERVICE_CHANGE_CONFIG));
    if (!there)
        return GetLastError();
    const bool is_changed = ChangeServiceConfigW(
        there.get(),
        SERVICE_KERNEL_DRIVER,
        SERVICE_DEMAND_START,
        SERVICE_ERROR_NORMAL,
        image.c_str(),
        nullptr,
        nullptr,
        nullptr,
        nullptr,
        nullptr,
        nullptr);
    return is_changed ? 0 : GetLastError();
}

/// With an INF of the same name put beside it, and an INetCfg that takes it, the system installs
/// the protocol itself. False: it is to be done plainly (*why says why, when there was an INF).
bool
install_through_inetcfg(
    const rundown_rpc_DriverInstall &wanted, Response &response, std::string *why)
{
    const std::string file = wanted.file;
    const std::string inf = file.substr(0, file.find_last_of('.')) + ".inf";
    const std::wstring path = stored_path(inf);
    if (path.empty() || GetFileAttributesW(path.c_str()) == INVALID_FILE_ATTRIBUTES)
        return false;
    NetConfigRequest request;
    request.kind = NetConfigKind::install;
    request.inf = path;
    request.component = first_hardware_id(path);
    const NetConfigAnswer answer = ask_net_config(request);
    *why = answer.sentence;
    if (answer.end == NetConfigEnd::unsupported)
        return false;
    if (answer.end != NetConfigEnd::done)
        refuse_plainly(response, answer.status(), answer.sentence);
    else if (const DWORD error = set_parameters(wanted))
        refuse_error(response, error, "the service's Parameters could not be written");
    else if (answer.needs_reboot)
        response.value = 1;
    return true;
}

void
install(void *, const Request &request, Response &response)
{
    const auto &wanted = request.op.driver_install;
    if (!check_service(wanted.service, response))
        return;
    std::string why;
    if (wanted.protocol && install_through_inetcfg(wanted, response, &why))
        return;
    std::wstring image;
    if (!copy_image(wanted.file, &image, response))
        return;
    if (const DWORD error = make_service(wanted.service, image))
        return refuse_error(response, error, "the service could not be created");
    if (const DWORD error = set_parameters(wanted))
        return refuse_error(response, error, "the service's Parameters could not be written");
    const DWORD error = remove_registry_tree(service_key(wanted.service) + L"\\Linkage");
    if (error)
        return refuse_error(response, error, "the service's old Linkage could not be removed");
    if (wanted.protocol && !set_linkage(wanted, response))
        return;
    if (!why.empty())
        copy(response.message, "installed as a plain service: " + why);
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
