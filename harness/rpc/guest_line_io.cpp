// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "rpc/guest_line_io.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace rundown::rpc {

namespace asio = boost::asio;
using agent::LineFault;
using agent::Port;

namespace {

constexpr auto kReturnErrors = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16 << 10;
// A look takes so many portions at most: a guest that never stops writing must not hold the loop.
constexpr int kPortionsPerLook = 8;
// A bell that was lost is made up for after so long.
constexpr Milliseconds kPollEvery{50};
constexpr Milliseconds kSilence{250};

}  // namespace

GuestLine::GuestLine(
    Stream stream, std::shared_ptr<rd_line> memory, std::shared_ptr<Doorbell> doorbell
)
    : stream_(std::move(stream)),
      memory_(std::move(memory)),
      doorbell_(std::move(doorbell)),
      write_wake_(stream_.get_executor(), TimePoint::max()),
      poll_wake_(stream_.get_executor()),
      last_bytes_(Clock::now()) {}

void GuestLine::start(LineHandlers handlers) {
    handlers_ = std::move(handlers);
    asio::co_spawn(executor(), read_loop(), asio::detached);
    asio::co_spawn(executor(), write_loop(), asio::detached);
    if (!doorbell_) {
        asio::co_spawn(executor(), poll_loop(), asio::detached);
    }
}

bool GuestLine::attach(std::uint32_t epoch) {
    if (end_.epoch() == epoch && epoch != 0) {
        return true;
    }
    if (!memory_ || !end_.attach(memory_.get(), epoch)) {
        return false;
    }
    return true;
}

void GuestLine::detach() {
    end_.close();
    unsent_.clear();
}

void GuestLine::close() {
    is_closed_ = true;
    end_.close();
    boost::system::error_code ignored;
    stream_.close(ignored);
    write_wake_.cancel();
    poll_wake_.cancel();
}

void GuestLine::lose(const std::string& why) {
    if (!is_closed_) {
        handlers_.lost(why);
    }
}

/// Where the rings are all there is the guest offers them at its own time.
bool GuestLine::use_memory() {
    if (doorbell_ && memory_ && end_.epoch() == 0) {
        const std::uint32_t offered = memory_->offered.epoch;
        return end_.attach(memory_.get(), offered);
    }
    return end_.met();
}

void GuestLine::ring() {
    if (!end_.other_waits()) {
        return;
    }
    ++bells_rung_;
    if (doorbell_) {
        doorbell_->ring_guest();
        return;
    }
    const char bell = RD_LINE_BELL;
    // At once where nothing is on its way: a turn of the loop would be a good part of the answer's
    // time. Between frames only.
    if (is_writing_ || !to_write_.empty() ||
        ::send(stream_.native_handle(), &bell, 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1) {
        queue(std::string(1, bell));
    }
}

void GuestLine::queue(std::string bytes) {
    to_write_.push_back(std::move(bytes));
    write_wake_.cancel();
}

bool GuestLine::put_into_ring(const std::string& frame) {
    return end_.write(reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size());
}

Port GuestLine::send(std::string frame, bool serial) {
    const bool has_met = use_memory();
    if (!doorbell_ && (serial || !has_met)) {
        queue(std::move(frame));
        return Port::serial;
    }
    if (!unsent_.empty() || !put_into_ring(frame)) {
        unsent_.push_back(std::move(frame));
    }
    ring();
    tell_fault();
    return Port::memory;
}

/// After which frames, this one too, go over the serial line.
void GuestLine::tell_fault() {
    if (end_.epoch() == 0 || end_.fault() == LineFault::none) {
        return;
    }
    const char* what = end_.fault() == LineFault::bad_head
                           ? "it has written more than the ring holds"
                           : "it has read more than was written";
    const std::string why = std::string("the guest's counters in memory say that ") + what;
    end_.close();
    if (doorbell_) {
        return lose(why);  // There is no other line.
    }
    for (auto& frame : std::exchange(unsent_, {})) {
        queue(std::move(frame));
    }
    handlers_.fault(why);
}

bool GuestLine::take_portion() {
    std::array<std::uint8_t, kReadBytes> bytes;
    const std::size_t count = end_.read(bytes.data(), bytes.size());
    if (count != 0) {
        last_bytes_ = Clock::now();
        handlers_.bytes(Port::memory, {bytes.data(), count});
    }
    return count != 0 && !is_closed_;
}

void GuestLine::look() {
    if (is_closed_ || !use_memory()) {
        return;
    }
    end_.set_waiting(false);
    int portions = 0;
    do {
        while (portions < kPortionsPerLook && take_portion()) {
            ++portions;
        }
        while (!unsent_.empty() && put_into_ring(unsent_.front())) {
            unsent_.pop_front();
            ring();
        }
        end_.set_waiting(true);
    } while (portions < kPortionsPerLook && !is_closed_ && end_.has_input());
    static_cast<void>(end_.drained());  // Looks at the other counter, too.
    if (portions == kPortionsPerLook) {
        asio::post(executor(), [self = shared_from_this()] { self->look(); });
    }
    if (!is_closed_) {
        tell_fault();
    }
}

asio::awaitable<void> GuestLine::read_loop() {
    const auto self = shared_from_this();
    std::array<std::uint8_t, kReadBytes> bytes;
    while (!is_closed_) {
        const auto [error, count] =
            co_await stream_.async_read_some(asio::buffer(bytes), kReturnErrors);
        if (error) {
            look();  // What the guest said last.
            lose(error.message());
            break;
        }
        last_bytes_ = Clock::now();
        handlers_.bytes(Port::serial, {bytes.data(), count});
        look();
    }
}

asio::awaitable<void> GuestLine::write_loop() {
    const auto self = shared_from_this();
    while (!is_closed_) {
        if (to_write_.empty()) {
            write_wake_.expires_at(TimePoint::max());
            co_await write_wake_.async_wait(kReturnErrors);
            continue;
        }
        const std::string bytes = std::move(to_write_.front());
        to_write_.pop_front();
        is_writing_ = true;
        const auto [error, count] =
            co_await asio::async_write(stream_, asio::buffer(bytes), kReturnErrors);
        is_writing_ = false;
        if (error) {
            lose(error.message());
        }
    }
}

/// The safety net under lost bells, and the judge of frames that do not end.
asio::awaitable<void> GuestLine::poll_loop() {
    const auto self = shared_from_this();
    while (!is_closed_) {
        poll_wake_.expires_after(kPollEvery);
        co_await poll_wake_.async_wait(kReturnErrors);
        look();
        if (!is_closed_ && Clock::now() - last_bytes_ >= kSilence) {
            handlers_.silent();
        }
    }
}

}  // namespace rundown::rpc
