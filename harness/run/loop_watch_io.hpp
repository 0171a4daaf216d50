// SPDX-License-Identifier: MIT
// run/loop_watch_io.hpp
//
// How long the event loop was kept from turning: a timer in the loop that ought to go off every few
// milliseconds, and the longest time between two of its turns. A block is told up to one period too
// long, never too short; what the machine did meanwhile (another process had the processor) is in
// it. Runs on its executor from construction to destruction.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "base/deadline.hpp"

namespace rundown::run {

class LoopWatch {
  public:
    explicit LoopWatch(const boost::asio::any_io_executor& executor);
    LoopWatch(const LoopWatch&) = delete;
    LoopWatch& operator=(const LoopWatch&) = delete;
    ~LoopWatch();

    /// The longest block so far, the one that lasts until now included.
    std::chrono::microseconds longest_block() const;

  private:
    struct Watch;
    std::shared_ptr<Watch> watch_;
};

/// The most memory this process has had resident (VmHWM of /proc/self/status), KiB; 0: unknown.
std::uint64_t peak_rss_kib();

}  // namespace rundown::run
