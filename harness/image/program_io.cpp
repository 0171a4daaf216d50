// SPDX-License-Identifier: MIT
#include "image/program_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "guest/find_program_io.hpp"

namespace rundown::image {
namespace {

constexpr Milliseconds kBetweenLooks{50};

struct Package {
    std::string_view program;
    std::string_view package;
};
constexpr Package kPackages[] = {
    {"qemu-img", "qemu-utils"},
    {"xorriso", "xorriso"},
    {"genisoimage", "genisoimage"},
    {"reged", "chntpw"},
    {"wimlib-imagex", "wimtools"},
    {"mcopy", "mtools"},
    {"mdir", "mtools"},
    {"mmd", "mtools"},
    {"mdel", "mtools"},
    {"mformat", "mtools"},
    {"mtype", "mtools"},
};

Error not_found(const std::string& name) {
    for (const auto& known : kPackages) {
        if (known.program == name) {
            return fail(
                ErrorKind::environment,
                fmt::format(
                    "{} was not found: install it with \"apt-get install {}\"", name, known.package
                )
            );
        }
    }
    return fail(ErrorKind::environment, fmt::format("the program {} was not found", name));
}

/// A pipe whose ends close with it.
struct Pipe {
    int ends[2] = {-1, -1};
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    bool make() { return ::pipe2(ends, O_CLOEXEC) == 0; }
    void close_end(int end) {
        if (ends[end] >= 0) {
            ::close(std::exchange(ends[end], -1));
        }
    }
};

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (auto& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
    std::vector<std::string> all = added;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        const auto name = text.substr(0, text.find('=') + 1);
        const bool replaced = std::any_of(added.begin(), added.end(), [&](const auto& one) {
            return std::string_view(one).starts_with(name);
        });
        if (!replaced) {
            all.emplace_back(text);
        }
    }
    return all;
}

/// One child and the pipes to it. Killed and waited for with its owner, should it still run.
class Child {
  public:
    ~Child() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);  // Not waited for yet: the number is still its.
            ::waitpid(pid_, nullptr, 0);
        }
    }
    bool start(const std::string& program, const ProgramRun& run);
    /// Moves bytes until the child has ended and its pipes are empty.
    result<ProgramEnd> see_through(const ProgramRun& run, const Deadline& deadline);

  private:
    [[noreturn]] void become(
        const char* program, char** arguments, char** variables, const char* at, pid_t parent
    );
    void feed(const std::string& input);
    void drain(int which, std::string& into);
    bool reap();

    pid_t pid_ = -1;
    Pipe input_, output_, errors_;
    std::size_t fed_ = 0;
    ProgramEnd end_;
};

/// In the child, where only async-signal-safe calls are allowed.
void Child::become(
    const char* program, char** arguments, char** variables, const char* at, pid_t parent
) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(127);  // It was killed before it could ask.
    }
    ::setpgid(0, 0);  // The terminal's Ctrl-C is for us; we end the child ourselves.
    ::dup2(input_.ends[0], STDIN_FILENO);
    ::dup2(output_.ends[1], STDOUT_FILENO);
    ::dup2(errors_.ends[1], STDERR_FILENO);
    std::signal(SIGPIPE, SIG_DFL);
    if (*at == '\0' || ::chdir(at) == 0) {
        ::execve(program, arguments, variables);
    }
    ::_exit(127);
}

bool Child::start(const std::string& program, const ProgramRun& run) {
    if (!input_.make() || !output_.make() || !errors_.make()) {
        return false;
    }
    auto words = run.arguments;
    auto variables = environment_with(run.environment);
    auto argument_pointers = pointers_to(words);
    auto variable_pointers = pointers_to(variables);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        become(
            program.c_str(),
            argument_pointers.data(),
            variable_pointers.data(),
            run.directory.c_str(),
            parent
        );
    }
    input_.close_end(0);
    output_.close_end(1);
    errors_.close_end(1);
    for (const int fd : {input_.ends[1], output_.ends[0], errors_.ends[0]}) {
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return pid_ > 0;
}

void Child::feed(const std::string& input) {
    if (fed_ < input.size()) {
        const ssize_t put = ::write(input_.ends[1], input.data() + fed_, input.size() - fed_);
        if (put > 0) {
            fed_ += static_cast<std::size_t>(put);
        } else if (errno != EAGAIN && errno != EINTR) {
            fed_ = input.size();  // It does not want the rest.
        }
    }
    if (fed_ >= input.size()) {
        input_.close_end(1);
    }
}

void Child::drain(int which, std::string& into) {
    Pipe& pipe = which == 1 ? output_ : errors_;
    char buffer[16384];
    const ssize_t got = ::read(pipe.ends[0], buffer, sizeof buffer);
    if (got > 0) {
        const auto room = kProgramOutputMax - std::min(kProgramOutputMax, into.size());
        into.append(buffer, std::min(static_cast<std::size_t>(got), room));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        pipe.close_end(0);
    }
}

bool Child::reap() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) {
        return false;
    }
    pid_ = -1;
    end_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

result<ProgramEnd> Child::see_through(const ProgramRun& run, const Deadline& deadline) {
    for (;;) {
        pollfd watched[] = {
            {output_.ends[0], POLLIN, 0},
            {errors_.ends[0], POLLIN, 0},
            {input_.ends[1], POLLOUT, 0}};
        ::poll(watched, 3, static_cast<int>(kBetweenLooks.count()));  // -1 is passed over.
        if (watched[2].revents != 0) {
            feed(run.input);
        }
        if (watched[0].revents != 0) {
            drain(1, end_.output);
        }
        if (watched[1].revents != 0) {
            drain(2, end_.errors);
        }
        const bool silent = output_.ends[0] < 0 && errors_.ends[0] < 0;
        if (silent && reap()) {
            return std::move(end_);
        }
        if (silent) {
            std::this_thread::sleep_for(Milliseconds(1));
        }
        if (run.cancelled && run.cancelled()) {
            return fail(
                ErrorKind::cancelled, fmt::format("stopped while {} ran", run.arguments.front())
            );
        }
        if (deadline.passed(Clock::now())) {
            return deadline.expired();
        }
    }
}

std::string last_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    const auto before = text.rfind('\n');
    return before == std::string::npos ? text : text.substr(before + 1);
}

}  // namespace

result<ProgramEnd> run_program(const ProgramRun& run, Deadline deadline) {
    const auto program = guest::find_program(run.arguments.front());
    if (!program) {
        return not_found(run.arguments.front());
    }
    Child child;
    if (!child.start(*program, run)) {
        return fail(
            ErrorKind::environment,
            fmt::format("cannot start {}: {}", *program, std::strerror(errno))
        );
    }
    return child.see_through(run, deadline);
}

result<ProgramEnd> run_program_well(const ProgramRun& run, Deadline deadline) {
    auto end = run_program(run, deadline);
    if (!end || end->exit_code == 0) {
        return end;
    }
    std::string why = last_line(end->errors.empty() ? end->output : end->errors);
    if (why.empty()) {
        why = fmt::format("it ended with code {}", end->exit_code);
    }
    if (!why.starts_with(run.arguments.front())) {
        why = fmt::format("{}: {}", run.arguments.front(), why);
    }
    return fail(ErrorKind::environment, why);
}

}  // namespace rundown::image
