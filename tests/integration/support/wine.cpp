// SPDX-License-Identifier: MIT
#include "integration/support/wine.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "integration/support/program.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Debian's places; the wrapper of the package `wine` wants a 32-bit Wine as well.
constexpr const char* kWine = "/usr/lib/wine/wine64";
constexpr const char* kServer = "/usr/lib/wine/wineserver64";

[[noreturn]] void become(std::vector<std::string> arguments, const std::string& prefix) {
    ::setpgid(0, 0);
    ::setenv("WINEPREFIX", prefix.c_str(), 1);
    ::setenv("WINESERVER", kServer, 1);
    ::setenv("WINEDEBUG", "-all", 1);
    ::setenv("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d", 1);
    ::unsetenv("DISPLAY");
    const int nothing = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) {
        ::dup2(nothing, fd);
    }
    std::vector<char*> pointers;
    for (std::string& argument : arguments) {
        pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    ::execv(pointers[0], pointers.data());
    _exit(127);
}

pid_t spawn(const std::vector<std::string>& arguments, const std::string& prefix) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(arguments, prefix);
    }
    return pid;
}

}  // namespace

std::optional<int> wait_for(pid_t pid, std::chrono::seconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    int status = 0;
    while (::waitpid(pid, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > until) {
            return std::nullopt;
        }
        std::this_thread::sleep_for(5ms);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Wine::missing() {
    for (const char* program : {kWine, kServer}) {
        if (::access(program, X_OK) != 0) {
            return std::string(program) +
                   " is not there (Debian package wine64): the Win32 agent "
                   "is not tested on this machine";
        }
    }
    return {};
}

Wine::Wine() : prefix_(built("wine")) {
    if (!fs::exists(prefix_ + "/made")) {
        make_prefix();
    }
}

Wine::~Wine() {
    end_everything();
}

/// COM ports are what HKLM\Software\Wine\Ports says when the server starts.
void Wine::make_prefix() {
    end_everything();
    fs::remove_all(prefix_);
    fs::create_directories(prefix_);
    const bool is_made = run({"wineboot", "-i"}, 180s) == 0;
    const bool is_told =
        run({"reg", "add", "HKLM\\Software\\Wine\\Ports", "/v", "COM1", "/d", serial_line(), "/f"},
            60s) == 0;
    end_everything();
    if (!is_made || !is_told) {
        throw std::runtime_error("Wine could not make a prefix at " + prefix_);
    }
    std::ofstream(prefix_ + "/made") << "whole\n";
}

pid_t Wine::start(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{kWine};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return spawn(all, prefix_);
}

std::optional<int> Wine::run(
    const std::vector<std::string>& arguments, std::chrono::seconds patience
) const {
    const pid_t pid = start(arguments);
    const auto code = wait_for(pid, patience);
    if (!code) {
        ::kill(-pid, SIGKILL);
        wait_for(pid, 10s);
    }
    return code;
}

void Wine::forget() const {
    fs::remove(prefix_ + "/made");
}

void Wine::end_everything() const {
    if (!fs::exists(prefix_)) {
        return;
    }
    wait_for(spawn({kServer, "-k"}, prefix_), 20s);
    wait_for(spawn({kServer, "-w"}, prefix_), 20s);
}

}  // namespace rundown::integration
