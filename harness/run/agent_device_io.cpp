// SPDX-License-Identifier: MIT
// What is asked of the driver through its control device: IOCTLs of rundown/protocol5_ioctl.h, and
// handles.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <cstring>

#include "run/agent_io.hpp"

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

/// An IOCTL of the test driver's control device.
rpc::Request control_request(std::uint32_t code, std::string input, std::uint32_t output_bytes) {
    rpc::Request request;
    auto& ioctl = *request.mutable_ioctl();
    ioctl.set_device(kControlDevice);
    ioctl.set_code(code);
    ioctl.set_input(std::move(input));
    ioctl.set_output_bytes(output_bytes);
    return request;
}

}  // namespace

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

Awaitable<void> Agent::hold_at(const rd_p5_sync_hold& hold, Deadline deadline) {
    const std::string what = "arm a sync point";
    RUNDOWN_CO_TRY(co_await ioctl(RD_P5_IOCTL_SYNC_HOLD, bytes_of(hold), 0, what, deadline));
    co_return result<void>{};
}

Awaitable<rd_p5_trace_place> Agent::trace_place(Deadline deadline) {
    const std::string what = "say where its trace is";
    const std::string nothing;  // Named: GCC 12 destroys a braced temporary of a co_await twice.
    auto response =
        co_await ioctl(RD_P5_IOCTL_GET_TRACE, nothing, sizeof(rd_p5_trace_place), what, deadline);
    RUNDOWN_CO_TRY(response);
    co_return structure_in<rd_p5_trace_place>(response->data(), what);
}

Awaitable<TracePiece> Agent::drain_trace(const std::string& device, Deadline deadline) {
    rpc::Request request;
    request.mutable_trace_drain()->set_device(device);
    auto response = co_await ask(std::move(request), "drain the trace", deadline);
    RUNDOWN_CO_TRY(response);
    co_return piece_of(
        response->data(), response->value(), response->lost(), response->counter_hz()
    );
}

Awaitable<void> Agent::hold_request(std::uint32_t count, Deadline deadline) {
    const rd_p5_hold hold{count};
    const std::string what = "keep an OID request in flight";
    RUNDOWN_CO_TRY(co_await ioctl(RD_P5_IOCTL_HOLD_REQUEST, bytes_of(hold), 0, what, deadline));
    co_return result<void>{};
}

Awaitable<void> Agent::hold_receives(std::uint32_t count, Deadline deadline) {
    const rd_p5_hold hold{count};
    const std::string what = "keep received packets";
    RUNDOWN_CO_TRY(co_await ioctl(RD_P5_IOCTL_HOLD_RECEIVES, bytes_of(hold), 0, what, deadline));
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

Awaitable<std::uint64_t> Agent::open_handle(const std::string& device, Deadline deadline) {
    rpc::Request request;
    request.mutable_handle_open()->set_device(device);
    auto response = co_await ask(std::move(request), "open " + device, deadline);
    RUNDOWN_CO_TRY(response);
    co_return response->value();
}

Awaitable<Answer> Agent::close_handle(std::uint64_t handle, Deadline deadline) {
    rpc::Request request;
    request.mutable_handle_close()->set_handle(static_cast<std::uint32_t>(handle));
    co_return co_await try_to(std::move(request), "close a handle", deadline);
}

Awaitable<void> Agent::churn_handles(
    const std::string& device, std::uint32_t count, Deadline deadline
) {
    rpc::Request request;
    request.mutable_handle_churn()->set_device(device);
    request.mutable_handle_churn()->set_count(count);
    RUNDOWN_CO_TRY(co_await ask(std::move(request), "open and close handles", deadline));
    co_return result<void>{};
}

}  // namespace rundown::run
