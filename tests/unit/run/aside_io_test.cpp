// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "run/aside_io.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

#include "run/loop_watch_io.hpp"

namespace rundown::run {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Runs `work` aside to its end; what it throws is thrown.
void run(asio::io_context& loop, std::function<void()> work) {
    asio::co_spawn(loop, aside(std::move(work)), [&loop](std::exception_ptr error) {
        loop.stop();
        if (error) {
            std::rethrow_exception(error);
        }
    });
    loop.run();
}

TEST(Aside, TheLoopTurnsMeanwhile) {
    asio::io_context loop;
    int turns = 0;
    asio::steady_timer timer(loop);
    std::function<void()> turn = [&] {
        timer.expires_after(1ms);
        timer.async_wait([&](const boost::system::error_code& error) {
            if (!error) {
                ++turns;
                turn();
            }
        });
    };
    turn();
    bool worked = false;
    run(loop, [&worked] {
        std::this_thread::sleep_for(100ms);
        worked = true;
    });
    EXPECT_TRUE(worked);
    EXPECT_GE(turns, 3);
}

TEST(Aside, WhatTheWorkThrowsIsThrown) {
    asio::io_context loop;
    EXPECT_THROW(
        run(loop, [] { throw std::runtime_error("the work failed"); }), std::runtime_error
    );
}

}  // namespace
}  // namespace rundown::run
