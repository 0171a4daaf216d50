// SPDX-License-Identifier: MIT
// agent/win32/driver_install.cpp
//
// A driver's image, its service and what the registry says of it put in place; a protocol through
// INetCfg where the system takes it.
#include "agent/win32/driver_install.hpp"

#include "agent/win32/adapters.hpp"
#include "agent/win32/file_store.hpp"
#include "agent/win32/multi_text.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/net_config.hpp"
#include "agent/win32/registry.hpp"
#include "agent/win32/service_manager.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

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

/// The image where drivers are. One that is loaded cannot be written over.
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

} // namespace

void
install_driver(const rundown_rpc_DriverInstall &wanted, Response &response)
{
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

} // namespace rundown::win32
