// SPDX-License-Identifier: MIT
#include "guest/find_program_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "base/deadline.hpp"

namespace rundown::guest {

namespace {

constexpr Milliseconds kVersionPatience{5000};

bool is_executable(const std::string& path) {
    return ::access(path.c_str(), X_OK) == 0;
}

Error missing(const std::string& name) {
    if (name.find("qemu-system") == std::string::npos)
        return fail(ErrorKind::environment, fmt::format("the program {} was not found", name));
    return fail(
        ErrorKind::environment,
        fmt::format(
            "QEMU was not found ({}): install it with \"apt-get install qemu-system-x86\"", name
        )
    );
}

/// Reads the pipe until its end, a full line or the end of patience.
std::string read_line(int fd) {
    std::string text;
    const TimePoint until = Clock::now() + kVersionPatience;
    for (char buffer[256]; text.find('\n') == std::string::npos;) {
        pollfd watched = {fd, POLLIN, 0};
        const auto left = std::chrono::duration_cast<Milliseconds>(until - Clock::now()).count();
        if (left <= 0 || ::poll(&watched, 1, static_cast<int>(left)) <= 0)
            break;
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got <= 0)
            break;
        text.append(buffer, static_cast<std::size_t>(got));
    }
    return text.substr(0, text.find('\n'));
}

}  // namespace

result<std::string> find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) {
        if (is_executable(name))
            return name;
        return missing(name);
    }
    const char* path = std::getenv("PATH");
    std::istringstream directories(path ? path : "/usr/local/bin:/usr/bin:/bin");
    for (std::string directory; std::getline(directories, directory, ':');) {
        std::string candidate = directory + "/" + name;
        if (directory.starts_with('/') && is_executable(candidate))
            return candidate;
    }
    return missing(name);
}

std::string version_line(const std::string& program) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return {};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string own = program, option = "--version";
    char* arguments[] = {own.data(), option.data(), nullptr};
    pid_t child = -1;
    const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    const std::string line = error == 0 ? read_line(ends[0]) : std::string();
    ::close(ends[0]);
    if (error == 0) {
        ::kill(child, SIGKILL);  // Our own child, not waited for yet: the number is still its.
        ::waitpid(child, nullptr, 0);
    }
    return line;
}

}  // namespace rundown::guest
