// SPDX-License-Identifier: MIT
// rpc/client_io.hpp
//
// The host's end of the RPC: a session over a guest's lines, requests with deadlines, events.
// With Asio; everything runs on the stream's executor. A request is sent again, as it was, while no
// answer comes: the agent performs it once, and gives the same answer again (RPC_FORMAT.md). A
// guest that restarts says hello unasked: the session is over then, and open() begins the next.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "rpc/guest_line_io.hpp"
#include "rpc/messages.hpp"

namespace rundown::rpc {

struct ClientOptions {
    std::string log_file;    // One line a frame; empty: none.
    std::uint32_t seed = 0;  // The session id is drawn from it and the process's own entropy.
    Milliseconds resend_after{1000};    // First time without an answer; doubled each time.
    Milliseconds ask_again_after{200};  // For the hello. What a guest that boots for long has
                                        // not read yet waits in its line.
    std::shared_ptr<rd_line> memory = nullptr;     // The window's part for the line; null: none.
    std::shared_ptr<Doorbell> doorbell = nullptr;  // In place of the serial line's; see GuestLine.
};

struct ClientStatistics {
    std::uint64_t frames_sent = 0;
    std::uint64_t frames_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t resent = 0;
    std::uint64_t dropped = 0;             // Good frames of another session, or without sense.
    std::uint64_t skipped_bytes = 0;       // Garbage on the line.
    std::uint64_t memory_frames_sent = 0;  // Of the frames, those over the line in memory.
    std::uint64_t memory_frames_received = 0;
    std::uint64_t bells_rung = 0;
};

class Client {
  public:
    using Stream = GuestLine::Stream;

    /// Begins to read at once.
    Client(Stream stream, ClientOptions options);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// Opens the session: asks for the agent's hello until it comes. Errors: guest_boot (no hello
    /// in time), lost_contact, protocol (an agent of another version), environment (the log file).
    /// May be called again after the guest has restarted; one call at a time.
    boost::asio::awaitable<result<Hello>> open(Deadline deadline);

    /// One request and its answer; any number at a time. Errors: timeout (names the operation),
    /// lost_contact (the line is closed, or the guest restarted), internal (no session is open, or
    /// the request does not fit a frame).
    boost::asio::awaitable<result<Response>> call(Request request, Deadline deadline);

    /// The guest has rung a doorbell of the options': takes what is in memory. Answers are with
    /// those who wait for them when the executor has run what is ready.
    void look();

    /// Called for each event of the guest's, on the executor.
    void on_event(std::function<void(const Event&)> handler);

    /// Ends every call in progress with lost_contact, and the session. May be called again.
    void close();

    ClientStatistics statistics() const;

    /// Why the log file is not whole; nothing when it is.
    std::optional<Error> log_error() const;

    /// Bytes of a file that one chunk carries, as the agent said in its hello; never 0.
    std::size_t chunk_bytes() const;

  private:
    struct Line;
    std::shared_ptr<Line> line_;
};

/// Puts a file into the guest, in chunks, checked against its SHA-256 at the end. The guest
/// replaces a file of that name.
boost::asio::awaitable<result<void>> put_file(
    Client& client, std::string name, std::string bytes, Deadline deadline
);

/// Gets a file of the guest's, checked against the SHA-256 it tells.
boost::asio::awaitable<result<std::string>> get_file(
    Client& client, std::string name, Deadline deadline
);

}  // namespace rundown::rpc
