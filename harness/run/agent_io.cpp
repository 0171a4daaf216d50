// SPDX-License-Identifier: MIT
#include "run/agent_io.hpp"

#include <fmt/format.h>

namespace rundown::run {
namespace {

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
        const auto* bytes = reinterpret_cast<const char*>(&base);
        add_binary(install, "TraceBase", std::string(bytes, sizeof(base)));
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

Awaitable<std::vector<AdapterState>> Agent::adapters(Deadline deadline) {
    rpc::Request request;
    request.mutable_adapter_list();
    auto response = co_await ask(std::move(request), "list the adapters", deadline);
    RUNDOWN_CO_TRY(response);
    std::vector<AdapterState> adapters;
    for (const auto& adapter : response->adapters().adapter()) {
        adapters.push_back({adapter.name(), adapter.started(), adapter.link_up()});
    }
    co_return adapters;
}

Awaitable<Answer> Agent::disable(const std::string& adapter, Deadline deadline) {
    rpc::Request request;
    request.mutable_adapter_disable()->set_adapter(adapter);
    co_return co_await try_to(std::move(request), "disable " + adapter, deadline);
}

Awaitable<Answer> Agent::enable(const std::string& adapter, Deadline deadline) {
    rpc::Request request;
    request.mutable_adapter_enable()->set_adapter(adapter);
    co_return co_await try_to(std::move(request), "enable " + adapter, deadline);
}

Awaitable<void> Agent::mark(rd_trace_mark mark, std::uint64_t value, Deadline deadline) {
    rpc::Request request;
    request.mutable_mark()->set_mark(mark);
    request.mutable_mark()->set_value(value);
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "mark the trace", deadline));
    co_return result<void>{};
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

Awaitable<Answer> Agent::reboot(Deadline deadline) {
    rpc::Request request;
    request.mutable_reboot();
    co_return co_await try_to(std::move(request), "restart", deadline);
}

}  // namespace rundown::run
