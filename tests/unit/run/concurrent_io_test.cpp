// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "run/concurrent_io.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <string>
#include <vector>

namespace rundown::run {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;
using Log = std::vector<std::string>;

asio::awaitable<result<int>> step(Log& log, std::string name, int value) {
    log.push_back(name + " sends");
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer answer(executor, std::chrono::milliseconds(2));
    co_await answer.async_wait(asio::use_awaitable);
    log.push_back(name + " is answered");
    if (value < 0) {
        co_return fail(ErrorKind::refused, name + " was refused");
    }
    co_return value;
}

asio::awaitable<void> both(Log& log, int value, std::optional<result<int>>& outcome) {
    const auto executor = co_await asio::this_coro::executor;
    Concurrent<int> unbind(executor, step(log, "unbind", value));
    EXPECT_FALSE(unbind.is_finished());
    const auto mark = co_await step(log, "mark", 1);
    EXPECT_TRUE(mark);
    outcome = co_await unbind.finished();
    EXPECT_TRUE(unbind.is_finished());
}

TEST(Concurrent, BeginsBehindWhatItsMakerSendsNextAndBeforeThatIsAnswered) {
    asio::io_context loop;
    Log log;
    std::optional<result<int>> outcome;
    asio::co_spawn(loop, both(log, 7, outcome), asio::detached);
    loop.run();
    EXPECT_THAT(
        log, ElementsAre("mark sends", "unbind sends", "mark is answered", "unbind is answered")
    );
    ASSERT_TRUE(outcome && *outcome);
    EXPECT_EQ(**outcome, 7);
}

TEST(Concurrent, AFailureIsItsOutcome) {
    asio::io_context loop;
    Log log;
    std::optional<result<int>> outcome;
    asio::co_spawn(loop, both(log, -1, outcome), asio::detached);
    loop.run();
    ASSERT_TRUE(outcome && !*outcome);
    EXPECT_EQ(outcome->error().sentence, "unbind was refused");
}

}  // namespace
}  // namespace rundown::run
