// SPDX-License-Identifier: MIT
// agent/ndis_operations.cpp
//
// Adapters and bindings, through NDIS's control device.
#include <rundown/ndis_control.h>

#include "agent.hpp"

namespace agent {

namespace {

NTSTATUS ask_ndis(ULONG code, PVOID input, ULONG input_bytes, PVOID output, ULONG output_bytes) {
    Text device(RD_NDIS_DEVICE_NAME);
    ULONG_PTR filled;
    const NTSTATUS status = device_control(device.string(), code, input, input_bytes, output, output_bytes, &filled);
    return NT_SUCCESS(status) && filled != output_bytes ? STATUS_INFO_LENGTH_MISMATCH : status;
}

const WCHAR* wide(const uint16_t* text) { return reinterpret_cast<const WCHAR*>(text); }

/// A name of the wire into one of ndis_control.h; false: too long.
bool widen(uint16_t (&to)[64], const char* from) {
    size_t i = 0;
    for (; from[i] && i < 63; ++i) to[i] = static_cast<UCHAR>(from[i]);
    to[i] = 0;
    return from[i] == '\0';
}

void adapter_list(void*, const Request&, Response& response) {
    Memory<rd_ndis_adapters> adapters;
    const NTSTATUS status =
        adapters ? ask_ndis(RD_NDIS_IOCTL_ADAPTERS, nullptr, 0, adapters.get(), sizeof *adapters) : STATUS_INSUFFICIENT_RESOURCES;
    if (!NT_SUCCESS(status)) return refuse_with(response, status, "NDIS does not list its adapters");
    response.which_result = rundown_rpc_Response_adapters_tag;
    auto& list = response.result.adapters;
    for (uint32_t i = 0; i < adapters->count && list.adapter_count < RTL_NUMBER_OF(list.adapter); ++i) {
        const auto& from = adapters->adapter[i];
        auto& to = list.adapter[list.adapter_count++];
        narrow(to.name, wide(from.name));
        narrow(to.service, wide(from.service));
        to.mac.size = sizeof from.mac;
        memcpy(to.mac.bytes, from.mac, sizeof from.mac);
        to.started = from.started;
        to.link_up = from.link_up;
        to.pci_address = from.pci_address;
        to.packet_filter = from.packet_filter;
        to.multicast_count = from.multicast_count;
        to.open_count = from.open_count;
        to.frames_in = from.frames_in;
        to.frames_out = from.frames_out;
    }
}

void change_adapter(const char* name, ULONG code, Response& response, const char* what) {
    rd_ndis_adapter_name adapter;
    NTSTATUS status = widen(adapter.name, name) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
    if (NT_SUCCESS(status)) status = ask_ndis(code, &adapter, sizeof adapter, nullptr, 0);
    if (!NT_SUCCESS(status)) refuse_with(response, status, what);
}

void adapter_enable(void*, const Request& request, Response& response) {
    change_adapter(request.op.adapter_enable.adapter, RD_NDIS_IOCTL_ENABLE, response, "the adapter could not be enabled");
}
void adapter_disable(void*, const Request& request, Response& response) {
    change_adapter(request.op.adapter_disable.adapter, RD_NDIS_IOCTL_DISABLE, response, "the adapter could not be disabled");
}

void binding_list(void*, const Request&, Response& response) {
    Memory<rd_ndis_bindings> bindings;
    const NTSTATUS status =
        bindings ? ask_ndis(RD_NDIS_IOCTL_BINDINGS, nullptr, 0, bindings.get(), sizeof *bindings) : STATUS_INSUFFICIENT_RESOURCES;
    if (!NT_SUCCESS(status)) return refuse_with(response, status, "NDIS does not list its bindings");
    response.which_result = rundown_rpc_Response_bindings_tag;
    auto& list = response.result.bindings;
    for (uint32_t i = 0; i < bindings->count && list.binding_count < RTL_NUMBER_OF(list.binding); ++i) {
        const auto& from = bindings->binding[i];
        auto& to = list.binding[list.binding_count++];
        narrow(to.adapter, wide(from.adapter));
        narrow(to.protocol, wide(from.protocol));
        to.number = from.number;
        to.state = from.state;
        to.packet_filter = from.packet_filter;
    }
}

void change_binding(const rundown_rpc_BindingPair& wanted, ULONG code, Response& response, const char* what) {
    rd_ndis_pair pair;
    NTSTATUS status =
        widen(pair.adapter, wanted.adapter) && widen(pair.protocol, wanted.protocol) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
    if (NT_SUCCESS(status)) status = ask_ndis(code, &pair, sizeof pair, nullptr, 0);
    if (!NT_SUCCESS(status)) refuse_with(response, status, what);
}

void binding_bind(void*, const Request& request, Response& response) {
    change_binding(request.op.binding_bind, RD_NDIS_IOCTL_BIND, response, "the protocol was not bound");
}
void binding_unbind(void*, const Request& request, Response& response) {
    change_binding(request.op.binding_unbind, RD_NDIS_IOCTL_UNBIND, response, "the protocol was not unbound");
}

void binding_wait(void*, const Request&, Response& response) {
    const NTSTATUS status = ask_ndis(RD_NDIS_IOCTL_WAIT_BINDS, nullptr, 0, nullptr, 0);
    if (!NT_SUCCESS(status)) refuse_with(response, status, "NDIS does not say when it has finished binding");
}

using namespace rundown::agent;
constexpr Operation kOperations[] = {
    {rundown_rpc_Request_adapter_list_tag, kRepeatable, adapter_list},
    {rundown_rpc_Request_adapter_enable_tag, kBlocks, adapter_enable},
    {rundown_rpc_Request_adapter_disable_tag, kBlocks, adapter_disable},
    {rundown_rpc_Request_binding_list_tag, kRepeatable, binding_list},
    {rundown_rpc_Request_binding_bind_tag, kBlocks, binding_bind},
    {rundown_rpc_Request_binding_unbind_tag, kBlocks, binding_unbind},
    {rundown_rpc_Request_binding_wait_tag, kBlocks, binding_wait},
};

}  // namespace

OperationTable ndis_operations() { return {kOperations, RTL_NUMBER_OF(kOperations)}; }

}  // namespace agent
