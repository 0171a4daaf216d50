// SPDX-License-Identifier: MIT
// rpc/guest_line_io.hpp
//
// The two ways to a guest's agent: its serial line, which is always there, and the line in the
// shared-memory window (rundown/line_abi.h), which is taken while both ends are attached to it.
// Bytes that come over either are handed on; frames go over memory where that is in order. The
// serial line is the doorbell too. With Asio; everything runs on the stream's executor.
#pragma once

#include <rundown/line_abi.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "agent/core/frame.hpp"
#include "agent/core/line_end.hpp"
#include "base/deadline.hpp"
#include "rpc/doorbell.hpp"

namespace rundown::rpc {

/// Who hears of the line. Not called any more once the line was closed.
struct LineHandlers {
    /// Bytes have come; the span is valid during the call.
    std::function<void(agent::Port, std::span<const std::uint8_t>)> bytes;
    /// Nothing has come for a quarter of a second: what began and did not end is garbage.
    std::function<void()> silent;
    /// The guest's counters in memory make no sense (the sentence says which): frames may be lost,
    /// and everything goes over the serial line from now on.
    std::function<void(std::string)> fault;
    /// The serial line has ended.
    std::function<void(std::string)> lost;
};

class GuestLine : public std::enable_shared_from_this<GuestLine> {
  public:
    using Stream = boost::asio::local::stream_protocol::socket;

    /// `memory`: null where the guest has no window. `doorbell`: null where the serial line is it;
    /// else the rings are all there is, and the serial line is only watched for its end.
    GuestLine(Stream stream, std::shared_ptr<rd_line> memory, std::shared_ptr<Doorbell> doorbell);

    boost::asio::any_io_executor executor() { return stream_.get_executor(); }

    /// Begins to read. Once.
    void start(LineHandlers handlers);

    /// Takes part in the line that the guest offers as `epoch`; frames go that way from now on.
    /// False: there is no such line in memory. Nothing happens when it does so already.
    bool attach(std::uint32_t epoch);
    /// The guest began anew: back to the serial line.
    void detach();

    /// Sends one frame. `serial`: over the serial line, whatever else there is.
    agent::Port send(std::string frame, bool serial);

    /// Takes what is in the ring from the guest, and puts into the other what did not fit.
    void look();

    /// Closes both; may be called again.
    void close();

    std::uint64_t bells_rung() const { return bells_rung_; }

  private:
    boost::asio::awaitable<void> read_loop();
    boost::asio::awaitable<void> write_loop();
    boost::asio::awaitable<void> poll_loop();
    bool use_memory();
    bool take_portion();
    bool put_into_ring(const std::string& frame);
    void queue(std::string bytes);
    void ring();
    void tell_fault();
    void lose(const std::string& why);

    Stream stream_;
    std::shared_ptr<rd_line> memory_;
    std::shared_ptr<Doorbell> doorbell_;
    LineHandlers handlers_;
    agent::LineEnd end_;
    std::deque<std::string> to_write_;  // Over the serial line.
    std::deque<std::string> unsent_;    // The ring has no room for them yet.
    boost::asio::steady_timer write_wake_;
    boost::asio::steady_timer poll_wake_;
    TimePoint last_bytes_;
    std::uint64_t bells_rung_ = 0;
    bool is_writing_ = false;
    bool is_closed_ = false;
};

}  // namespace rundown::rpc
