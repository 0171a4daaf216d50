// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "guest/gdb_stub_io.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace rundown::guest {

namespace asio = boost::asio;

namespace {

constexpr auto kReturnErrors = asio::as_tuple(asio::use_awaitable);

Error gone(const boost::system::error_code& error) {
    return fail(ErrorKind::lost_contact, "QEMU's gdb stub is gone: " + error.message());
}

}  // namespace

auto GdbStub::connect(asio::any_io_executor loop, std::string path, Deadline deadline)
    -> Awaitable<std::unique_ptr<GdbStub>> {
    std::unique_ptr<GdbStub> stub(new GdbStub(loop));
    boost::system::error_code error;
    stub->socket_->connect(asio::local::stream_protocol::endpoint(path), error);
    if (error)
        co_return fail(
            ErrorKind::hypervisor,
            fmt::format("QEMU's gdb stub does not listen at {}: {}", path, error.message())
        );
    // The machine stands still from here on; the question makes sure that QEMU speaks the protocol.
    const auto answer = co_await stub->ask("?", deadline);
    if (!answer)
        co_return answer.error();
    if (!gdb_stop_signal(*answer))
        co_return fail(
            ErrorKind::protocol,
            "QEMU's gdb stub says \"" + *answer +
                "\" where it should say why the machine stands still"
        );
    co_return stub;
}

auto GdbStub::ask(std::string command, Deadline deadline) -> Awaitable<std::string> {
    RUNDOWN_CO_TRY(co_await send(std::move(command), deadline));
    co_return co_await packet(deadline);
}

auto GdbStub::watch_word(std::uint64_t address, Deadline deadline) -> Awaitable<void> {
    const auto answer = co_await ask(fmt::format("Z2,{:x},4", address), deadline);
    RUNDOWN_CO_TRY(answer);
    if (*answer != "OK")
        co_return fail(
            ErrorKind::hypervisor, "QEMU's gdb stub sets no watchpoint: \"" + *answer + "\""
        );
    co_return result<void>{};
}

auto GdbStub::go_on(Deadline deadline) -> Awaitable<void> {
    co_return co_await send("c", deadline);
}

auto GdbStub::stopped(Deadline deadline) -> Awaitable<unsigned> {
    const auto reply = co_await packet(deadline);
    RUNDOWN_CO_TRY(reply);
    const auto signal = gdb_stop_signal(*reply);
    if (!signal)
        co_return fail(
            ErrorKind::protocol, "QEMU's gdb stub said \"" + *reply + "\" while the machine ran"
        );
    co_return *signal;
}

void GdbStub::let_go() {
    // A machine that runs is stopped by the first byte, whatever it is; detaching removes
    // watchpoints and lets it run.
    const std::string farewell = "\x03" + gdb_packet("D");
    boost::system::error_code ignored;
    asio::write(*socket_, asio::buffer(farewell), ignored);
}

void GdbStub::close() {
    boost::system::error_code ignored;
    socket_->close(ignored);
}

auto GdbStub::send(std::string command, Deadline deadline) -> Awaitable<void> {
    const std::string bytes = gdb_packet(command);
    const auto [error, count] =
        co_await asio::async_write(*socket_, asio::buffer(bytes), kReturnErrors);
    if (error)
        co_return gone(error);
    // The stub's '+' comes before whatever follows it.
    for (;;) {
        const GdbInput input = decoder_.next();
        if (input.kind == GdbInputKind::ack)
            co_return result<void>{};
        if (input.kind == GdbInputKind::none)
            RUNDOWN_CO_TRY(co_await read_some(deadline));
        else
            co_return fail(
                ErrorKind::protocol,
                fmt::format(
                    "QEMU's gdb stub did not acknowledge \"{}\": {}", command, input.payload
                )
            );
    }
}

auto GdbStub::packet(Deadline deadline) -> Awaitable<std::string> {
    for (;;) {
        GdbInput input = decoder_.next();
        if (input.kind == GdbInputKind::packet) {
            boost::system::error_code ignored;  // A stub that is gone is noticed at the next read.
            asio::write(*socket_, asio::buffer("+", 1), ignored);
            co_return std::move(input.payload);
        }
        if (input.kind == GdbInputKind::garbage)
            co_return fail(ErrorKind::protocol, "QEMU's gdb stub sent " + input.payload);
        if (input.kind == GdbInputKind::none)
            RUNDOWN_CO_TRY(co_await read_some(deadline));
    }
}

auto GdbStub::read_some(Deadline deadline) -> Awaitable<void> {
    std::array<char, 4096> bytes;
    const auto expired = std::make_shared<bool>(false);
    asio::steady_timer timer(socket_->get_executor(), deadline.at());
    timer.async_wait([socket = socket_, expired](boost::system::error_code error) {
        if (!error) {
            *expired = true;
            boost::system::error_code ignored;
            socket->cancel(ignored);
        }
    });
    const auto [error, count] =
        co_await socket_->async_read_some(asio::buffer(bytes), kReturnErrors);
    timer.cancel();
    if (*expired && error)
        co_return deadline.expired();
    if (error)
        co_return gone(error);
    decoder_.feed({bytes.data(), count});
    co_return result<void>{};
}

}  // namespace rundown::guest
