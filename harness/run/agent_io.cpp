// SPDX-License-Identifier: MIT
#include "run/agent_io.hpp"

#include <fmt/format.h>

#include <cstring>

namespace rundown::run {
namespace {

/// The bytes of a fixed-size structure of protocol5_ioctl.h.
template <class T>
std::string bytes_of(const T& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// The structure in `data`; the guest may have sent anything.
template <class T>
result<T> structure_in(const std::string& data, const std::string& what) {
    if (data.size() != sizeof(T)) {
        return fail(
            ErrorKind::protocol,
            fmt::format(
                "the guest answered '{}' with {} bytes in place of {}", what, data.size(), sizeof(T)
            )
        );
    }
    T value;
    std::memcpy(&value, data.data(), sizeof(T));
    return value;
}

void add_binary(rpc::DriverInstall& install, const std::string& name, std::string bytes) {
    auto* parameter = install.add_parameters();
    parameter->set_name(name);
    parameter->set_binary(std::move(bytes));
}

void add_dword(rpc::DriverInstall& install, const std::string& name, std::uint32_t value) {
    auto* parameter = install.add_parameters();
    parameter->set_name(name);
    parameter->set_dword(value);
}

}  // namespace

Awaitable<rpc::Response> Agent::ask(
    rpc::Request request, const std::string& what, Deadline deadline
) {
    auto response = co_await client_.call(std::move(request), deadline);
    if (!response) {
        co_return in_context("could not " + what, response.error());
    }
    if (response->status() != 0) {
        co_return fail(
            ErrorKind::refused,
            fmt::format(
                "the guest refused to {}: {}{}status 0x{:08X}",
                what,
                response->message(),
                response->message().empty() ? "" : ", ",
                response->status()
            )
        );
    }
    co_return std::move(*response);
}

Awaitable<void> Agent::install(
    const std::string& file,
    const std::map<std::string, std::uint32_t>& parameters,
    const rpc::Hello& hello,
    Deadline deadline
) {
    rpc::Request request;
    auto& install = *request.mutable_driver_install();
    install.set_service(kService);
    install.set_file(file);
    install.set_protocol(true);
    if (hello.trace_bytes() != 0) {
        const std::uint64_t base = hello.trace_base();
        add_binary(install, "TraceBase", bytes_of(base));
        add_dword(install, "TraceBytes", static_cast<std::uint32_t>(hello.trace_bytes()));
    }
    for (const auto& [name, value] : parameters) {
        add_dword(install, name, value);
    }
    auto response = co_await ask(std::move(request), "install the driver", deadline);
    RUNDOWN_CO_TRY(response);
    co_return result<void>{};
}

Awaitable<void> Agent::start_driver(Deadline deadline) {
    rpc::Request request;
    request.mutable_driver_start()->set_service(kService);
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "start the driver", deadline));
    co_return result<void>{};
}

Awaitable<void> Agent::stop_driver(Deadline deadline) {
    rpc::Request request;
    request.mutable_driver_stop()->set_service(kService);
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "stop the driver", deadline));
    co_return result<void>{};
}

Awaitable<void> Agent::wait_for_bindings(Deadline deadline) {
    rpc::Request request;
    request.mutable_binding_wait();
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "finish binding", deadline));
    co_return result<void>{};
}

Awaitable<std::vector<BindingState>> Agent::bindings(Deadline deadline) {
    rpc::Request request;
    request.mutable_binding_list();
    auto response = co_await ask(std::move(request), "list the bindings", deadline);
    RUNDOWN_CO_TRY(response);
    std::vector<BindingState> bindings;
    for (const auto& binding : response->bindings().binding()) {
        bindings.push_back({binding.adapter(), binding.protocol()});
    }
    co_return bindings;
}

Awaitable<void> Agent::bind(const BindingState& binding, Deadline deadline) {
    rpc::Request request;
    request.mutable_binding_bind()->set_adapter(binding.adapter);
    request.mutable_binding_bind()->set_protocol(binding.protocol);
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "bind " + binding.adapter, deadline));
    co_return result<void>{};
}

Awaitable<void> Agent::unbind(const BindingState& binding, Deadline deadline) {
    rpc::Request request;
    request.mutable_binding_unbind()->set_adapter(binding.adapter);
    request.mutable_binding_unbind()->set_protocol(binding.protocol);
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "unbind " + binding.adapter, deadline));
    co_return result<void>{};
}

Awaitable<void> Agent::mark(rd_trace_mark mark, std::uint64_t value, Deadline deadline) {
    rpc::Request request;
    request.mutable_mark()->set_mark(mark);
    request.mutable_mark()->set_value(value);
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "mark the trace", deadline));
    co_return result<void>{};
}

Awaitable<rpc::Response> Agent::ioctl(
    std::uint32_t code,
    std::string input,
    std::uint32_t output_bytes,
    const std::string& what,
    Deadline deadline
) {
    rpc::Request request;
    auto& ioctl = *request.mutable_ioctl();
    ioctl.set_device("\\Device\\RundownProtocol5");
    ioctl.set_code(code);
    ioctl.set_input(std::move(input));
    ioctl.set_output_bytes(output_bytes);
    co_return co_await ask(std::move(request), what, deadline);
}

Awaitable<void> Agent::set_load(const rd_p5_load& load, Deadline deadline) {
    RUNDOWN_CO_TRY(
        co_await ioctl(RD_P5_IOCTL_SET_LOAD, bytes_of(load), 0, "set the driver's load", deadline)
    );
    co_return result<void>{};
}

Awaitable<rd_p5_counters> Agent::counters(Deadline deadline) {
    const std::string what = "read the driver's counters";
    auto response =
        co_await ioctl(RD_P5_IOCTL_GET_COUNTERS, {}, sizeof(rd_p5_counters), what, deadline);
    RUNDOWN_CO_TRY(response);
    co_return structure_in<rd_p5_counters>(response->data(), what);
}

Awaitable<std::uint32_t> Agent::deregister(Deadline deadline) {
    const std::string what = "deregister the protocol";
    auto response =
        co_await ioctl(RD_P5_IOCTL_DEREGISTER, {}, sizeof(rd_p5_status), what, deadline);
    RUNDOWN_CO_TRY(response);
    const auto status = structure_in<rd_p5_status>(response->data(), what);
    RUNDOWN_CO_TRY(status);
    co_return status->status;
}

Awaitable<void> Agent::power_off(Deadline deadline) {
    rpc::Request request;
    request.mutable_power_off();
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "power off", deadline));
    co_return result<void>{};
}

}  // namespace rundown::run
