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

/// An IOCTL of the test driver's control device.
rpc::Request control_request(std::uint32_t code, std::string input, std::uint32_t output_bytes) {
    rpc::Request request;
    auto& ioctl = *request.mutable_ioctl();
    ioctl.set_device("\\Device\\RundownProtocol5");
    ioctl.set_code(code);
    ioctl.set_input(std::move(input));
    ioctl.set_output_bytes(output_bytes);
    return request;
}

oracle::Census census_in(const rpc::Census& from) {
    oracle::Census census;
    census.protocols = from.protocols();
    census.opens = from.opens();
    census.filters = from.filters();
    census.adapters = from.adapters();
    census.packet_pools = from.packet_pools();
    census.packets_out = from.packets_out();
    census.buffer_pools = from.buffer_pools();
    census.buffers_out = from.buffers_out();
    census.requests_pending = from.requests_pending();
    census.sends_pending = from.sends_pending();
    census.receives_out = from.receives_out();
    census.threads = from.threads();
    census.timers = from.timers();
    census.handles = from.handles();
    census.devices = from.devices();
    census.work_items = from.work_items();
    for (const auto& pool : from.pool()) {
        census.pool.push_back({pool.tag(), pool.bytes(), pool.blocks(), pool.paged_blocks()});
    }
    for (const auto& module : from.module()) {
        census.modules.push_back({module.name(), module.base(), module.bytes()});
    }
    return census;
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

Awaitable<Answer> Agent::try_to(rpc::Request request, const std::string& what, Deadline deadline) {
    auto response = co_await client_.call(std::move(request), deadline);
    if (!response) {
        co_return in_context("could not " + what, response.error());
    }
    co_return Answer{response->status(), response->message()};
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

Awaitable<Answer> Agent::start_driver(Deadline deadline) {
    rpc::Request request;
    request.mutable_driver_start()->set_service(kService);
    co_return co_await try_to(std::move(request), "start the driver", deadline);
}

Awaitable<Answer> Agent::stop_driver(Deadline deadline) {
    rpc::Request request;
    request.mutable_driver_stop()->set_service(kService);
    co_return co_await try_to(std::move(request), "stop the driver", deadline);
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

Awaitable<Answer> Agent::bind(const BindingState& binding, Deadline deadline) {
    rpc::Request request;
    request.mutable_binding_bind()->set_adapter(binding.adapter);
    request.mutable_binding_bind()->set_protocol(binding.protocol);
    co_return co_await try_to(std::move(request), "bind " + binding.adapter, deadline);
}

Awaitable<Answer> Agent::unbind(const BindingState& binding, Deadline deadline) {
    rpc::Request request;
    request.mutable_binding_unbind()->set_adapter(binding.adapter);
    request.mutable_binding_unbind()->set_protocol(binding.protocol);
    co_return co_await try_to(std::move(request), "unbind " + binding.adapter, deadline);
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
    rpc::Request request = control_request(code, std::move(input), output_bytes);
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
    const std::string nothing;  // Named: GCC 12 destroys a braced temporary of a co_await twice.
    auto response =
        co_await ioctl(RD_P5_IOCTL_GET_COUNTERS, nothing, sizeof(rd_p5_counters), what, deadline);
    RUNDOWN_CO_TRY(response);
    co_return structure_in<rd_p5_counters>(response->data(), what);
}

Awaitable<void> Agent::hold_request(std::uint32_t count, Deadline deadline) {
    const rd_p5_hold hold{count};
    const std::string what = "keep an OID request in flight";
    RUNDOWN_CO_TRY(co_await ioctl(RD_P5_IOCTL_HOLD_REQUEST, bytes_of(hold), 0, what, deadline));
    co_return result<void>{};
}

Awaitable<Answer> Agent::deregister(Deadline deadline) {
    const std::string what = "deregister the protocol";
    rpc::Request request = control_request(RD_P5_IOCTL_DEREGISTER, {}, sizeof(rd_p5_status));
    auto response = co_await client_.call(std::move(request), deadline);
    if (!response) {
        co_return in_context("could not " + what, response.error());
    }
    if (response->status() != 0) {
        co_return Answer{response->status(), response->message()};
    }
    const auto status = structure_in<rd_p5_status>(response->data(), what);
    RUNDOWN_CO_TRY(status);
    co_return Answer{status->status, {}};
}

Awaitable<oracle::Census> Agent::census(Deadline deadline) {
    rpc::Request request;
    request.mutable_census();
    auto response = co_await ask(std::move(request), "take a census", deadline);
    RUNDOWN_CO_TRY(response);
    if (!response->has_census()) {
        co_return fail(ErrorKind::protocol, "the guest answered a census without one");
    }
    co_return census_in(response->census());
}

Awaitable<oracle::DriverQuery> Agent::query_driver(Deadline deadline) {
    rpc::Request request;
    request.mutable_driver_query()->set_service(kService);
    auto response = co_await ask(std::move(request), "tell the driver's state", deadline);
    RUNDOWN_CO_TRY(response);
    if (!response->has_driver()) {
        co_return fail(ErrorKind::protocol, "the guest told a driver's state without one");
    }
    const auto& state = response->driver();
    co_return oracle::DriverQuery{
        state.installed(),
        state.image_loaded(),
        state.image_base(),
        state.image_bytes(),
        state.state()};
}

Awaitable<Answer> Agent::power_off(Deadline deadline) {
    rpc::Request request;
    request.mutable_power_off();
    co_return co_await try_to(std::move(request), "power off", deadline);
}

}  // namespace rundown::run
