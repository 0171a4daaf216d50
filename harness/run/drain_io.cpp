// SPDX-License-Identifier: MIT
// The trace of a guest without our kernel. The driver finds the window by itself, where its system
// lets it; else its records stay in a ring of its own, which is drained after each step and
// outlives the driver. Marks that no driver took are the agent's to hand out.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include "run/scenario_run_io.hpp"
#include "trace/reader.hpp"

namespace rundown::run {

namespace asio = boost::asio;

namespace {

/// A driver that writes faster than the line carries would be drained for ever.
constexpr int kPiecesMax = 1024;
/// To be asked leaves records, too: the ring is never found empty. An answer has room for more.
constexpr std::size_t kFewRecords = 16;

}  // namespace

Awaitable<void> ScenarioRun::find_trace() {
    if (hello_.trace_bytes() != 0) {
        co_return result<void>{};
    }
    const auto place = co_await agent_->trace_place(wait("the driver to say where its trace is"));
    if (!place && place.error().kind == ErrorKind::refused) {
        co_return result<void>{};  // A driver of somebody else's: it leaves none.
    }
    RUNDOWN_CO_TRY(place);
    drains_ = place->kind == RD_P5_TRACE_OWN;
    co_return co_await drain_trace();
}

Awaitable<void> ScenarioRun::drain_trace() {
    if (!drains_ || !driver_loaded_) {
        co_return result<void>{};
    }
    for (int pieces = 0; pieces < kPiecesMax; ++pieces) {
        const auto piece =
            co_await agent_->drain_trace(kControlDevice, wait("the driver's trace to be drained"));
        RUNDOWN_CO_TRY(piece);
        RUNDOWN_CO_TRY(drained_.add(*piece));
        if (piece->records.size() < kFewRecords) {
            break;
        }
    }
    co_return result<void>{};
}

/// Once loaded again, the driver goes on with the ring it left behind, and hands out the records of
/// its last Unload. What it does meanwhile comes after RD_MARK_END, and nobody judges it.
Awaitable<void> ScenarioRun::collect_trace() {
    if (drains_ && !driver_loaded_ && stopped_cleanly_) {
        const auto started =
            co_await agent_->start_driver(wait("the driver to hand out the rest of its trace"));
        RUNDOWN_CO_TRY(started);
        driver_loaded_ = started->status == 0;
        RUNDOWN_CO_TRY(co_await drain_trace());
        if (driver_loaded_) {
            RUNDOWN_CO_TRY(co_await agent_->stop_driver(wait("the driver to stop")));
            driver_loaded_ = false;
        }
    }
    for (int pieces = 0; own_marks_ && pieces < kPiecesMax; ++pieces) {
        const auto piece = co_await agent_->drain_trace("", wait("the agent's marks"));
        RUNDOWN_CO_TRY(piece);
        marks_.insert(marks_.end(), piece->records.begin(), piece->records.end());
        if (piece->records.empty()) {
            break;
        }
    }
    co_return result<void>{};
}

result<trace::Trace> ScenarioRun::whole_trace() {
    if (drains_) {
        return with_marks(drained_.trace(), std::move(marks_));
    }
    if (spec_.no_window) {
        return fail(
            ErrorKind::protocol, "there was no window, and the driver gave no trace of its own"
        );
    }
    window_.fill_holes();
    // What has been read leaves this process's memory: the records are as large.
    auto trace = trace::read(window_.bytes(), [this](std::span<const std::byte> part) {
        window_.forget_pages(part);
    });
    if (!trace || marks_.empty()) {
        return trace;
    }
    return with_marks(*trace, std::move(marks_));
}

}  // namespace rundown::run
