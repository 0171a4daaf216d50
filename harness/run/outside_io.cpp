// SPDX-License-Identifier: MIT
// What can be learned of a guest that has crashed or hangs and whose kernel is not ours: its debug
// line, its screen, its memory. The reference guest tells by itself, at an NMI.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <algorithm>
#include <filesystem>

#include "guest/operations_io.hpp"
#include "run/scenario_run_io.hpp"

namespace rundown::run {

namespace asio = boost::asio;

namespace {

/// A back trace of some dozen lines at the speed of a serial port; then the line is silent.
constexpr Milliseconds kLastWords{6000};
constexpr Milliseconds kSilence{800};
constexpr Milliseconds kLook{50};
constexpr Milliseconds kScreenTime{5000};
/// Of a whole memory, at the speed of a disk with other things to do.
constexpr Milliseconds kDumpTime{120000};
/// Windows writes its own dump at an NMI, and signals the bug check before.
constexpr Milliseconds kNmiTime{20000};

}  // namespace

asio::awaitable<bool> ScenarioRun::crashed_by_its_own_word() {
    if (!debug_line_) {
        co_return false;
    }
    const DebugLog& log = debug_line_->log();
    const Deadline deadline = Deadline::in(kLastWords, "the guest's last words");
    std::uint64_t bytes = 0;
    Milliseconds silent{0};
    while (!deadline.passed(Clock::now()) && !log.stands_still() && silent < kSilence) {
        silent = bytes == debug_line_->bytes() ? silent + kLook : Milliseconds(0);
        bytes = debug_line_->bytes();
        co_await pause(kLook);
    }
    if (log.bug_check()) {
        record_.bug_check = log.bug_check();
    }
    co_return log.bug_check() || log.stands_still();
}

void ScenarioRun::keep_debugger_words() {
    if (!debug_line_) {
        return;
    }
    const auto& visits = debug_line_->log().visits();
    const auto first = static_cast<std::ptrdiff_t>(std::min(visits_before_, visits.size()));
    auto words = sentences_for({visits.begin() + first, visits.end()});
    if (!words.empty()) {
        record_.debugger_words = std::move(words);
    }
}

asio::awaitable<void> ScenarioRun::look_from_outside() {
    const bool crashed = record_.bug_check || record_.guest_end == oracle::GuestEnd::panicked ||
                         (debug_line_ && debug_line_->log().stands_still());
    if (context_.home.is_ours() || (!crashed && !record_.deadline)) {
        co_return;
    }
    context_.progress.status("looking at the guest from outside");
    if (guest_->spec().display == guest::Display::vga) {
        static_cast<void>(co_await guest::screenshot(
            *guest_, evidence_.screenshot(), Deadline::in(kScreenTime, "a picture of the screen")
        ));
    }
    const bool windows = context_.home.choice.family == GuestFamily::windows;
    if (windows && !crashed) {
        // At an NMI it stops with a bug check of its own, 0x80, whose parameters QEMU tells.
        static_cast<void>(co_await guest::inject_nmi(*guest_, Deadline::in(kScreenTime, "the NMI"))
        );
        static_cast<void>(
            co_await guest_->ended(Deadline::in(kNmiTime, "the guest's bug check at the NMI"))
        );
    }
    const Deadline deadline = Deadline::in(kDumpTime, "the guest's memory to be written");
    if (windows) {
        const auto dumped =
            co_await guest::dump(*guest_, evidence_.dump(), guest::DumpFormat::win_dmp, deadline);
        if (dumped) {
            co_return;
        }
    }
    static_cast<void>(
        co_await guest::dump(*guest_, evidence_.dump(), guest::DumpFormat::elf, deadline)
    );
}

}  // namespace rundown::run
