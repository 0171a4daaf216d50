// SPDX-License-Identifier: MIT
// What became of a run: whose problem it is when it did not get to its end, and the evidence, which
// is kept in any case.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include <filesystem>

#include "base/file_io.hpp"
#include "oracle/evidence.hpp"
#include "run/aside_io.hpp"
#include "run/bug_check_text.hpp"
#include "run/hang_text.hpp"
#include "run/scenario_run_io.hpp"
#include "run/trace_hash.hpp"
#include "trace/reader.hpp"

namespace rundown::run {

namespace asio = boost::asio;

namespace {

/// The line ends a moment before libvirt says that QEMU did.
constexpr Milliseconds kNewsTravels{1500};
/// What a guest prints about itself at an NMI goes byte by byte through a port.
constexpr Milliseconds kDumpTime{3000};
constexpr Milliseconds kCleanupTime{20000};
/// At the processor of a guest that does not answer, to tell one that waits from one that spins.
constexpr int kLooksMax = 10;
/// There is no QMP command for it.
constexpr const char* kInfoRegisters =
    R"({"execute":"human-monitor-command","arguments":{"command-line":"info registers"}})";

oracle::GuestEnd end_of(guest::GuestEnd end) {
    switch (end) {
        case guest::GuestEnd::powered_off:
            return oracle::GuestEnd::powered_off;
        case guest::GuestEnd::panicked:
            return oracle::GuestEnd::panicked;
        case guest::GuestEnd::died:
            return oracle::GuestEnd::died;
        case guest::GuestEnd::none:
        case guest::GuestEnd::stopped:
            return oracle::GuestEnd::stopped;
        case guest::GuestEnd::never_started:
            break;
    }
    return oracle::GuestEnd::invalid;
}

std::string why_qemu_died(const guest::Guest& guest) {
    std::string sentence = "QEMU went away during the run";
    for (const auto& event : guest.events()) {
        if (event.kind == guest::GuestEventKind::died && !event.detail.empty()) {
            sentence += fmt::format(" ({})", event.detail);
            break;
        }
    }
    if (disk_is_full("/dev/shm")) {
        sentence += "; /dev/shm is full, where the guest writes its trace: that ends QEMU";
    }
    return sentence;
}

}  // namespace

/// An answer that came as garbage is nobody's deadline; empty when the line was clean.
std::string ScenarioRun::garbage_on_the_line() const {
    const auto seen = client_ ? client_->statistics() : rpc::ClientStatistics{};
    if (seen.skipped_bytes == 0) {
        return {};
    }
    return fmt::format(
        "the guest's serial line carries garbage ({} bytes that make no frame, see rpc.log); gave "
        "up waiting for {} in phase {}",
        seen.skipped_bytes,
        waiting_for_,
        to_string(phases_.phase())
    );
}

/// Fills in what the oracle is told about a run that was cut short. The guest's own end comes
/// first: a call that was not answered because the guest stopped is not a lost contact.
asio::awaitable<void> ScenarioRun::blame(const Error& error) {
    const std::string phase(to_string(phases_.phase()));
    if (context_.stop.requested()) {
        record_.interruption = {
            InconclusiveKind::cancelled,
            fmt::format("stopped by {} in phase {}", context_.stop.how(), phase)};
        co_return;
    }
    if (!guest_) {
        const bool machine =
            error.kind == ErrorKind::timeout || error.kind == ErrorKind::hypervisor;
        record_.interruption = {
            machine ? InconclusiveKind::infrastructure : inconclusive_kind(error.kind),
            error.sentence};
        co_return;
    }
    if (co_await crashed_by_its_own_word()) {
        co_return;  // The bug check, or the debugger at whose prompt it stands, speaks for itself.
    }
    if (error.kind == ErrorKind::lost_contact && !guest_is_late_) {
        static_cast<void>(
            co_await guest_->ended(Deadline::in(kNewsTravels, "news of the guest's end"))
        );
    }
    if (saw_reset_) {
        record_.interruption = {
            InconclusiveKind::lost_contact,
            fmt::format("the guest reset itself in phase {}", phase)};
    } else if (guest_->end() == guest::GuestEnd::died) {
        record_.interruption = {InconclusiveKind::infrastructure, why_qemu_died(*guest_)};
    } else if (guest_->end() == guest::GuestEnd::powered_off) {
        record_.interruption = {
            InconclusiveKind::lost_contact,
            fmt::format("the guest powered itself off in phase {}", phase)};
    } else if (guest_->end() == guest::GuestEnd::panicked) {
        co_return;  // The bug check speaks for itself.
    } else if (const std::string garbage = garbage_on_the_line(); !garbage.empty()) {
        record_.interruption = {InconclusiveKind::lost_contact, garbage};
    } else if (guest_is_late_ || error.kind == ErrorKind::timeout || error.kind == ErrorKind::guest_boot) {
        const Milliseconds given =
            spec_.deterministic ? spec_.scenario.deadline(phases_.phase()) : phases_.allowance();
        record_.deadline = {phase, waiting_for_, given.count()};
    } else {
        record_.interruption = {inconclusive_kind(error.kind), error.sentence};
    }
}

/// A guest that does not answer is asked in the one way it cannot refuse: at an NMI the reference
/// guest prints what every processor and thread is at, and stops. QEMU is asked before.
asio::awaitable<void> ScenarioRun::knock_at_a_silent_guest() {
    const Deadline deadline = Deadline::in(kDumpTime, "the guest's state dump");
    auto registers = co_await guest_->qmp(kInfoRegisters, deadline);
    // A guest in which every thread waits has a clock, and was just written to: one look may meet
    // it awake. One that spins is never found halted.
    for (int look = 1; look < kLooksMax && !meetings_ && registers && !is_halted(*registers);
         ++look) {
        co_await pause(kBetweenLooks);
        registers = co_await guest_->qmp(kInfoRegisters, deadline);
    }
    const auto knocked = co_await guest_->qmp(R"({"execute":"inject-nmi"})", deadline);
    if (meetings_) {
        meetings_->let_go();
    }
    if (knocked) {
        static_cast<void>(co_await guest_->ended(deadline));
    }
    const auto log = read_file(guest_->files().debug_console);
    const auto seen = hang_in(
        registers ? std::string_view(*registers) : std::string_view(),
        log ? std::string_view(*log) : std::string_view(),
        record_.driver_module
    );
    record_.deadline->guest_state = seen.sentence;
}

asio::awaitable<void> ScenarioRun::finish() {
    power_off_expected_ = true;  // From here on nothing the guest does is news.
    if (meetings_ && !record_.deadline) {
        meetings_->hold();
    }
    if (guest_) {
        record_.guest_end = saw_reset_ ? oracle::GuestEnd::reset : end_of(guest_->end());
        if (record_.guest_end == oracle::GuestEnd::panicked) {
            keep_bug_check();
        }
        keep_debugger_words();
        if (guest_->end() != guest::GuestEnd::died) {
            co_await look_from_outside();
        }
        if (record_.deadline && guest_->end() == guest::GuestEnd::none) {
            co_await knock_at_a_silent_guest();
        }
    }
    keep_witness();
    for (const auto& peer : peers_) {
        const auto closed = peer->close();
        if (!closed && !record_.interruption) {
            record_.interruption = {
                inconclusive_kind(closed.error().kind), closed.error().sentence};
        }
    }
    if (client_) {
        client_->close();
    }
    if (guest_) {
        const auto stopped =
            co_await guest_->stop(Deadline::in(kCleanupTime, "the guest to be removed"));
        if (!stopped && !record_.interruption) {
            record_.interruption = {InconclusiveKind::infrastructure, stopped.error().sentence};
        }
        const std::function<void()> keep = [this] { keep_trace(); };
        co_await aside(keep);
        complain_of_lost_evidence();
    }
}

/// A run whose evidence is not whole proves nothing, however well it went.
void ScenarioRun::complain_of_lost_evidence() {
    auto lost = guest_->evidence_error();
    if (!lost && debug_line_) {
        lost = debug_line_->error();
    }
    if (!lost && client_) {
        lost = client_->log_error();
    }
    if (!lost) {
        lost = evidence_.removed(peers_.size());
    }
    if (lost && !record_.interruption) {
        record_.interruption = {InconclusiveKind::infrastructure, lost->sentence};
    }
}

void ScenarioRun::keep_trace() {
    const auto complain = [this](const Error& error, InconclusiveKind kind) {
        if (!record_.interruption && !record_.deadline) {
            record_.interruption = {kind, error.sentence};
        }
    };
    auto trace = whole_trace();
    if (!trace) {
        // A guest that did not get so far as to make its ring has another story to tell.
        complain(trace.error(), InconclusiveKind::trace_truncated);
        return;
    }
    LogFile file;
    auto written = file.open(evidence_.trace());
    if (written) {
        written = trace::write(*trace, [&file](std::string_view part) -> result<void> {
            file.append(part);
            return file.error() ? result<void>(*file.error()) : result<void>();
        });
        file.close();
        if (file.error()) {
            written = *file.error();
        }
    }
    if (!written) {
        complain(written.error(), InconclusiveKind::infrastructure);
    }
    if (spec_.deterministic) {
        outcome_.trace_hash = trace_hash(*trace);
    }
    trace->cut(oracle::end_of_run(*trace));
    record_.trace = std::move(*trace);
}

void ScenarioRun::keep_bug_check() {
    if (record_.bug_check) {
        return;  // Told by the agent, or on the debug line.
    }
    for (const auto& event : guest_->events()) {
        if (event.panic && event.panic->source == guest::PanicSource::hyperv) {
            record_.bug_check = oracle::BugCheck{
                static_cast<std::uint32_t>(event.panic->code), event.panic->parameters, {}, 0};
            return;
        }
    }
    if (const auto log = read_file(guest_->files().debug_console)) {
        record_.bug_check = bug_check_in(*log);
    }
}

}  // namespace rundown::run
