// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "run/agent_windows_io.hpp"

#include <fmt/format.h>

namespace rundown::run {
namespace {

constexpr std::uint32_t kPieceBytes = 4096;  // What an answer holds.

result<GuestVerifier> verifier_in(const rpc::Response& response) {
    if (!response.has_verifier()) {
        return fail(ErrorKind::protocol, "the guest told of the Verifier without its state");
    }
    const auto& from = response.verifier();
    GuestVerifier verifier;
    verifier.flags = from.flags();
    verifier.drivers.assign(from.drivers().begin(), from.drivers().end());
    verifier.active_flags = from.active_flags();
    verifier.active_drivers.assign(from.active_drivers().begin(), from.active_drivers().end());
    verifier.reboot_needed = from.reboot_needed();
    verifier.active_unknown = from.active_unknown();
    return verifier;
}

}  // namespace

Awaitable<std::vector<GuestDump>> guest_dumps(Agent& agent, Deadline deadline) {
    rpc::Request request;
    request.mutable_dump_list();
    auto response = co_await agent.ask(std::move(request), "list its crash dumps", deadline);
    RUNDOWN_CO_TRY(response);
    std::vector<GuestDump> dumps;
    for (const auto& dump : response->dumps().dump()) {
        dumps.push_back({dump.name(), dump.bytes(), dump.written()});
    }
    co_return dumps;
}

Awaitable<std::string> read_guest_dump(
    Agent& agent, const GuestDump& dump, std::uint64_t bytes_max, Deadline deadline
) {
    const std::string what = "read its dump " + dump.name;
    if (dump.bytes > bytes_max) {
        co_return fail(
            ErrorKind::refused,
            fmt::format("{} has {} bytes, more than {}", dump.name, dump.bytes, bytes_max)
        );
    }
    std::string bytes;
    while (bytes.size() < dump.bytes) {
        rpc::Request request;
        request.mutable_dump_read()->set_name(dump.name);
        request.mutable_dump_read()->set_offset(bytes.size());
        request.mutable_dump_read()->set_bytes(kPieceBytes);
        auto response = co_await agent.ask(std::move(request), what, deadline);
        RUNDOWN_CO_TRY(response);
        const std::string& piece = response->data();
        if (piece.empty() || piece.size() > dump.bytes - bytes.size()) {
            co_return fail(
                ErrorKind::protocol,
                fmt::format("the guest sent {} bytes of {} at once", piece.size(), dump.name)
            );
        }
        bytes += piece;
    }
    co_return bytes;
}

Awaitable<std::vector<GuestEvent>> guest_events(
    Agent& agent, const std::string& log, std::uint32_t count, Deadline deadline
) {
    rpc::Request request;
    request.mutable_event_log_tail()->set_log(log);
    request.mutable_event_log_tail()->set_count(count);
    auto response = co_await agent.ask(std::move(request), "tell its event log", deadline);
    RUNDOWN_CO_TRY(response);
    std::vector<GuestEvent> events;
    for (const auto& event : response->events().event()) {
        events.push_back({event.time(), event.type(), event.id(), event.source(), event.text()});
    }
    co_return events;
}

Awaitable<GuestVerifier> guest_verifier(Agent& agent, Deadline deadline) {
    rpc::Request request;
    request.mutable_verifier_query();
    auto response = co_await agent.ask(std::move(request), "tell what is verified", deadline);
    RUNDOWN_CO_TRY(response);
    co_return verifier_in(*response);
}

Awaitable<GuestVerifier> set_guest_verifier(
    Agent& agent, std::uint32_t flags, const std::vector<std::string>& drivers, Deadline deadline
) {
    rpc::Request request;
    request.mutable_verifier_set()->set_flags(flags);
    for (const std::string& driver : drivers) {
        request.mutable_verifier_set()->add_drivers(driver);
    }
    auto response = co_await agent.ask(std::move(request), "have drivers verified", deadline);
    RUNDOWN_CO_TRY(response);
    co_return verifier_in(*response);
}

}  // namespace rundown::run
