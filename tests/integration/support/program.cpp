// SPDX-License-Identifier: MIT
#include "integration/support/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace rundown::integration {
namespace {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Pipe {
    int read = -1;
    int write = -1;
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw std::system_error(errno, std::generic_category(), "pipe");
        }
        read = ends[0];
        write = ends[1];
    }
    ~Pipe() {
        close_end(read);
        close_end(write);
    }
    static void close_end(int& end) {
        if (end >= 0) {
            ::close(end);
            end = -1;
        }
    }
};

[[noreturn]] void become_program(const Invocation& invocation, const Pipe& out, const Pipe& err) {
    dup2(out.write, STDOUT_FILENO);
    dup2(err.write, STDERR_FILENO);
    ::setpgid(0, 0);
    for (const auto& variable : invocation.environment) {
        putenv(const_cast<char*>(variable.c_str()));  // Without '=' it is taken away.
    }
    if (invocation.before_start && !invocation.before_start()) {
        _exit(kNotStarted);
    }
    std::string path = program();
    std::vector<char*> arguments{path.data()};
    for (const auto& argument : invocation.arguments) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    execv(path.c_str(), arguments.data());
    _exit(127);
}

/// Appends what the pipe holds; false at its end.
bool drain(int end, std::string& text) {
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(end, buffer.data(), buffer.size());
    if (count <= 0) {
        return false;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

/// Reads both pipes until the program closed them; false when patience ran out first.
bool collect(Pipe& out, Pipe& err, Outcome& outcome, Clock::time_point until) {
    while (out.read >= 0 || err.read >= 0) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
        std::array<pollfd, 2> ends{pollfd{out.read, POLLIN, 0}, pollfd{err.read, POLLIN, 0}};
        if (left.count() <= 0 ||
            poll(ends.data(), ends.size(), static_cast<int>(left.count())) == 0) {
            return false;
        }
        if (ends[0].revents != 0 && !drain(out.read, outcome.out)) {
            Pipe::close_end(out.read);
        }
        if (ends[1].revents != 0 && !drain(err.read, outcome.err)) {
            Pipe::close_end(err.read);
        }
    }
    return true;
}

}  // namespace

Outcome run_program(const Invocation& invocation) {
    Outcome outcome;
    Pipe out;
    Pipe err;
    const auto start = Clock::now();
    static std::once_flag adopting;
    std::call_once(adopting, adopt_orphans);
    const pid_t pid = fork();
    if (pid == 0) {
        become_program(invocation, out, err);
    }
    ::setpgid(pid, pid);
    outcome.pid = pid;
    program_started(pid);
    Pipe::close_end(out.write);
    Pipe::close_end(err.write);
    std::thread meanwhile;
    if (invocation.meanwhile) {
        meanwhile = std::thread([&] { invocation.meanwhile(pid); });
    }
    if (!collect(out, err, outcome, start + invocation.patience)) {
        outcome.timed_out = true;
        kill(pid, SIGKILL);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    program_ended(pid);
    if (meanwhile.joinable()) {
        meanwhile.join();
    }
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return outcome;
}

Outcome run_program(std::vector<std::string> arguments) {
    Invocation invocation;
    invocation.arguments = std::move(arguments);
    return run_program(invocation);
}

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (fs::temp_directory_path() / "rundown-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "mkdtemp");
    }
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::string TemporaryDirectory::file(const std::string& name, const std::string& contents) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary) << contents;
    return path;
}

std::string program() {
    const char* given = std::getenv("RUNDOWN_TEST_PROGRAM");
    return given != nullptr ? given : RUNDOWN_BINARY;
}

std::string contents_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string built(const std::string& name) {
    return (fs::path(RUNDOWN_BINARY).parent_path() / name).string();
}

}  // namespace rundown::integration
