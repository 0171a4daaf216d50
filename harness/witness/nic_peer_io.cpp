// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "witness/nic_peer_io.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "witness/capture_io.hpp"
#include "witness/far_end_io.hpp"
#include "witness/stream_decoder.hpp"
#include "witness/traffic.hpp"

namespace rundown::witness {

namespace asio = boost::asio;

namespace {

constexpr auto kReturnErrors = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kHeavyBatch = 16;  // Frames a write: about 12 KiB.
constexpr Milliseconds kLightPeriod{10};
constexpr std::chrono::microseconds kBetweenLooks{20};
// Frames written long before the guest takes them would belong to another phase of the run.
constexpr int kSendBuffer = 64 << 10;

}  // namespace

/// What the two loops share. They hold it, so that it outlives them whatever its owner does.
struct NicPeer::Wire {
    Wire(Stream stream_, const NicPeerOptions& options)
        : stream(std::move(stream_)),
          pace_changed(stream.get_executor(), TimePoint::max()),
          traffic(options.seed, options.index, options.nic_address) {}

    Stream stream;
    asio::steady_timer pace_changed;  // Cancelled at each change; never expires.
    Traffic traffic;
    NicWatch watch;
    StreamDecoder decoder;
    std::unique_ptr<Capture> capture;
    Pace pace = Pace::silent;
    std::uint64_t frames_to_guest = 0;
    std::uint64_t bytes_to_guest = 0;
    std::optional<FarEnd> far_end;  // Of a peer that is paced outside.
    TimePoint last_arrival = Clock::now();
    std::optional<Error> error;  // The first.
    bool closed = false;

    void take(std::span<const std::byte> bytes);
    void capture_sent(std::span<const std::byte> wire_bytes);
    void note(const Error& what) {
        if (!error) {
            error = what;
        }
    }

    static asio::awaitable<void> read_always(std::shared_ptr<Wire> wire);
    static asio::awaitable<void> send_at_pace(std::shared_ptr<Wire> wire);
    static asio::awaitable<bool> send_batch(
        std::shared_ptr<Wire> wire, std::size_t count, std::vector<std::byte>& batch
    );
    static asio::awaitable<void> pause(std::shared_ptr<Wire> wire);
};

void NicPeer::Wire::take(std::span<const std::byte> bytes) {
    const TimePoint now = Clock::now();
    last_arrival = now;
    const auto fed = decoder.feed(bytes, [this, now](std::span<const std::byte> frame) {
        watch.on_frame(frame, now);
        if (capture) {
            capture->add(frame);
        }
    });
    if (!fed) {
        note(fed.error());
    }
}

void NicPeer::Wire::capture_sent(std::span<const std::byte> wire_bytes) {
    if (capture) {
        StreamDecoder ours;
        static_cast<void>(ours.feed(wire_bytes, [this](std::span<const std::byte> frame) {
            capture->add(frame);
        }));
    }
}

asio::awaitable<void> NicPeer::Wire::read_always(std::shared_ptr<Wire> wire) {
    std::vector<std::byte> buffer(kReadBytes);
    while (!wire->closed) {
        const auto [failed, count] =
            co_await wire->stream.async_read_some(asio::buffer(buffer), kReturnErrors);
        if (failed) {
            co_return;  // The guest's end; how it came is told by the guest's events.
        }
        wire->take(std::span<const std::byte>(buffer).first(count));
    }
}

/// Until it is time for the next frames: until told, when silent.
asio::awaitable<void> NicPeer::Wire::pause(std::shared_ptr<Wire> wire) {
    if (wire->pace == Pace::silent) {
        co_await wire->pace_changed.async_wait(kReturnErrors);
    } else if (wire->pace == Pace::light) {
        asio::steady_timer period(wire->stream.get_executor(), kLightPeriod);
        co_await period.async_wait(kReturnErrors);
    }
}

asio::awaitable<void> NicPeer::Wire::send_at_pace(std::shared_ptr<Wire> wire) {
    std::vector<std::byte> batch;
    while (!wire->closed) {
        co_await pause(wire);
        if (wire->closed || wire->pace == Pace::silent) {
            continue;
        }
        const std::size_t count = wire->pace == Pace::heavy ? kHeavyBatch : 1;
        if (!co_await send_batch(wire, count, batch)) {
            co_return;
        }
    }
}

/// False: the wire has ended.
asio::awaitable<bool> NicPeer::Wire::send_batch(
    std::shared_ptr<Wire> wire, std::size_t count, std::vector<std::byte>& batch
) {
    batch.clear();
    wire->traffic.append(count, batch);
    const auto [failed, written] =
        co_await asio::async_write(wire->stream, asio::buffer(batch), kReturnErrors);
    if (failed || written != batch.size()) {
        co_return false;
    }
    wire->frames_to_guest += count;
    wire->bytes_to_guest += written;
    wire->capture_sent(batch);
    co_return true;
}

result<std::unique_ptr<NicPeer>> NicPeer::start(Stream stream, const NicPeerOptions& options) {
    auto wire = std::make_shared<Wire>(std::move(stream), options);
    if (!options.capture.empty()) {
        auto capture = Capture::create(options.capture);
        if (!capture) {
            return capture.error();
        }
        wire->capture = std::move(*capture);
    }
    boost::system::error_code ignored;
    wire->stream.set_option(asio::socket_base::send_buffer_size(kSendBuffer), ignored);
    wire->stream.set_option(asio::ip::tcp::no_delay(true), ignored);
    asio::co_spawn(wire->stream.get_executor(), Wire::read_always(wire), asio::detached);
    if (options.paced_outside) {
        auto far_end = FarEnd::open();
        if (!far_end) {
            return far_end.error();
        }
        wire->far_end = std::move(*far_end);
    } else {
        asio::co_spawn(wire->stream.get_executor(), Wire::send_at_pace(wire), asio::detached);
    }
    return std::unique_ptr<NicPeer>(new NicPeer(std::move(wire)));
}

NicPeer::NicPeer(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

NicPeer::~NicPeer() {
    static_cast<void>(close());
}

void NicPeer::set_pace(Pace pace) {
    wire_->pace = pace;
    wire_->pace_changed.cancel();
}

Pace NicPeer::pace() const {
    return wire_->pace;
}

asio::awaitable<result<void>> NicPeer::send(std::size_t count, Deadline deadline) {
    const auto wire = wire_;
    std::vector<std::byte> batch;
    if (wire->closed || !co_await Wire::send_batch(wire, count, batch)) {
        co_return fail(ErrorKind::lost_contact, "a NIC's wire has ended");
    }
    asio::steady_timer timer(wire->stream.get_executor());
    for (;;) {
        const auto read = wire->far_end->has_read(wire->stream, wire->bytes_to_guest);
        if (!read || *read) {
            co_return read ? result<void>() : read.error();
        }
        if (deadline.passed(Clock::now())) {
            co_return deadline.expired();
        }
        timer.expires_after(kBetweenLooks);
        co_await timer.async_wait(kReturnErrors);
    }
}

asio::awaitable<bool> NicPeer::quiet(Milliseconds quiet, Deadline deadline) {
    const auto wire = wire_;
    const TimePoint asked = Clock::now();
    asio::steady_timer timer(wire->stream.get_executor());
    for (;;) {
        const TimePoint quiet_at = std::max(wire->last_arrival, asked) + quiet;
        if (Clock::now() >= quiet_at) {
            co_return true;
        }
        if (deadline.passed(Clock::now())) {
            co_return false;
        }
        timer.expires_at(std::min(quiet_at, deadline.at()));
        co_await timer.async_wait(kReturnErrors);
    }
}

void NicPeer::torn_down() {
    wire_->watch.torn_down();
}
void NicPeer::set_up_again() {
    wire_->watch.set_up_again();
}
NicStatistics NicPeer::statistics() const {
    return wire_->watch.statistics();
}
std::uint64_t NicPeer::frames_to_guest() const {
    return wire_->frames_to_guest;
}
std::uint64_t NicPeer::frames_not_captured() const {
    return wire_->capture ? wire_->capture->frames_left_out() : 0;
}

result<void> NicPeer::close() {
    if (!std::exchange(wire_->closed, true)) {
        wire_->pace_changed.cancel();
        boost::system::error_code ignored;
        wire_->stream.close(ignored);
        if (wire_->capture) {
            if (const auto written = wire_->capture->close(); !written) {
                wire_->note(written.error());
            }
        }
    }
    if (wire_->error) {
        return *wire_->error;
    }
    return {};
}

}  // namespace rundown::witness
