// SPDX-License-Identifier: MIT
// agent/driver_operations.cpp
//
// Services: installed, started, stopped, removed, asked about.
#include <rundown/ndis_control.h>

#include "file_store.hpp"

namespace agent {

namespace {

constexpr WCHAR kServices[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";

/// A key opened or made, and values set in it.
class Key {
  public:
    NTSTATUS create(HANDLE parent, PUNICODE_STRING name) {
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, parent, nullptr);
        return ZwCreateKey(handle_.receive(), KEY_ALL_ACCESS, &attributes, 0, nullptr, REG_OPTION_NON_VOLATILE, nullptr);
    }
    NTSTATUS open(PUNICODE_STRING name) {
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
        return ZwOpenKey(handle_.receive(), KEY_ALL_ACCESS, &attributes);
    }
    NTSTATUS set(const char* name, ULONG type, const void* data, ULONG bytes) {
        Text value(name);
        return value.good() ? ZwSetValueKey(handle_.get(), value.string(), 0, type, const_cast<PVOID>(data), bytes) : STATUS_OBJECT_NAME_INVALID;
    }
    NTSTATUS set(const char* name, ULONG number) { return set(name, REG_DWORD, &number, sizeof number); }
    NTSTATUS set(const char* name, Text& text) {
        return text.good() ? set(name, REG_SZ, text.characters(), text.string()->Length + sizeof(WCHAR)) : STATUS_INVALID_PARAMETER;
    }
    HANDLE get() const { return handle_.get(); }

  private:
    Handle handle_;
};

/// The path of a service's key. False, and a refusal: a name that would lead elsewhere.
bool service_key(const char* service, Text& path, Response& response) {
    path.add(kServices).add(service);
    if (service[0] && !strchr(service, '\\') && path.good()) return true;
    refuse_with(response, STATUS_OBJECT_NAME_INVALID, "that is no name for a service");
    return false;
}

NTSTATUS set_parameter(Key& key, const rundown_rpc_Parameter& parameter) {
    switch (parameter.which_value) {
        case rundown_rpc_Parameter_dword_tag: return key.set(parameter.name, parameter.value.dword);
        case rundown_rpc_Parameter_binary_tag:
            return key.set(parameter.name, REG_BINARY, parameter.value.binary.bytes, parameter.value.binary.size);
        case rundown_rpc_Parameter_text_tag: {
            Text text(parameter.value.text);
            return key.set(parameter.name, text);
        }
        default: return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS set_parameters(HANDLE service, const rundown_rpc_DriverInstall& install) {
    Text name("Parameters");
    Key key;
    NTSTATUS status = key.create(service, name.string());
    for (pb_size_t i = 0; i < install.parameters_count && NT_SUCCESS(status); ++i) status = set_parameter(key, install.parameters[i]);
    return status;
}

/// REG_MULTI_SZ in the making.
struct MultiText {
    WCHAR text[16 * 64 + 1];
    ULONG length;

    template <class Character>
    void add(const Character* name) {
        while (*name && length + 2 < RTL_NUMBER_OF(text)) text[length++] = static_cast<WCHAR>(*name++);
        if (length + 1 < RTL_NUMBER_OF(text)) text[length++] = L'\0';
    }
};

/// Linkage\Bind: the adapters named, or every adapter there is.
NTSTATUS set_linkage(HANDLE service, const rundown_rpc_DriverInstall& install) {
    Memory<MultiText> list;
    Memory<rd_ndis_adapters> adapters;
    if (!list || !adapters) return STATUS_INSUFFICIENT_RESOURCES;
    for (pb_size_t i = 0; i < install.adapters_count; ++i) list->add(install.adapters[i]);
    if (!install.adapters_count) {
        Text device(RD_NDIS_DEVICE_NAME);
        ULONG_PTR filled;
        const NTSTATUS status =
            device_control(device.string(), RD_NDIS_IOCTL_ADAPTERS, nullptr, 0, adapters.get(), sizeof *adapters, &filled);
        if (!NT_SUCCESS(status)) return status;
        for (uint32_t i = 0; i < adapters->count; ++i) list->add(adapters->adapter[i].name);
    }
    list->text[list->length++] = L'\0';
    Text name("Linkage");
    Key key;
    const NTSTATUS status = key.create(service, name.string());
    return NT_SUCCESS(status) ? key.set("Bind", REG_MULTI_SZ, list->text, list->length * sizeof(WCHAR)) : status;
}

NTSTATUS remove_key(const Text& path, const char* below) {
    Text name(path.characters());
    name.add(below);
    Key key;
    const NTSTATUS status = key.open(name.string());
    return NT_SUCCESS(status) ? ZwDeleteKey(key.get()) : status;
}

/// The keys below a service's; they may be absent.
void remove_parts(const Text& path) {
    remove_key(path, "\\Parameters");
    remove_key(path, "\\Linkage");
}

void install(void*, const Request& request, Response& response) {
    const auto& wanted = request.op.driver_install;
    Text path, image("\\SystemRoot\\system32\\drivers\\");
    if (!service_key(wanted.service, path, response)) return;
    image.add(wanted.file);
    remove_parts(path);  // What an earlier installation set and this one does not must not stay.
    Key key;
    NTSTATUS status = key.create(nullptr, path.string());
    if (NT_SUCCESS(status)) status = key.set("ImagePath", image);
    if (NT_SUCCESS(status)) status = key.set("Type", 1);          // SERVICE_KERNEL_DRIVER
    if (NT_SUCCESS(status)) status = key.set("Start", 3);         // SERVICE_DEMAND_START
    if (NT_SUCCESS(status)) status = key.set("ErrorControl", 1);  // SERVICE_ERROR_NORMAL
    if (NT_SUCCESS(status)) status = set_parameters(key.get(), wanted);
    if (NT_SUCCESS(status) && wanted.protocol) status = set_linkage(key.get(), wanted);
    if (!NT_SUCCESS(status)) refuse_with(response, status, "the service's registry keys could not be written");
}

void start(void*, const Request& request, Response& response) {
    Text path;
    if (!service_key(request.op.driver_start.service, path, response)) return;
    const NTSTATUS status = ZwLoadDriver(path.string());
    if (NT_SUCCESS(status)) return;
    response.status = static_cast<uint32_t>(status);
    RdLastLoadError(response.message, sizeof response.message);
    if (!response.message[0]) refuse_with(response, status, "the driver's DriverEntry failed, or there is no such service");
}

/// Handles are open on the driver's devices: Unload is called when the last is closed, however long that takes. The host has the
/// deadline.
void wait_until_unloaded(const char* name) {
    Text service(name);
    RD_DRIVER_STATE state = {};
    LARGE_INTEGER moment = {.QuadPart = -1 * 10000};
    while (NT_SUCCESS(RdQueryDriver(service.string(), &state)) && state.ImageLoaded) KeDelayExecutionThread(KernelMode, FALSE, &moment);
}

void stop(void*, const Request& request, Response& response) {
    Text path;
    if (!service_key(request.op.driver_stop.service, path, response)) return;
    const NTSTATUS status = ZwUnloadDriver(path.string());
    if (!NT_SUCCESS(status)) return refuse_with(response, status, "the driver could not be unloaded");
    if (status == STATUS_PENDING) wait_until_unloaded(request.op.driver_stop.service);
}

void remove(void*, const Request& request, Response& response) {
    Text path;
    if (!service_key(request.op.driver_remove.service, path, response)) return;
    remove_parts(path);
    const NTSTATUS status = remove_key(path, "");
    if (!NT_SUCCESS(status)) refuse_with(response, status, "the service's registry keys could not be deleted");
}

void query(void*, const Request& request, Response& response) {
    Text path, service(request.op.driver_query.service);
    if (!service_key(request.op.driver_query.service, path, response)) return;
    RD_DRIVER_STATE state = {};
    const NTSTATUS status = RdQueryDriver(service.string(), &state);
    if (!NT_SUCCESS(status)) return refuse_with(response, status, "the service's state could not be read");
    response.which_result = rundown_rpc_Response_driver_tag;
    auto& driver = response.result.driver;
    driver.installed = state.Installed;
    driver.image_loaded = state.ImageLoaded;
    driver.image_base = reinterpret_cast<uint64_t>(state.ImageBase);
    driver.image_bytes = state.ImageBytes;
    driver.state = state.State;
}

using namespace rundown::agent;
constexpr Operation kOperations[] = {
    {rundown_rpc_Request_driver_install_tag, kRepeatable, install},
    {rundown_rpc_Request_driver_start_tag, kBlocks, start},
    {rundown_rpc_Request_driver_stop_tag, kBlocks, stop},
    {rundown_rpc_Request_driver_remove_tag, kQuick, remove},
    {rundown_rpc_Request_driver_query_tag, kRepeatable, query},
};

}  // namespace

OperationTable driver_operations() { return {kOperations, RTL_NUMBER_OF(kOperations)}; }

}  // namespace agent
