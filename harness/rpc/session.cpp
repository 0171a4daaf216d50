// SPDX-License-Identifier: MIT
#include "rpc/session.hpp"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

namespace rundown::rpc {
namespace {

std::string sealed(
    agent::FrameType type, std::uint32_t session, std::uint16_t sequence, const std::string& payload
) {
    std::string frame(agent::frame_bytes(payload.size()), '\0');
    payload.copy(frame.data() + agent::kFrameHeaderBytes, payload.size());
    agent::seal_frame(
        reinterpret_cast<std::uint8_t*>(frame.data()), {type, session, sequence}, payload.size()
    );
    return frame;
}

template <class Message>
std::optional<Message> parsed(std::span<const std::uint8_t> payload) {
    // What a guest sends wrong is told by the session, not by protobuf on the terminal.
    const google::protobuf::LogSilencer quiet;
    Message message;
    if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return std::nullopt;
    }
    return message;
}

FrameDropped nonsense(const char* what) {
    return FrameDropped{fmt::format("{} that cannot be decoded", what)};
}

}  // namespace

Session::Session(std::uint32_t id)
    : id_(id),
      buffer_(agent::kPorts * agent::kFrameBytesMax),
      decoders_{
          agent::FrameDecoder(buffer_.data()),
          agent::FrameDecoder(buffer_.data() + agent::kFrameBytesMax)} {}

std::string Session::hello_request() const {
    HelloRequest hello;
    hello.set_protocol_version(kProtocolVersion);
    hello.set_session_id(id_);
    return sealed(agent::FrameType::hello_request, id_, 0, hello.SerializeAsString());
}

result<OutgoingRequest> Session::request(const Request& request) {
    const std::string payload = request.SerializeAsString();
    if (payload.size() > agent::kFramePayloadMax) {
        return fail(
            ErrorKind::internal,
            fmt::format(
                "a request of {} bytes does not fit a frame ({})",
                payload.size(),
                agent::kFramePayloadMax
            )
        );
    }
    do {
        ++last_sequence_;
    } while (last_sequence_ == 0 || outstanding_.contains(last_sequence_));
    outstanding_.insert(last_sequence_);
    return OutgoingRequest{
        last_sequence_, sealed(agent::FrameType::request, id_, last_sequence_, payload)};
}

void Session::renew(std::uint32_t id) {
    id_ = id;
    outstanding_.clear();
}

void Session::take_frames(agent::Port port, std::vector<ReceivedFrame>& frames) {
    agent::FrameHead head;
    const std::uint8_t* payload = nullptr;
    std::size_t length = 0;
    while (decoders_[static_cast<std::size_t>(port)].next(&head, &payload, &length)) {
        frames.push_back({understand(head, {payload, length}), agent::frame_bytes(length), port});
    }
}

std::vector<ReceivedFrame> Session::receive(agent::Port port, std::span<const std::uint8_t> bytes) {
    std::vector<ReceivedFrame> frames;
    auto& decoder = decoders_[static_cast<std::size_t>(port)];
    while (!bytes.empty()) {
        bytes = bytes.subspan(decoder.feed(bytes.data(), bytes.size()));
        take_frames(port, frames);
    }
    return frames;
}

std::vector<ReceivedFrame> Session::line_is_silent() {
    std::vector<ReceivedFrame> frames;
    for (const auto port : {agent::Port::serial, agent::Port::memory}) {
        auto& decoder = decoders_[static_cast<std::size_t>(port)];
        if (decoder.buffered()) {
            decoder.give_up_frame();
            take_frames(port, frames);
        }
    }
    return frames;
}

std::uint64_t Session::skipped_bytes() const {
    std::uint64_t skipped = 0;
    for (const auto& decoder : decoders_) {
        skipped += decoder.statistics().skipped_bytes;
    }
    return skipped;
}

Incoming Session::understand(const agent::FrameHead& head, std::span<const std::uint8_t> payload) {
    if (head.type == agent::FrameType::hello) {
        if (head.session != id_ && head.session != 0) {
            return FrameDropped{fmt::format("a hello of session {:08x}", head.session)};
        }
        auto hello = parsed<Hello>(payload);
        if (!hello) {
            return nonsense("a hello");
        }
        return HelloReceived{std::move(*hello), head.session == id_};
    }
    if (head.session != id_) {
        return FrameDropped{fmt::format("a frame of session {:08x}", head.session)};
    }
    if (head.type == agent::FrameType::response) {
        if (!outstanding_.contains(head.sequence)) {
            return FrameDropped{
                fmt::format("an answer to request {}, which is not outstanding", head.sequence)};
        }
        auto response = parsed<Response>(payload);
        if (!response) {
            return nonsense("an answer");  // The request is sent again in its time.
        }
        outstanding_.erase(head.sequence);
        return ResponseReceived{head.sequence, std::move(*response)};
    }
    if (head.type == agent::FrameType::event) {
        auto event = parsed<Event>(payload);
        if (!event) {
            return nonsense("an event");
        }
        return EventReceived{std::move(*event)};
    }
    return FrameDropped{"a frame of a type the guest does not send"};
}

}  // namespace rundown::rpc
