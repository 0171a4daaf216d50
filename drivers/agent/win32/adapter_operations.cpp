// SPDX-License-Identifier: MIT
// agent/win32/adapter_operations.cpp
//
// Adapters listed, enabled, disabled.
#include <string.h>

#include "agent/win32/adapters.hpp"
#include "agent/win32/answer.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

void
tell_unknown(rundown_rpc_Adapter &adapter, pb_size_t tag)
{
    adapter.unknown[adapter.unknown_count++] = tag;
}

void
tell_adapter(rundown_rpc_Adapter &to, const Adapter &from)
{
    copy(to.name, adapter_device(from.guid));
    copy(to.service, from.service);
    to.started = from.started;
    to.link_up = from.link_up;
    to.pci_address = from.pci_address;
    to.packet_filter = from.packet_filter;
    to.frames_in = from.frames_in;
    to.frames_out = from.frames_out;
    if (from.knows_mac) {
        to.mac.size = sizeof from.mac;
        memcpy(to.mac.bytes, from.mac, sizeof from.mac);
    } else {
        tell_unknown(to, rundown_rpc_Adapter_mac_tag);
    }
    if (!from.knows_link)
        tell_unknown(to, rundown_rpc_Adapter_link_up_tag);
    if (!from.knows_pci)
        tell_unknown(to, rundown_rpc_Adapter_pci_address_tag);
    if (!from.knows_filter)
        tell_unknown(to, rundown_rpc_Adapter_packet_filter_tag);
    if (!from.knows_frames) {
        tell_unknown(to, rundown_rpc_Adapter_frames_in_tag);
        tell_unknown(to, rundown_rpc_Adapter_frames_out_tag);
    }
    tell_unknown(to, rundown_rpc_Adapter_multicast_count_tag);
    tell_unknown(to, rundown_rpc_Adapter_open_count_tag);
}

void
adapter_list(void *, const Request &, Response &response)
{
    std::vector<Adapter> adapters;
    const AdapterFailure failure = list_adapters(&adapters);
    if (failure.error)
        return refuse_error(response, failure.error, failure.what);
    auto &list = response.result.adapters;
    if (adapters.size() > sizeof list.adapter / sizeof *list.adapter)
        return refuse_plainly(
            response, agent::kStatusBufferOverflow, "there are more adapters than an answer holds");
    response.which_result = rundown_rpc_Response_adapters_tag;
    for (const Adapter &adapter : adapters)
        tell_adapter(list.adapter[list.adapter_count++], adapter);
}

void
change(const char *name, bool is_enabled, Response &response)
{
    const std::string guid = adapter_guid(name);
    if (guid.empty())
        return refuse_plainly(response, kStatusObjectNameInvalid, "that is no name of an adapter");
    bool needs_reboot = false;
    const AdapterFailure failure = change_adapter(guid, is_enabled, &needs_reboot);
    if (failure.error)
        refuse_error(response, failure.error, failure.what);
}

void
adapter_enable(void *, const Request &request, Response &response)
{
    change(request.op.adapter_enable.adapter, true, response);
}

void
adapter_disable(void *, const Request &request, Response &response)
{
    change(request.op.adapter_disable.adapter, false, response);
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_adapter_list_tag, agent::kBlocks | agent::kRepeatable, adapter_list},
    {rundown_rpc_Request_adapter_enable_tag, agent::kBlocks, adapter_enable},
    {rundown_rpc_Request_adapter_disable_tag, agent::kBlocks, adapter_disable},
};

} // namespace

OperationTable
adapter_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
