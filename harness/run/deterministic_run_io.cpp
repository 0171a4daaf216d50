// SPDX-License-Identifier: MIT
// The time of a run: the machine's own where the guest runs freely, the guest's where host and
// guest meet at rendezvous.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "run/scenario_run_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;

namespace {

/// For the answer.
constexpr Milliseconds kMargin{500};

Milliseconds whole_milliseconds(GuestTime time) {
    return std::chrono::duration_cast<Milliseconds>(time);
}

}  // namespace

Awaitable<void> ScenarioRun::open_meetings() {
    const auto executor = co_await asio::this_coro::executor;
    auto& loop = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
    auto meetings = co_await Meetings::open(
        loop, guest_->names().gdb_socket, window_.bytes(), wait("QEMU's gdb stub to answer")
    );
    if (!meetings) {
        co_return meetings.error();
    }
    meetings_ = std::move(*meetings);
    co_return result<void>{};
}

Awaitable<void> ScenarioRun::begin_meetings() {
    MeetingHooks hooks;
    hooks.look = [this] { client_->look(); };
    hooks.calls_under_way = [&hypervisor = context_.hypervisor] {
        return hypervisor.calls_under_way();
    };
    hooks.met = [this](GuestTime now) { on_meeting(now); };
    hooks.silent = [this] {
        guest_is_late_ = true;
        interrupt();
    };
    hooks.lost = [this](const Error&) { interrupt(); };
    std::vector<witness::NicPeer*> peers;
    for (const auto& peer : peers_) {
        peers.push_back(peer.get());
    }
    meetings_->begin(std::move(hooks), std::move(peers));
    co_return co_await meetings_->first(wait("the guest's first rendezvous"));
}

/// Ends the wait under way when the phase has taken too long, in the time in which nothing is slow.
void ScenarioRun::on_meeting(GuestTime now) {
    if (!guest_is_late_ && phases_.phase() != scenario::Phase::invalid &&
        now - phase_began_ > spec_.scenario.deadline(phases_.phase())) {
        guest_is_late_ = true;
        interrupt();
    }
}

Milliseconds ScenarioRun::elapsed() const {
    return meetings_ ? whole_milliseconds(meetings_->now())
                     : std::chrono::duration_cast<Milliseconds>(Clock::now() - started_);
}

bool ScenarioRun::nearly_over(const Deadline& deadline) const {
    if (!meetings_) {
        return deadline.left(Clock::now()) < kMargin;
    }
    return meetings_->now() - phase_began_ > spec_.scenario.deadline(phases_.phase()) - kMargin;
}

asio::awaitable<void> ScenarioRun::pause(Milliseconds time) {
    if (meetings_) {
        co_return co_await meetings_->pause(time);
    }
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace rundown::run
