// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "rpc/client_io.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <random>
#include <utility>

#include "base/file_io.hpp"
#include "rpc/operation.hpp"
#include "rpc/session.hpp"

namespace rundown::rpc {

namespace asio = boost::asio;

namespace {

constexpr auto kReturnErrors = asio::as_tuple(asio::use_awaitable);
constexpr Milliseconds kResendAfterMax{8000};
// Whatever an agent says, chunks make progress and fit a frame with their handle and offset.
constexpr std::size_t kChunkBytesMin = 64;
constexpr std::size_t kChunkBytesMax = agent::kFramePayloadMax - 64;

/// A guest that is met at a doorbell of its own is to see the same bytes in every run of a seed.
std::uint32_t draw_session_id(const ClientOptions& options) {
    std::random_device random;
    std::seed_seq sequence = options.doorbell ? std::seed_seq{options.seed}
                                              : std::seed_seq{options.seed, random(), random()};
    std::uint32_t id = 0;
    sequence.generate(&id, &id + 1);
    return id != 0 ? id : 1;
}

}  // namespace

/// What the two loops and the callers share; whoever is last lets go of it.
struct Client::Line : std::enable_shared_from_this<Client::Line> {
    /// Somebody waits for an answer; the timer is cancelled when it is there.
    struct Waiter {
        Waiter(const asio::any_io_executor& executor, std::string operation_)
            : wake(executor), operation(std::move(operation_)) {}
        asio::steady_timer wake;
        std::string operation;
        bool restarted = false;
        bool must_resend = false;
        std::optional<Response> response;
    };

    Line(Stream stream, ClientOptions options_)
        : options(std::move(options_)),
          wire(std::make_shared<GuestLine>(std::move(stream), options.memory, options.doorbell)),
          session(draw_session_id(options)),
          hello_wake(wire->executor()),
          start(Clock::now()) {
        if (!options.log_file.empty()) {
            static_cast<void>(log.open(options.log_file));  // open() tells.
        }
    }

    void begin();
    void take(ReceivedFrame&& frame);
    void take_hello(HelloReceived&& greeting, const ReceivedFrame& frame);
    void take_response(ResponseReceived&& answer, const ReceivedFrame& frame);
    void take_all(std::vector<ReceivedFrame> frames);
    void end_session();
    void send(std::string frame, std::string_view what, unsigned sequence, bool serial = false);
    void send_all_again(const std::string& why);
    void lose(std::string why);
    void note_garbage();
    void note(
        const char* direction,
        std::string_view what,
        unsigned sequence,
        std::size_t bytes,
        agent::Port port = agent::Port::serial
    );
    Error lost() const {
        return fail(ErrorKind::lost_contact, "the guest's serial line is closed: " + lost_why);
    }
    static Error restarted() {
        return fail(ErrorKind::lost_contact, "the guest restarted: its agent said hello again");
    }

    ClientOptions options;
    std::shared_ptr<GuestLine> wire;
    Session session;
    std::optional<Hello> hello;
    asio::steady_timer hello_wake;
    std::map<std::uint16_t, Waiter*> waiters;
    std::function<void(const Event&)> handler;
    ClientStatistics statistics;
    LogFile log;
    TimePoint start;
    bool is_opening = false;
    bool has_restarted = false;  // Since the last open().
    bool is_lost = false;
    std::string lost_why;
};

void Client::Line::note(
    const char* direction,
    std::string_view what,
    unsigned sequence,
    std::size_t bytes,
    agent::Port port
) {
    if (log.is_open()) {
        const auto at = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
        log.append(fmt::format(
            "{:>12.6f} {} {:<24} {:>5} {:>6} {}\n",
            static_cast<double>(at.count()) / 1e6,
            direction,
            what,
            sequence,
            bytes,
            port == agent::Port::memory ? "memory" : "serial"
        ));
    }
}

/// Bytes that made no frame since the last time: each piece is told once, as it is given up.
void Client::Line::note_garbage() {
    const std::uint64_t skipped = session.skipped_bytes();
    if (skipped != statistics.skipped_bytes) {
        note("<", "garbage", 0, skipped - statistics.skipped_bytes);
        statistics.skipped_bytes = skipped;
    }
}

void Client::Line::send(std::string frame, std::string_view what, unsigned sequence, bool serial) {
    const std::size_t bytes = frame.size();
    ++statistics.frames_sent;
    statistics.bytes_sent += bytes;
    const agent::Port port = wire->send(std::move(frame), serial);
    statistics.memory_frames_sent += port == agent::Port::memory;
    note(">", what, sequence, bytes, port);
}

/// The line in memory is broken: what was in it may be lost.
void Client::Line::send_all_again(const std::string& why) {
    note("<", why, 0, 0, agent::Port::memory);
    for (auto& [sequence, waiter] : waiters) {
        waiter->must_resend = true;
        waiter->wake.cancel();
    }
}

void Client::Line::lose(std::string why) {
    if (is_lost) {
        return;
    }
    is_lost = true;
    lost_why = std::move(why);
    wire->close();
    hello_wake.cancel();
    for (auto& [sequence, waiter] : waiters) {
        waiter->wake.cancel();
    }
}

/// The guest began anew: no answer will come, and the next open() is another session.
void Client::Line::end_session() {
    hello.reset();
    has_restarted = true;
    wire->detach();
    session.renew(draw_session_id(options));
    for (auto& [sequence, waiter] : waiters) {
        waiter->restarted = true;
        waiter->wake.cancel();
    }
}

void Client::Line::take_hello(HelloReceived&& greeting, const ReceivedFrame& frame) {
    note("<", greeting.ours ? "hello" : "hello (unasked)", 0, frame.bytes, frame.port);
    if (greeting.ours) {
        hello = std::move(greeting.hello);
        if (hello->line_epoch() != 0 && options.memory && !wire->attach(hello->line_epoch())) {
            note("<", "a line that is not in memory", 0, 0, agent::Port::memory);
        }
        hello_wake.cancel();
    } else if (hello) {
        end_session();
    } else if (is_opening) {
        // It is up now: no need to wait for the next try.
        send(session.hello_request(), "hello_request", 0);
    }
}

void Client::Line::take_response(ResponseReceived&& answer, const ReceivedFrame& frame) {
    const auto waiter = waiters.find(answer.sequence);
    if (waiter == waiters.end()) {
        return;  // The session knows whom it waits for; it dropped the others.
    }
    note("<", waiter->second->operation, answer.sequence, frame.bytes, frame.port);
    waiter->second->response = std::move(answer.response);
    waiter->second->wake.cancel();
}

void Client::Line::take(ReceivedFrame&& frame) {
    ++statistics.frames_received;
    statistics.memory_frames_received += frame.port == agent::Port::memory;
    if (auto* greeting = std::get_if<HelloReceived>(&frame.content)) {
        take_hello(std::move(*greeting), frame);
    } else if (auto* answer = std::get_if<ResponseReceived>(&frame.content)) {
        take_response(std::move(*answer), frame);
    } else if (auto* unasked = std::get_if<EventReceived>(&frame.content)) {
        note("<", "event", 0, frame.bytes, frame.port);
        if (handler) {
            handler(unasked->event);
        }
    } else {
        ++statistics.dropped;
        note(
            "<", "dropped: " + std::get<FrameDropped>(frame.content).why, 0, frame.bytes, frame.port
        );
    }
}

void Client::Line::take_all(std::vector<ReceivedFrame> frames) {
    for (auto& frame : frames) {
        take(std::move(frame));
    }
    note_garbage();
}

/// The handlers are called while the wire is open only, and whoever destroys this closes it first.
void Client::Line::begin() {
    LineHandlers handlers;
    handlers.bytes = [this](agent::Port port, std::span<const std::uint8_t> bytes) {
        statistics.bytes_received += bytes.size();
        take_all(session.receive(port, bytes));
    };
    handlers.silent = [this] { take_all(session.line_is_silent()); };
    handlers.fault = [this](const std::string& why) { send_all_again(why); };
    handlers.lost = [this](std::string why) { lose(std::move(why)); };
    wire->start(std::move(handlers));
}

Client::Client(Stream stream, ClientOptions options)
    : line_(std::make_shared<Line>(std::move(stream), std::move(options))) {
    line_->begin();
}

Client::~Client() {
    close();
}

void Client::close() {
    line_->lose("closed by the harness");
}

void Client::on_event(std::function<void(const Event&)> handler) {
    line_->handler = std::move(handler);
}

ClientStatistics Client::statistics() const {
    ClientStatistics statistics = line_->statistics;
    statistics.bells_rung = line_->wire->bells_rung();
    return statistics;
}

void Client::look() {
    line_->wire->look();
}

std::optional<Error> Client::log_error() const {
    return line_->log.error();
}

std::size_t Client::chunk_bytes() const {
    const std::size_t told = line_->hello ? line_->hello->chunk_bytes_max() : 0;
    return std::clamp(told, kChunkBytesMin, kChunkBytesMax);
}

asio::awaitable<result<Hello>> Client::open(Deadline deadline) {
    const auto line = line_;
    if (line->log.error()) {
        co_return *line->log.error();
    }
    line->is_opening = true;
    line->has_restarted = false;
    while (!line->hello && !line->is_lost && !deadline.passed(Clock::now())) {
        line->send(line->session.hello_request(), "hello_request", 0);
        // An agent that comes up says hello unasked; one that was up before us has to be asked.
        line->hello_wake.expires_at(std::min(
            deadline.at(),
            Clock::now() + (line->options.doorbell ? line->options.resend_after
                                                   : line->options.ask_again_after)
        ));
        co_await line->hello_wake.async_wait(kReturnErrors);
    }
    line->is_opening = false;
    if (line->is_lost) {
        co_return line->lost();
    }
    if (!line->hello) {
        co_return fail(ErrorKind::guest_boot, deadline.expired().sentence);
    }
    if (line->hello->protocol_version() != kProtocolVersion) {
        co_return fail(
            ErrorKind::protocol,
            fmt::format(
                "the agent in the guest speaks version {} of the protocol, this program version "
                "{}; rebuild the guest (`make build`)",
                line->hello->protocol_version(),
                kProtocolVersion
            )
        );
    }
    co_return *line->hello;
}

asio::awaitable<result<Response>> Client::call(Request request, Deadline deadline) {
    const auto line = line_;
    if (line->is_lost) {
        co_return line->lost();
    }
    if (!line->hello) {
        co_return line->has_restarted
            ? Line::restarted()
            : fail(ErrorKind::internal, "a request before the session was opened");
    }
    const auto outgoing = line->session.request(request);
    if (!outgoing) {
        co_return outgoing.error();
    }
    const std::string name = operation_name(request);
    Line::Waiter waiter(line->wire->executor(), name);
    line->waiters.emplace(outgoing->sequence, &waiter);
    line->send(outgoing->frame, name, outgoing->sequence);
    Milliseconds patience = line->options.resend_after;
    for (;;) {
        waiter.wake.expires_at(std::min(deadline.at(), Clock::now() + patience));
        co_await waiter.wake.async_wait(kReturnErrors);
        if (waiter.response || waiter.restarted || line->is_lost || deadline.passed(Clock::now())) {
            break;
        }
        if (!std::exchange(waiter.must_resend, false)) {
            patience = std::min(patience * 2, kResendAfterMax);
        }
        ++line->statistics.resent;
        line->send(outgoing->frame, name + " (again)", outgoing->sequence, true);
    }
    line->waiters.erase(outgoing->sequence);
    line->session.forget(outgoing->sequence);
    if (waiter.response) {
        co_return std::move(*waiter.response);
    }
    if (line->is_lost || waiter.restarted) {
        co_return in_context("operation " + name, line->is_lost ? line->lost() : Line::restarted());
    }
    co_return in_context("operation " + name, deadline.expired());
}

}  // namespace rundown::rpc
