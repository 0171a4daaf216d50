// SPDX-License-Identifier: MIT
#include "run/loop_watch_io.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <string>

namespace rundown::run {

namespace {
constexpr Milliseconds kPeriod{5};
}  // namespace

/// What the timer's handler shares with the watch: it may still be queued when that is gone.
struct LoopWatch::Watch : std::enable_shared_from_this<Watch> {
    explicit Watch(const boost::asio::any_io_executor& executor)
        : timer(executor), last_turn(Clock::now()) {}

    void wait() {
        timer.expires_after(kPeriod);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error) {
                return;  // Over.
            }
            self->longest = std::max(self->longest, Clock::now() - self->last_turn);
            self->last_turn = Clock::now();
            self->wait();
        });
    }

    boost::asio::steady_timer timer;
    TimePoint last_turn;
    Clock::duration longest{};
};

LoopWatch::LoopWatch(const boost::asio::any_io_executor& executor)
    : watch_(std::make_shared<Watch>(executor)) {
    watch_->wait();
}

LoopWatch::~LoopWatch() {
    watch_->timer.cancel();
}

std::chrono::microseconds LoopWatch::longest_block() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::max(watch_->longest, Clock::now() - watch_->last_turn)
    );
}

std::uint64_t peak_rss_kib() {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("VmHWM:")) {
            return std::stoull(line.substr(6));
        }
    }
    return 0;
}

}  // namespace rundown::run
