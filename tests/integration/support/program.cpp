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
#include <map>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "guest/places.hpp"
#include "guest/run_registry.hpp"

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
    for (const auto& variable : invocation.environment) {
        putenv(const_cast<char*>(variable.c_str()));
    }
    std::vector<char*> arguments{const_cast<char*>(RUNDOWN_BINARY)};
    for (const auto& argument : invocation.arguments) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    execv(RUNDOWN_BINARY, arguments.data());
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
    const pid_t pid = fork();
    if (pid == 0) {
        become_program(invocation, out, err);
    }
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

namespace {

/// The process id that follows `prefix` in `text`; 0: none.
pid_t owner_in(const std::string& text, const std::string& prefix) {
    const std::size_t at = text.find(prefix);
    return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + prefix.size());
}

bool alive(pid_t pid) {
    return kill(pid, 0) == 0 || errno == EPERM;
}

/// Every QEMU of a rundown run on this machine, and the process that the run is, by their pids.
std::map<pid_t, pid_t> qemus_and_owners() {
    std::map<pid_t, pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const std::string command = contents_of(entry.path().string() + "/cmdline");
        const pid_t owner = owner_in(command, "guest=rd-");
        if (command.find("qemu-system") != std::string::npos && owner != 0) {
            found[std::stoi(name)] = owner;
        }
    }
    return found;
}

}  // namespace

std::vector<pid_t> qemu_processes_of(pid_t program) {
    std::vector<pid_t> pids;
    for (const auto& [qemu, owner] : qemus_and_owners()) {
        if (owner == program) {
            pids.push_back(qemu);
        }
    }
    return pids;
}

std::vector<std::string> leftovers() {
    std::vector<std::string> found;
    for (const auto& [qemu, owner] : qemus_and_owners()) {
        if (!alive(owner)) {
            found.push_back("QEMU process " + std::to_string(qemu));
        }
    }
    const std::string window(guest::kWindowPrefix);
    for (const auto& entry : fs::directory_iterator("/dev/shm")) {
        const pid_t owner = owner_in("/" + entry.path().filename().string(), "/" + window);
        if (owner != 0 && !alive(owner)) {
            found.push_back("shared memory " + entry.path().string());
        }
    }
    std::error_code none;
    const std::string runtime = guest::Places::of_this_process().runtime;
    for (const auto& entry : fs::directory_iterator(runtime, none)) {
        const auto owner = guest::parse_process_directory_name(entry.path().filename().string());
        if (owner && !alive(owner->pid)) {
            found.push_back("runtime directory " + entry.path().string());
        }
    }
    return found;
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
