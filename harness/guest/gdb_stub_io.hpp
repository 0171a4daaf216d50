// SPDX-License-Identifier: MIT
// guest/gdb_stub_io.hpp
//
// A conversation with QEMU's gdb stub over its socket: one breakpoint, stops at it, and going on
// behind it. Connecting stops the machine. With Asio; on the loop.
// https://www.qemu.org/docs/master/system/gdb.html
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "guest/gdb_packets.hpp"

namespace rundown::guest {

class GdbStub {
  public:
    template <class T>
    using Awaitable = boost::asio::awaitable<result<T>>;

    /// Connects; QEMU listens there from its start. Errors: hypervisor (nobody listens).
    static Awaitable<std::unique_ptr<GdbStub>> connect(
        boost::asio::any_io_executor loop, std::string path, Deadline deadline
    );

    /// Sends a command that is answered at once, while the machine stands still; its reply. An
    /// empty reply: QEMU does not know it. Errors: timeout, lost_contact (QEMU is gone), protocol
    /// (what came is no packet).
    Awaitable<std::string> ask(std::string command, Deadline deadline);
    /// Stops the machine right behind every instruction that writes to the word of 4 bytes at
    /// `address`, from now on.
    Awaitable<void> watch_word(std::uint64_t address, Deadline deadline);
    /// Lets the machine run, from where it is.
    Awaitable<void> go_on(Deadline deadline);
    /// Waits until it stands still; the signal (kGdbTrap: the watchpoint).
    Awaitable<unsigned> stopped(Deadline deadline);

    /// Takes the watchpoint away and lets the machine run by itself, whatever it does at the
    /// moment; after that nothing more is asked of it. Does not wait.
    void let_go();
    /// Ends every wait with lost_contact.
    void close();

  private:
    using Socket = boost::asio::local::stream_protocol::socket;
    explicit GdbStub(boost::asio::any_io_executor loop) : socket_(std::make_shared<Socket>(loop)) {}
    Awaitable<void> send(std::string command, Deadline deadline);
    Awaitable<std::string> packet(Deadline deadline);
    Awaitable<void> read_some(Deadline deadline);

    std::shared_ptr<Socket> socket_;  // Shared with the timers of waits.
    GdbDecoder decoder_;
};

}  // namespace rundown::guest
