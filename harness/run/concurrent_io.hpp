// SPDX-License-Identifier: MIT
// run/concurrent_io.hpp
//
// Something that goes on while its caller does something else, and that the caller waits for in the
// end: a stop that does not return before a handle is closed. With Asio; on one loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.hpp"

namespace rundown::run {

/// Begins when its maker next waits for something, after what that wait sends. Whoever makes one
/// has to wait for finished(): the work uses what belongs to its caller.
template <class T>
class Concurrent {
  public:
    using Work = boost::asio::awaitable<result<T>>;

    Concurrent(const boost::asio::any_io_executor& executor, Work work)
        : state_(std::make_shared<State>(executor)) {
        boost::asio::co_spawn(
            executor,
            begin_later(executor, std::move(work)),
            [state = state_](std::exception_ptr thrown, result<T> outcome) {
                state->thrown = thrown;
                state->outcome = std::move(outcome);
                state->done.cancel();
            }
        );
    }

    bool is_finished() const { return state_->outcome.has_value(); }

    /// The outcome, when it is there. Bounded by the work's own deadlines.
    Work finished() {
        const auto state = state_;
        while (!state->outcome) {
            co_await state->done.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        }
        if (state->thrown) {
            std::rethrow_exception(state->thrown);
        }
        co_return std::move(*state->outcome);
    }

  private:
    /// co_spawn() would run it at once up to its first wait.
    static Work begin_later(boost::asio::any_io_executor executor, Work work) {
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
        co_return co_await std::move(work);
    }

    struct State {
        explicit State(const boost::asio::any_io_executor& executor)
            : done(executor, boost::asio::steady_timer::time_point::max()) {}
        boost::asio::steady_timer done;  // Cancelled at the end; never expires.
        std::optional<result<T>> outcome;
        std::exception_ptr thrown;
    };
    std::shared_ptr<State> state_;
};

}  // namespace rundown::run
