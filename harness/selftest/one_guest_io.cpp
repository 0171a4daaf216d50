// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "selftest/one_guest_io.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "run/evidence.hpp"
#include "run/trace_window_io.hpp"
#include "selftest/line.hpp"
#include "trace/reader.hpp"

namespace rundown::selftest {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds kStartTime{30000}, kStopTime{10000}, kDumpTime{3000};
constexpr Milliseconds kTestTime{120000};        // All self-tests: about 3 s on a quiet machine.
constexpr Milliseconds kProvocationTime{30000};  // About 0.2 s.
constexpr Milliseconds kLook{20};

/// How a guest's life went.
struct Life {
    result<guest::GuestEnd> end = fail(ErrorKind::internal, "never started");
    std::string log;                    // Its debug channel.
    std::optional<trace::Trace> trace;  // Of its window.
};

asio::awaitable<void> pause(Milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

/// A guest that hangs tells what each processor and thread does when it gets an NMI.
asio::awaitable<void> ask_what_it_does(guest::Guest& guest) {
    const std::string nmi = R"({"execute":"inject-nmi"})";
    const auto deadline = Deadline::in(kDumpTime, "the guest to say what it does");
    const auto sent = co_await guest.qmp(nmi, deadline);
    if (sent) {
        co_await guest.ended(deadline);
    }
}

/// Waits for the guest's end in short steps, so that a person's wish to stop is heard.
asio::awaitable<result<guest::GuestEnd>> await_end(
    guest::Guest& guest, Deadline deadline, StopRequest& stop
) {
    while (!stop.requested()) {
        if (guest.end() != guest::GuestEnd::none) {
            co_return guest.end();
        }
        if (deadline.passed(Clock::now())) {
            co_await ask_what_it_does(guest);
            co_return deadline.expired();
        }
        const auto step = deadline.within(Clock::now(), Milliseconds(100), deadline.waiting_for());
        co_await guest.ended(step);
    }
    co_return fail(ErrorKind::cancelled, "stopped by " + stop.how());
}

/// Sends the NMI that a provocation wants, once the guest has announced that it is ready.
asio::awaitable<void> send_nmi(
    guest::Guest& guest, const Provocation& provocation, Deadline deadline
) {
    while (!deadline.passed(Clock::now()) && guest.end() == guest::GuestEnd::none) {
        const auto log = run::read_file(guest.files().debug_console);
        if (log && read_announcement(*log, provocation.name).value[0]) {
            const std::string nmi = R"({"execute":"inject-nmi"})";
            co_await guest.qmp(nmi, deadline);
            co_return;
        }
        co_await pause(kLook);
    }
}

/// Starts, waits, reads the evidence, stops.
asio::awaitable<Life> live(
    guest::Hypervisor& hypervisor,
    guest::GuestSpec spec,
    Milliseconds allowance,
    std::string waiting_for,
    const Provocation* provocation,
    StopRequest& stop
) {
    Life life;
    auto started = co_await guest::Guest::start(
        hypervisor, std::move(spec), Deadline::in(kStartTime, "the guest to start")
    );
    if (!started) {
        life.end = started.error();
        co_return life;
    }
    guest::Guest& guest = **started;
    auto window = run::TraceWindow::open(guest.trace_window());
    const auto deadline = Deadline::in(allowance, std::move(waiting_for));
    if (provocation != nullptr && provocation->wants_nmi()) {
        co_await send_nmi(guest, *provocation, deadline);
    }
    life.end = co_await await_end(guest, deadline, stop);
    if (window) {
        if (auto trace = trace::read(window->bytes())) {
            life.trace = std::move(*trace);
        }
    }
    const std::string log_file = guest.files().debug_console;
    const auto stopped = co_await guest.stop(Deadline::in(kStopTime, "the guest to be removed"));
    if (life.end && !stopped) {
        life.end = stopped.error();
    }
    if (auto log = run::read_file(log_file)) {
        life.log = std::move(*log);
    } else if (life.end) {
        life.end = log.error();
    }
    co_return life;
}

bool is_the_guests_fault(ErrorKind kind) {
    return kind == ErrorKind::timeout;
}

/// How a provocation that went well is told.
std::string describe(const StopText& stop) {
    const std::string where =
        stop.blamed ? fmt::format(" in {}+0x{:x}", stop.blamed->module, stop.blamed->offset) : "";
    return fmt::format("0x{:X} {}{}", stop.code, stop.name, where);
}

}  // namespace

asio::awaitable<std::vector<Outcome>> test_guest(
    guest::Hypervisor& hypervisor, guest::GuestSpec spec, StopRequest& stop
) {
    const Life life = co_await live(
        hypervisor, std::move(spec), kTestTime, "the guest to test itself", nullptr, stop
    );
    if (!life.end && !is_the_guests_fault(life.end.error().kind)) {
        std::vector<Outcome> nothing;
        nothing.push_back({"group.end", OutcomeKind::could_not_run, life.end.error().sentence, {}});
        co_return nothing;
    }
    std::vector<Outcome> outcomes = judge(read_test_log(life.log));
    if (const auto bug_check = read_stop_text(life.log)) {
        outcomes.push_back(
            {"group.end", OutcomeKind::failed, "the guest stopped with " + describe(*bug_check), {}}
        );
    } else if (!life.end) {
        outcomes.push_back({"group.end", OutcomeKind::failed, life.end.error().sentence, {}});
    } else if (*life.end != guest::GuestEnd::powered_off) {
        outcomes.push_back(
            {"group.end",
             OutcomeKind::could_not_run,
             fmt::format("the guest ended otherwise: {}", to_string(*life.end)),
             {}}
        );
    }
    co_return outcomes;
}

asio::awaitable<void> provoke_guest(
    guest::Hypervisor& hypervisor,
    guest::GuestSpec spec,
    const Provocation& provocation,
    StopRequest& stop,
    Outcome& outcome
) {
    const std::string awaited = "the bug check of " + std::string(provocation.name);
    const Life life =
        co_await live(hypervisor, std::move(spec), kProvocationTime, awaited, &provocation, stop);
    if (!life.end && !is_the_guests_fault(life.end.error().kind)) {
        outcome.sentence = life.end.error().sentence;
        co_return;
    }
    if (life.end && *life.end == guest::GuestEnd::died) {
        outcome.sentence = "QEMU died";
        co_return;
    }
    outcome.kind = OutcomeKind::failed;
    const std::string crime = fmt::format("{}: it ", provocation.what);
    if (const auto wrong = judge(provocation, life.log)) {
        outcome.sentence = crime + *wrong;
        co_return;
    }
    const auto bug_check = read_stop_text(life.log);
    if (!life.end || *life.end != guest::GuestEnd::panicked) {
        outcome.sentence =
            crime + "was told on the debug channel, but no panic came from the machine";
    } else if (!life.trace) {
        outcome.sentence = crime + "left a trace window that cannot be read";
    } else if (const auto differs = judge_trace(*bug_check, *life.trace)) {
        outcome.sentence = crime + *differs;
    } else {
        outcome.kind = OutcomeKind::passed;
        outcome.sentence = describe(*bug_check);
    }
}

}  // namespace rundown::selftest
