// SPDX-License-Identifier: MIT
// run/aside_io.hpp
//
// Work that takes long and waits for nothing (a trace of a million records read, judged), done on a
// thread of its own while the event loop turns.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <thread>

#include "base/deadline.hpp"

namespace rundown::run {

/// Runs `work` and returns when it has ended; throws what it throws. Nothing else may touch what it
/// touches meanwhile. The loop must run until then: the work cannot be given up.
inline boost::asio::awaitable<void> aside(std::function<void()> work) {
    const auto loop = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer ended(loop, TimePoint::max());
    bool has_ended = false;
    std::exception_ptr thrown;
    std::jthread thread([&] {
        try {
            work();
        } catch (...) {
            thrown = std::current_exception();
        }
        boost::asio::post(loop, [&] {
            has_ended = true;
            ended.cancel();
        });
    });
    while (!has_ended) {
        co_await ended.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    if (thrown) {
        std::rethrow_exception(thrown);
    }
}

}  // namespace rundown::run
