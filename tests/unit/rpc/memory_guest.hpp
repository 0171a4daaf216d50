// SPDX-License-Identifier: MIT
// unit/rpc/memory_guest.hpp
//
// A guest's end of both lines without a guest: the agent's server behind a socket and a line in
// ordinary memory, either of which can be made to misbehave.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/core/line_end.hpp"
#include "rpc/client_io.hpp"
#include "unit/agent/test_home.hpp"

namespace rundown::rpc {

class MemoryGuest {
  public:
    explicit MemoryGuest(boost::asio::io_context& loop)
        : client_end(loop), line(std::make_shared<rd_line>()), guest_end_(loop), poll_wake_(loop) {
        boost::asio::local::connect_pair(client_end, guest_end_);
        EXPECT_TRUE(home.server->initialise());
        home.on_transmit = [this](const std::string& frame) { transmit(frame); };
        home.on_restart_line = [this] { offer(); };
        boost::asio::co_spawn(loop, read(), boost::asio::detached);
        boost::asio::co_spawn(loop, poll(), boost::asio::detached);
    }
    ~MemoryGuest() { close(); }
    MemoryGuest(const MemoryGuest&) = delete;
    MemoryGuest& operator=(const MemoryGuest&) = delete;

    /// Begins the line anew, as a guest does that comes up.
    void offer() { end.offer(line.get(), ++home.line_epoch); }

    void close() {
        boost::system::error_code ignored;
        guest_end_.close(ignored);
        poll_wake_.cancel();
    }

    /// Takes what is in the ring, as after a doorbell.
    void look() {
        std::array<std::uint8_t, 8192> bytes;
        while (const std::size_t count = end.read(bytes.data(), bytes.size())) {
            std::string portion(bytes.begin(), bytes.begin() + static_cast<long>(count));
            if (on_portion) {
                on_portion(portion);
            }
            feed(agent::Port::memory, portion);
        }
        home.run_workers();
    }

    agent::TestHome home;
    Client::Stream client_end;
    std::shared_ptr<rd_line> line;
    agent::LineEnd end;
    bool has_bell = true;                            // Rings the host over the serial line.
    std::size_t serial_in = 0;                       // Bytes, doorbells included.
    std::size_t serial_out = 0;                      // The same.
    std::function<void(std::string&)> on_portion;    // Of the ring to the guest; may change it.
    std::function<void(std::string&)> on_frame_out;  // Into the ring to the host; may change it.
    std::function<void()> ring_host;                 // In place of the serial line's bell.
    std::string serial_garbage;                      // Goes before what is written next.

  private:
    boost::asio::awaitable<void> read() {
        std::array<std::uint8_t, 8192> bytes;
        for (;;) {
            const auto [error, count] = co_await guest_end_.async_read_some(
                boost::asio::buffer(bytes), boost::asio::as_tuple(boost::asio::use_awaitable)
            );
            if (error) {
                co_return;
            }
            serial_in += count;
            feed(
                agent::Port::serial,
                std::string(bytes.begin(), bytes.begin() + static_cast<long>(count))
            );
            look();
        }
    }

    /// The guest's safety net under lost bells.
    boost::asio::awaitable<void> poll() {
        while (guest_end_.is_open()) {
            poll_wake_.expires_after(std::chrono::milliseconds(20));
            co_await poll_wake_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
            look();
        }
    }

    void feed(agent::Port port, const std::string& bytes) {
        home.server->feed(port, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        home.run_workers();
    }

    void transmit(std::string frame) {
        if (!end.met() && !ring_host) {
            return write(frame);
        }
        if (on_frame_out) {
            on_frame_out(frame);
        }
        if (!end.write(reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size())) {
            return write(frame);
        }
        if (!end.other_waits()) {
            return;
        }
        if (ring_host) {
            ring_host();
        } else if (has_bell) {
            write(std::string(1, static_cast<char>(RD_LINE_BELL)));
        }
    }

    void write(std::string bytes) {
        bytes = std::exchange(serial_garbage, std::string()) + bytes;
        serial_out += bytes.size();
        boost::system::error_code ignored;
        boost::asio::write(guest_end_, boost::asio::buffer(bytes), ignored);
    }

    Client::Stream guest_end_;
    boost::asio::steady_timer poll_wake_;
};

}  // namespace rundown::rpc
