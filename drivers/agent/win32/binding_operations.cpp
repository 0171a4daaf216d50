// SPDX-License-Identifier: MIT
// agent/win32/binding_operations.cpp
//
// Bindings of the test protocol: what there is, by the driver's own account; made and ended by
// INetCfg where the protocol was installed through it, by the driver's IOCTLs where it is a plain
// service.
#include <rundown/protocol5_ioctl.h>
#include <string.h>

#include "agent/win32/answer.hpp"
#include "agent/win32/multi_text.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/net_config.hpp"
#include "agent/win32/registry.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr char kDevice[] = "\\Device\\RundownProtocol5";
constexpr char kProtocol[] = "protocol5"; // The name the driver registers under, and its service's.
constexpr DWORD kIdleMs = 30000, kQuietMs = 200;

std::string
text_of(const uint16_t *characters, size_t room)
{
    std::wstring text;
    for (size_t i = 0; i < room && characters[i]; ++i)
        text += static_cast<wchar_t>(characters[i]);
    return narrow(text);
}

/// 0, or an NTSTATUS; a driver that is not loaded has no bindings.
uint32_t
ask_driver(rd_p5_bindings *bindings)
{
    *bindings = {};
    uint32_t filled = 0;
    const uint32_t status = device_control(
        kDevice, RD_P5_IOCTL_GET_BINDINGS, nullptr, 0, bindings, sizeof *bindings, &filled);
    if (status == kStatusObjectNameNotFound || status == 0xC000003A)
        return 0;
    if (succeeded(status) && filled < offsetof(rd_p5_bindings, binding))
        return kStatusUnsuccessful;
    const uint32_t room = sizeof bindings->binding / sizeof *bindings->binding;
    if (bindings->count > room)
        bindings->count = room;
    return succeeded(status) ? 0 : status;
}

void
binding_list(void *, const Request &, Response &response)
{
    rd_p5_bindings bindings;
    if (const uint32_t status = ask_driver(&bindings))
        return refuse_status(response, status, "the driver does not tell its bindings");
    response.which_result = rundown_rpc_Response_bindings_tag;
    auto &list = response.result.bindings;
    for (uint32_t i = 0; i < bindings.count; ++i) {
        auto &to = list.binding[list.binding_count++];
        copy(to.adapter, text_of(bindings.binding[i].name, 64));
        copy(to.protocol, kProtocol);
        to.number = bindings.binding[i].number;
        to.state = bindings.binding[i].state;
    }
}

/// Linkage\Bind of a plain service says the same as the driver was told: so it begins next time.
DWORD
change_linkage(const std::string &service, const std::string &guid, bool is_bound)
{
    const std::wstring path = service_key(service) + L"\\Linkage";
    std::vector<std::string> texts;
    {
        RegistryKey key;
        if (!key.open(path))
            texts = key.texts(L"Bind");
    }
    const std::string device = adapter_device(guid);
    RegistryKey key;
    const DWORD error = key.create(path);
    if (error)
        return error;
    return key.set(L"Bind", is_bound ? with_text(texts, device) : without_text(texts, device));
}

void
tell_driver(const std::string &service, const std::string &guid, bool is_bound, Response &response)
{
    rd_p5_binding_name name = {};
    const std::string device = adapter_device(guid);
    for (size_t i = 0; i < device.size(); ++i)
        name.name[i] = static_cast<uint16_t>(device[i]);
    const uint32_t code = is_bound ? RD_P5_IOCTL_OPEN_BINDING : RD_P5_IOCTL_CLOSE_BINDING;
    uint32_t filled = 0;
    const uint32_t status = device_control(kDevice, code, &name, sizeof name, nullptr, 0, &filled);
    if (!succeeded(status))
        return refuse_status(
            response, status, is_bound ? "the driver did not bind" : "the driver did not unbind");
    if (const DWORD error = change_linkage(service, guid, is_bound))
        refuse_error(response, error, "the service's Linkage could not be changed");
}

void
change_binding(const rundown_rpc_BindingPair &pair, bool is_bound, Response &response)
{
    const std::string guid = adapter_guid(pair.adapter);
    if (guid.empty() || !is_service_name(pair.protocol))
        return refuse_plainly(
            response, kStatusObjectNameInvalid, "that is no name of an adapter, or of a protocol");
    if (is_net_component(pair.protocol)) {
        NetConfigRequest request;
        request.kind = is_bound ? NetConfigKind::bind : NetConfigKind::unbind;
        request.component = pair.protocol;
        request.guid = guid;
        const NetConfigAnswer answer = ask_net_config(request);
        if (answer.end != NetConfigEnd::done)
            return refuse_plainly(response, answer.status(), answer.sentence);
        response.value = answer.needs_reboot;
        return;
    }
    if (!same_name(pair.protocol, kProtocol))
        return refuse_plainly(
            response,
            kStatusNotSupported,
            std::string(pair.protocol) + " is no network component, and no test driver of ours");
    tell_driver(pair.protocol, guid, is_bound, response);
}

void
binding_bind(void *, const Request &request, Response &response)
{
    change_binding(request.op.binding_bind, true, response);
}

void
binding_unbind(void *, const Request &request, Response &response)
{
    change_binding(request.op.binding_unbind, false, response);
}

/// Idle: nothing is opening or closing, and nothing has changed for a moment.
void
binding_wait(void *, const Request &, Response &response)
{
    const DWORD begin = GetTickCount();
    rd_p5_bindings last = {};
    DWORD since = begin;
    while (GetTickCount() - begin < kIdleMs) {
        rd_p5_bindings now;
        if (const uint32_t status = ask_driver(&now))
            return refuse_status(response, status, "the driver does not tell its bindings");
        bool is_moving = false;
        for (uint32_t i = 0; i < now.count; ++i)
            is_moving = is_moving || now.binding[i].state != 1;
        if (is_moving || memcmp(&last, &now, sizeof now) != 0)
            since = GetTickCount();
        last = now;
        if (!is_moving && GetTickCount() - since >= kQuietMs)
            return;
        Sleep(20);
    }
    refuse_plainly(response, kStatusIoTimeout, "bindings are still being opened or closed");
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_binding_list_tag, agent::kBlocks | agent::kRepeatable, binding_list},
    {rundown_rpc_Request_binding_bind_tag, agent::kBlocks, binding_bind},
    {rundown_rpc_Request_binding_unbind_tag, agent::kBlocks, binding_unbind},
    {rundown_rpc_Request_binding_wait_tag, agent::kBlocks, binding_wait},
};

} // namespace

OperationTable
binding_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
