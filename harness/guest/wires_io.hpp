// SPDX-License-Identifier: MIT
// guest/wires_io.hpp
//
// The host's ends of a guest's wires. The harness listens before QEMU exists and QEMU connects as
// it starts, so not one byte is lost and no port is guessed; each listener closes once it has its
// connection. With Asio, on the loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/deadline.hpp"
#include "base/result.hpp"

namespace rundown::guest {

class Wires : public std::enable_shared_from_this<Wires> {
  public:
    using SerialStream = boost::asio::local::stream_protocol::socket;
    using NicStream = boost::asio::ip::tcp::socket;

    explicit Wires(boost::asio::any_io_executor loop)
        : loop_(loop),
          serial_listener_(loop),
          second_serial_listener_(loop),
          serial(loop),
          second_serial(loop) {}

    /// Listens on a unix socket for COM1. `mode`: of its file. Error: environment.
    result<void> listen_serial(const std::string& path, unsigned mode);
    /// The same for COM2.
    result<void> listen_second_serial(const std::string& path, unsigned mode);
    /// Listens on a free TCP port of 127.0.0.1, one call a NIC; gives back the port. Error:
    /// environment.
    result<std::uint16_t> listen_nic();

    /// Accepts one connection on each listener and closes it. Errors: timeout; cancelled (by
    /// close_listeners()).
    boost::asio::awaitable<result<void>> accept_all(Deadline deadline);

    /// Ends accept_all() early; also what a destructor would do.
    void close_listeners();

  private:
    boost::asio::any_io_executor loop_;
    boost::asio::local::stream_protocol::acceptor serial_listener_;
    boost::asio::local::stream_protocol::acceptor second_serial_listener_;  // Not open: no COM2.
    std::vector<boost::asio::ip::tcp::acceptor> nic_listeners_;
    bool closed_ = false;

  public:
    SerialStream serial;          // Connected after accept_all().
    SerialStream second_serial;   // Likewise, when it was listened for.
    std::vector<NicStream> nics;  // Likewise, in the order of listen_nic().
};

}  // namespace rundown::guest
