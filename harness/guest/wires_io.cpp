// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/wires_io.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "guest/spec.hpp"

namespace rundown::guest {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

Error cannot_listen(const std::string& where, const boost::system::error_code& error) {
    return fail(
        ErrorKind::environment, fmt::format("cannot listen on {}: {}", where, error.message())
    );
}

template <class Acceptor, class Endpoint>
boost::system::error_code start_listening(Acceptor& acceptor, const Endpoint& endpoint) {
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error)
        acceptor.bind(endpoint, error);
    if (!error)
        acceptor.listen(1, error);
    return error;
}

result<void> listen_at(
    stream_protocol::acceptor& listener, const std::string& path, unsigned mode
) {
    if (path.size() > kSocketPathMax)
        return fail(
            ErrorKind::environment,
            fmt::format("{} is too long for a socket; set XDG_RUNTIME_DIR", path)
        );
    if (const auto error = start_listening(listener, stream_protocol::endpoint(path)))
        return cannot_listen(path, error);
    ::chmod(path.c_str(), mode);
    return {};
}

/// Room for what a guest sends while this process is not run, on a machine with other things to do:
/// QEMU keeps 10,000 frames that a wire does not take, and drops those beyond. The kernel's own way
/// of making room waits for us to read. Of a listener, because a connection's window is fixed as it
/// begins. More than the machine's limit is root's to ask for; others get what they get.
void make_room(tcp::acceptor& acceptor) {
    constexpr int kBytes = 64 << 20;  // Some two seconds of the fastest guest.
    static_cast<void>(
        ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_RCVBUFFORCE, &kBytes, sizeof(kBytes))
    );
}

}  // namespace

result<void> Wires::listen_serial(const std::string& path, unsigned mode) {
    return listen_at(serial_listener_, path, mode);
}

result<void> Wires::listen_second_serial(const std::string& path, unsigned mode) {
    return listen_at(second_serial_listener_, path, mode);
}

result<std::uint16_t> Wires::listen_nic() {
    tcp::acceptor& acceptor = nic_listeners_.emplace_back(loop_);
    if (const auto error =
            start_listening(acceptor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)))
        return cannot_listen("127.0.0.1", error);
    make_room(acceptor);
    boost::system::error_code error;
    const tcp::endpoint bound = acceptor.local_endpoint(error);
    if (error)
        return cannot_listen("127.0.0.1", error);
    return bound.port();
}

asio::awaitable<result<void>> Wires::accept_all(Deadline deadline) {
    // One timer for all: it closes the listeners, which ends the accept under way.
    asio::steady_timer timer(loop_, deadline.at());
    const auto expired = std::make_shared<bool>(false);
    timer.async_wait([self = shared_from_this(), expired](boost::system::error_code error) {
        if (error)
            return;
        *expired = true;
        self->close_listeners();
    });
    const auto failed = [&](const char* what,
                            const boost::system::error_code& error) -> result<void> {
        if (*expired)
            return deadline.expired();
        if (closed_)
            return fail(ErrorKind::cancelled, "the wait for the guest's wires was ended");
        return fail(
            ErrorKind::hypervisor, fmt::format("cannot accept {}: {}", what, error.message())
        );
    };
    if (closed_)
        co_return failed("the serial line", {});
    auto [serial_error, stream] = co_await serial_listener_.async_accept(kAsTuple);
    if (serial_error)
        co_return failed("the serial line", serial_error);
    serial = std::move(stream);
    if (second_serial_listener_.is_open()) {
        auto [error, second] = co_await second_serial_listener_.async_accept(kAsTuple);
        if (error)
            co_return failed("COM2", error);
        second_serial = std::move(second);
    }
    for (tcp::acceptor& acceptor : nic_listeners_) {
        auto [error, nic] = co_await acceptor.async_accept(kAsTuple);
        if (error)
            co_return failed("a NIC", error);
        boost::system::error_code ignored;
        nic.set_option(
            tcp::no_delay(true), ignored
        );  // Frames are small and somebody waits for each.
        nics.push_back(std::move(nic));
    }
    close_listeners();
    co_return result<void>();
}

void Wires::close_listeners() {
    closed_ = true;
    boost::system::error_code ignored;
    serial_listener_.close(ignored);
    second_serial_listener_.close(ignored);
    for (tcp::acceptor& acceptor : nic_listeners_)
        acceptor.close(ignored);
}

}  // namespace rundown::guest
