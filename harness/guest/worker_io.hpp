// SPDX-License-Identifier: MIT
// guest/worker_io.hpp
//
// One thread for calls that block (libvirt's), so that the loop never does. Calls run in order. A
// call that outlives its deadline is not interrupted, which cannot be done; its caller stops
// waiting and its result is dropped.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "base/deadline.hpp"
#include "base/result.hpp"

namespace rundown::guest {

class Worker {
  public:
    explicit Worker(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    /// Waits for the call under way; those behind it are dropped.
    ~Worker() {
        thread_.stop();
        thread_.join();
    }

    /// Runs `work` on the thread and gives back its result on the loop. Error besides its own:
    /// timeout.
    template <class T>
    boost::asio::awaitable<result<T>> run(std::function<result<T>()> work, Deadline deadline) {
        struct Call {
            boost::asio::steady_timer finished;  // Cancelled when the result is there.
            std::optional<result<T>> outcome;
        };
        auto call = std::make_shared<Call>(Call{
            boost::asio::steady_timer(loop_, deadline.at()), std::nullopt});
        ++*under_way_;
        boost::asio::post(thread_, [call, work = std::move(work), loop = loop_, left = under_way_] {
            auto outcome = std::make_shared<result<T>>(work());
            boost::asio::post(loop, [call, outcome, left] {
                --*left;
                call->outcome = std::move(*outcome);
                call->finished.cancel();
            });
        });
        co_await call->finished.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (!call->outcome)
            co_return deadline.expired();
        co_return std::move(*call->outcome);
    }

    /// Calls of run() whose results are not there yet.
    std::size_t under_way() const { return *under_way_; }

    /// Runs `work` behind the calls under way, without telling anybody.
    void run_detached(std::function<void()> work) { boost::asio::post(thread_, std::move(work)); }

    /// Waits (blocking) until all calls have returned, and calls `meanwhile` now and then. For
    /// destructors.
    void finish(const std::function<void()>& meanwhile) {
        std::promise<void> all_done;
        boost::asio::post(thread_, [&all_done] { all_done.set_value(); });
        auto done = all_done.get_future();
        while (done.wait_for(Milliseconds(10)) != std::future_status::ready)
            meanwhile();
    }

  private:
    boost::asio::any_io_executor loop_;
    std::shared_ptr<std::size_t> under_way_ = std::make_shared<std::size_t>(0);  // The loop's.
    boost::asio::thread_pool thread_{1};
};

}  // namespace rundown::guest
