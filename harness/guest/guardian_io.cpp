// SPDX-License-Identifier: MIT
#include "guest/guardian_io.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "guest/process_io.hpp"
#include "guest/run_registry_io.hpp"

namespace rundown::guest {

namespace {

/// The name that ps shows; the kernel keeps 15 characters.
constexpr const char* kName = "rundown-guard";
constexpr char kDismissed = 'd';
/// A process that is being killed takes a moment to let go of its lock, and libvirt's children of a
/// start under way a moment to end or to become a QEMU.
constexpr Milliseconds kPatience{10000};
constexpr useconds_t kBetweenLooksUs = 10000;

void close_all_but(int kept) {
    const auto descriptor = static_cast<unsigned>(kept);
    if (descriptor > 0)
        ::syscall(SYS_close_range, 0u, descriptor - 1, 0u);
    ::syscall(SYS_close_range, descriptor + 1, ~0u, 0u);
}

/// The standard streams lead nowhere: a reader of our output must not wait for the guardian.
void open_null_streams() {
    while (true) {
        const int fd = ::open("/dev/null", O_RDWR);
        if (fd < 0 || fd > STDERR_FILENO) {
            if (fd >= 0)
                ::close(fd);
            return;
        }
    }
}

void ignore_signals() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM})
        std::signal(number, SIG_IGN);
}

/// True when it was told that all is clean; false when the other end just closed.
bool wait_for_the_end(int pipe) {
    char word = 0;
    ssize_t got = 0;
    do {
        got = ::read(pipe, &word, 1);
    } while (got < 0 && errno == EINTR);
    return got == 1 && word == kDismissed;
}

[[noreturn]] void guard(int pipe, const Places& places, const ProcessIdentity& guarded) {
    ::setsid();
    ignore_signals();
    ::prctl(PR_SET_NAME, kName, 0, 0, 0);
    if (pipe <= STDERR_FILENO)
        pipe = ::fcntl(pipe, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close_all_but(pipe);
    open_null_streams();
    static_cast<void>(::chdir("/") == 0);
    if (wait_for_the_end(pipe))
        ::_exit(0);
    const TimePoint until = Clock::now() + kPatience;
    while (!clean_leftovers_of(places, guarded) && Clock::now() < until)
        ::usleep(kBetweenLooksUs);
    ::_exit(0);
}

}  // namespace

result<Guardian> Guardian::start(const Places& places) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail(
            ErrorKind::environment, std::string("cannot make a pipe: ") + std::strerror(errno)
        );
    const ProcessIdentity self = this_process();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::close(ends[1]);
        guard(ends[0], places, self);
    }
    const int error_number = errno;
    ::close(ends[0]);
    if (pid < 0) {
        ::close(ends[1]);
        return fail(
            ErrorKind::environment,
            std::string("cannot start the guardian process: ") + std::strerror(error_number)
        );
    }
    return Guardian(pid, ends[1]);
}

Guardian::Guardian(Guardian&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pipe_(std::exchange(other.pipe_, -1)) {}

Guardian::~Guardian() {
    if (pid_ < 0)
        return;
    // Should it have been killed, the write fails, which changes nothing. SIGPIPE is ignored by the
    // program as a whole.
    static_cast<void>(::write(pipe_, &kDismissed, 1) == 1);
    ::close(pipe_);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace rundown::guest
