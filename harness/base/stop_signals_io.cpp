// SPDX-License-Identifier: MIT
#include "base/stop_signals_io.hpp"

#include <unistd.h>

#include <csignal>

#include "base/result.hpp"

namespace rundown {

namespace {

/// In a signal handler: nothing but calls that are safe there.
void leave_at_once(int) {
    constexpr char kWords[] =
        "\nrundown: stopping took longer than 20 s: left at once, the guest is being removed\n";
    static_assert(kStopTime.count() == 20, "the sentence says so");
    static_cast<void>(::write(STDERR_FILENO, kWords, sizeof kWords - 1) < 0);
    ::_exit(exit_could_not_run);
}

/// nohup's wish is respected.
bool is_ignored(int number) {
    struct sigaction action = {};
    return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

const char* name_of(int number) {
    switch (number) {
        case SIGINT:
            return "Ctrl-C";
        case SIGHUP:
            return "SIGHUP (the terminal is gone)";
        default:
            return "SIGTERM";
    }
}

}  // namespace

StopSignals::StopSignals(boost::asio::io_context& loop, StopRequest& stop)
    : signals_(loop, SIGINT, SIGTERM) {
    if (!is_ignored(SIGHUP)) {
        signals_.add(SIGHUP);
    }
    wait(stop);
}

StopSignals::~StopSignals() {
    ::alarm(0);
    std::signal(SIGALRM, SIG_DFL);
}

void StopSignals::wait(StopRequest& stop) {
    signals_.async_wait([this, &stop](boost::system::error_code error, int number) {
        if (error) {
            return;
        }
        signals_.clear();  // The next one does what signals do.
        std::signal(SIGALRM, leave_at_once);
        ::alarm(static_cast<unsigned>(kStopTime.count()));
        stop.request(name_of(number));
    });
}

}  // namespace rundown
