// SPDX-License-Identifier: MIT
// rpc/session.hpp
//
// The host's side of a session as a machine without I/O: bytes of the line in, what they mean out;
// requests in, frames out. It numbers requests, knows which are outstanding, and drops what belongs
// to another session (a reply from before a reboot or a snapshot). Time is the caller's. Not
// thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/frame.hpp"
#include "base/result.hpp"
#include "rpc/messages.hpp"

namespace rundown::rpc {

/// Version of the protocol this program speaks (HelloRequest.protocol_version).
inline constexpr std::uint32_t kProtocolVersion = 1;

/// The agent said hello. `ours`: it answers this session's request; otherwise it came unasked.
struct HelloReceived {
    Hello hello;
    bool ours = false;
};
struct ResponseReceived {
    std::uint16_t sequence = 0;
    Response response;
};
struct EventReceived {
    Event event;
};
/// A good frame that is not for this session, or whose contents make no sense; `why` says which.
struct FrameDropped {
    std::string why;
};
using Incoming = std::variant<HelloReceived, ResponseReceived, EventReceived, FrameDropped>;

struct ReceivedFrame {
    Incoming content;
    std::size_t bytes = 0;  // Of the whole frame on the line.
    agent::Port port = agent::Port::serial;
};

struct OutgoingRequest {
    std::uint16_t sequence = 0;
    std::string frame;  // Sent again as it is when no answer comes.
};

class Session {
  public:
    /// `id` is drawn by the caller, not 0.
    explicit Session(std::uint32_t id);

    std::uint32_t id() const { return id_; }

    /// Begins another session on the same line: nothing of the old one is outstanding any more.
    void renew(std::uint32_t id);

    /// The frame that opens the session.
    std::string hello_request() const;

    /// Numbers a request and remembers it as outstanding. Error: internal, when it is larger than a
    /// frame may be.
    result<OutgoingRequest> request(const Request& request);

    /// Nobody waits for that answer any more; it is dropped when it comes.
    void forget(std::uint16_t sequence) { outstanding_.erase(sequence); }

    /// Takes bytes as they came over one of the two lines and says what good frames they completed.
    /// Garbage is skipped and counted.
    std::vector<ReceivedFrame> receive(agent::Port port, std::span<const std::uint8_t> bytes);

    /// Nothing has come for longer than a frame may take: what began and did not end is garbage,
    /// and may hide a good frame.
    std::vector<ReceivedFrame> line_is_silent();

    /// Bytes of both lines that belonged to no good frame.
    std::uint64_t skipped_bytes() const;

  private:
    void take_frames(agent::Port port, std::vector<ReceivedFrame>& frames);
    Incoming understand(const agent::FrameHead& head, std::span<const std::uint8_t> payload);

    std::uint32_t id_;
    std::uint16_t last_sequence_ = 0;
    std::set<std::uint16_t> outstanding_;
    std::vector<std::uint8_t> buffer_;
    std::array<agent::FrameDecoder, agent::kPorts> decoders_;
};

}  // namespace rundown::rpc
