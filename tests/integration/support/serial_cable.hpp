// SPDX-License-Identifier: MIT
// integration/support/serial_cable.hpp
//
// A serial line between a program that opens a terminal device and the host's client, which talks
// over a socket: a pseudo-terminal, a pair of sockets, and a thread that carries bytes. It can stop
// carrying, as a host that reads nothing, and put bytes of its own on the line.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <mutex>
#include <string>
#include <thread>

#include "rpc/client_io.hpp"

namespace rundown::integration {

class SerialCable {
  public:
    /// `link`: the symbolic link to lead to the terminal; removed at the end.
    explicit SerialCable(std::string link);
    ~SerialCable();
    SerialCable(const SerialCable&) = delete;
    SerialCable& operator=(const SerialCable&) = delete;

    /// The link appears: the port is there from now on.
    void plug_in();

    /// A new end for the host's client; the last one's other side is closed.
    rpc::Client::Stream host_end(boost::asio::io_context& loop);

    /// Nothing is carried to the host until told otherwise: the line backs up into the guest.
    void hold_guest_bytes(bool held) { held_ = held; }

    void say_to_guest(const std::string& bytes);
    void say_to_host(const std::string& bytes);

    /// Bytes the guest has said so far.
    std::size_t guest_bytes() const { return guest_bytes_; }

  private:
    void carry();
    void carry_to_host();
    void carry_to_guest(int host);

    std::string link_;
    std::string terminal_;
    int guest_ = -1;  // The pseudo-terminal's master.
    int slave_ = -1;  // Kept open: the master ends with its last slave.
    std::mutex host_lock_;
    int host_ = -1;  // Our end of the pair.
    std::atomic<bool> held_ = false;
    std::atomic<bool> is_over_ = false;
    std::atomic<std::size_t> guest_bytes_ = 0;
    std::thread thread_;
};

}  // namespace rundown::integration
