// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "run/deterministic_meetings_io.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <thread>

namespace rundown::run {

namespace asio = boost::asio;

namespace {

constexpr auto kReturnErrors = asio::as_tuple(asio::use_awaitable);
/// QEMU answers its stub in microseconds; on a machine that is overloaded, some time later.
constexpr Milliseconds kStubTime{30000};
/// The host's own work between two steps of the guest.
constexpr Milliseconds kHostTime{60000};
constexpr std::chrono::microseconds kBetweenPolls{50};
/// A guest that lives comes to a meeting in a millisecond of its own time, which takes a hundred of
/// the host's where that is overloaded.
constexpr Milliseconds kSilence{20000};

Deadline stub_deadline() {
    return Deadline::in(kStubTime, "QEMU's gdb stub");
}

}  // namespace

struct Meetings::State : std::enable_shared_from_this<Meetings::State> {
    explicit State(asio::io_context& loop_)
        : loop(loop_), arrived(loop_, TimePoint::max()), silence(loop_) {}

    asio::awaitable<void> run();
    asio::awaitable<result<void>> meetings();
    asio::awaitable<result<void>> meet();
    void listen_for_silence();
    result<void> settle();
    void end_waits();
    asio::awaitable<result<void>> let_frames_in();
    void end(const Error& why);

    asio::io_context& loop;
    std::unique_ptr<guest::GdbStub> stub;
    std::span<const std::byte> line_area;
    MeetingHooks hooks;
    std::vector<witness::NicPeer*> peers;
    std::vector<FrameBudget> budgets;
    GuestClock clock;
    GuestWaits waits;
    std::map<GuestWaits::Ticket, std::function<void()>> sleepers;
    std::optional<GuestWaits::Ticket> alarm;
    asio::steady_timer arrived;  // Cancelled at the first meeting, and when there will be none.
    asio::steady_timer silence;  // Expires when the guest has not come for too long.
    std::optional<Error> ended;  // Why there are no more meetings.
    bool held = false;
};

/// Everything of the host's own that is ready, and what follows from it, until nothing is. Handlers
/// run inside this call.
result<void> Meetings::State::settle() {
    const Deadline deadline = Deadline::in(kHostTime, "the host's own work at a rendezvous");
    for (;;) {
        const std::size_t handled = loop.poll();
        if (held || ended)
            return {};  // The run is over, and perhaps gone.
        if (handled != 0)
            continue;
        if (hooks.calls_under_way() == 0)
            return {};
        if (deadline.passed(Clock::now()))
            return deadline.expired();
        std::this_thread::sleep_for(kBetweenPolls);
    }
}

void Meetings::State::end_waits() {
    for (const GuestWaits::Ticket ticket : ended ? waits.all() : waits.over(clock.now())) {
        const auto sleeper = sleepers.extract(ticket);
        if (sleeper)
            sleeper.mapped()();
    }
}

asio::awaitable<result<void>> Meetings::State::let_frames_in() {
    for (std::size_t nic = 0; nic < peers.size(); ++nic) {
        const std::size_t count = budgets[nic].frames(peers[nic]->pace(), clock.now());
        if (count == 0)
            continue;
        RUNDOWN_CO_TRY(co_await peers[nic]->send(
            count, Deadline::in(kStubTime, "QEMU to read the frames for a NIC")
        ));
    }
    // QEMU read them before it reads this question: its answer says that they are where they wait
    // for the guest's clock. (Not with `?`, at which QEMU forgets its watchpoints.)
    RUNDOWN_CO_TRY(co_await stub->ask("qC", stub_deadline()));
    co_return result<void>{};
}

/// The machine stands still meanwhile.
asio::awaitable<result<void>> Meetings::State::meet() {
    RUNDOWN_CO_TRY(clock.meet(line_area));
    hooks.met(clock.now());
    arrived.cancel();
    end_waits();
    hooks.look();
    RUNDOWN_CO_TRY(settle());
    if (!held && !ended)
        RUNDOWN_CO_TRY(co_await let_frames_in());
    co_return result<void>{};
}

void Meetings::State::listen_for_silence() {
    silence.expires_after(kSilence);
    silence.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
        if (!cancelled && !self->ended)
            self->hooks.silent();
    });
}

asio::awaitable<result<void>> Meetings::State::meetings() {
    RUNDOWN_CO_TRY(co_await stub->go_on(stub_deadline()));
    for (;;) {
        // How long the guest may take is the run's affair; that it does not come at all is told.
        listen_for_silence();
        const auto signal =
            co_await stub->stopped(Deadline(TimePoint::max() - Milliseconds(1), Milliseconds(0), "")
            );
        RUNDOWN_CO_TRY(signal);
        if (*signal != guest::kGdbTrap)
            co_return fail(
                ErrorKind::lost_contact,
                fmt::format("the machine stopped by itself (signal {})", *signal)
            );
        silence.cancel();
        RUNDOWN_CO_TRY(co_await meet());
        if (held || ended)
            co_return result<void>{};
        RUNDOWN_CO_TRY(co_await stub->go_on(stub_deadline()));
    }
}

void Meetings::State::end(const Error& why) {
    if (!ended)
        ended = why;
    if (alarm) {
        waits.remove(*alarm);
        sleepers.erase(*alarm);
        alarm.reset();
    }
    arrived.cancel();
    silence.cancel();
    end_waits();
}

asio::awaitable<void> Meetings::State::run() {
    const auto self = shared_from_this();
    const auto outcome = co_await meetings();
    if (outcome || ended)
        co_return;
    end(outcome.error());
    if (hooks.lost)
        hooks.lost(outcome.error());
}

asio::awaitable<result<std::unique_ptr<Meetings>>> Meetings::open(
    asio::io_context& loop,
    std::string gdb_socket,
    std::span<const std::byte> window,
    Deadline deadline
) {
    auto state = std::make_shared<State>(loop);
    const std::uint64_t offset = rd_line_offset(window.size());
    if (offset == 0)
        co_return fail(
            ErrorKind::internal, "a deterministic guest without room in its window for a rendezvous"
        );
    state->line_area = window.subspan(offset);
    auto stub =
        co_await guest::GdbStub::connect(loop.get_executor(), std::move(gdb_socket), deadline);
    if (!stub)
        co_return stub.error();
    state->stub = std::move(*stub);
    RUNDOWN_CO_TRY(co_await state->stub->watch_word(RD_RENDEZVOUS_WORD, deadline));
    co_return std::unique_ptr<Meetings>(new Meetings(std::move(state)));
}

Meetings::Meetings(std::shared_ptr<State> state) : state_(std::move(state)) {}

Meetings::~Meetings() {
    state_->end(fail(ErrorKind::cancelled, "the run is over"));
    state_->stub->close();
}

void Meetings::begin(MeetingHooks hooks, std::vector<witness::NicPeer*> peers) {
    state_->hooks = std::move(hooks);
    state_->peers = std::move(peers);
    state_->budgets.resize(state_->peers.size());
    asio::co_spawn(state_->loop, state_->run(), asio::detached);
}

asio::awaitable<result<void>> Meetings::first(Deadline deadline) {
    const auto state = state_;
    state->arrived.expires_at(deadline.at());
    while (state->clock.meetings() == 0 && !state->ended && !deadline.passed(Clock::now()))
        co_await state->arrived.async_wait(kReturnErrors);
    if (state->clock.meetings() != 0)
        co_return result<void>{};
    co_return state->ended ? *state->ended
                           : fail(ErrorKind::guest_boot, deadline.expired().sentence);
}

GuestTime Meetings::now() const {
    return state_->clock.now();
}

asio::awaitable<void> Meetings::pause(GuestTime time) {
    const auto state = state_;
    if (state->ended || state->held)
        co_return;
    asio::steady_timer over(state->loop, TimePoint::max());
    const auto ticket = state->waits.add(state->clock.now() + time);
    state->sleepers.emplace(ticket, [&over] { over.cancel(); });
    co_await over.async_wait(kReturnErrors);
    state->sleepers.erase(ticket);
    state->waits.remove(ticket);
}

void Meetings::set_alarm(GuestTime time, std::function<void()> then) {
    cancel_alarm();
    state_->alarm = state_->waits.add(state_->clock.now() + time);
    state_->sleepers.emplace(*state_->alarm, std::move(then));
}

void Meetings::cancel_alarm() {
    if (state_->alarm) {
        state_->waits.remove(*state_->alarm);
        state_->sleepers.erase(*state_->alarm);
    }
    state_->alarm.reset();
}

void Meetings::hold() {
    state_->held = true;
    state_->end(fail(ErrorKind::cancelled, "the run is over"));
}

void Meetings::let_go() {
    state_->end(fail(ErrorKind::cancelled, "the run is over"));
    state_->stub->let_go();
}

std::uint64_t Meetings::count() const {
    return state_->clock.meetings();
}

}  // namespace rundown::run
