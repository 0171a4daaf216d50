// SPDX-License-Identifier: MIT
#include "guest/process_io.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "guest/text_file_io.hpp"

namespace rundown::guest {

namespace {

std::string_view file_name(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
    const auto name_end = text.rfind(')');  // The name is the only field that can hold one.
    if (name_end == std::string_view::npos)
        return std::nullopt;
    ProcessStat stat;
    if (std::from_chars(text.data(), text.data() + text.size(), stat.identity.pid).ec !=
        std::errc())
        return std::nullopt;
    std::istringstream fields{std::string(text.substr(name_end + 1))};
    int group = 0;
    fields >> stat.state >> stat.parent >> group >> stat.session;
    std::string skipped;
    for (int field = 7; field < 22 && fields; ++field)
        fields >> skipped;
    fields >> stat.identity.start_ticks;
    return fields ? std::optional(stat) : std::nullopt;
}

std::optional<ProcessStat> process_stat(int pid) {
    return parse_process_stat(read_text_file(fmt::format("/proc/{}/stat", pid)));
}

ProcessIdentity this_process() {
    const auto stat = process_stat(::getpid());
    return stat ? stat->identity : ProcessIdentity{::getpid(), 0};
}

bool is_alive(const ProcessIdentity& process) {
    const auto stat = process_stat(process.pid);
    return stat && stat->identity == process && stat->state != 'Z' && stat->state != 'X';
}

std::string boot_id() {
    std::string id = read_text_file("/proc/sys/kernel/random/boot_id");
    while (!id.empty() && id.back() == '\n')
        id.pop_back();
    return id;
}

std::vector<std::string> command_line_of(int pid) {
    const std::string text = read_text_file(fmt::format("/proc/{}/cmdline", pid));
    std::vector<std::string> arguments;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\0', begin), text.size());
        arguments.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return arguments;
}

bool is_domain_process(
    const std::vector<std::string>& arguments, std::string_view name, std::string_view uuid
) {
    if (arguments.empty() || name.empty() || uuid.empty() ||
        !file_name(arguments.front()).starts_with("qemu-system-"))
        return false;
    const auto follows = [&arguments](std::string_view option) -> std::string_view {
        const auto found = std::find(arguments.begin(), arguments.end(), option);
        return found == arguments.end() || found + 1 == arguments.end() ? std::string_view()
                                                                        : *(found + 1);
    };
    std::string_view guest = follows("-name");  // "guest=NAME,debug-threads=on"
    if (!guest.starts_with("guest="))
        return false;
    guest.remove_prefix(6);
    return guest.substr(0, guest.find(',')) == name && follows("-uuid") == uuid;
}

bool is_process_of_directory(
    const std::vector<std::string>& arguments, std::string_view directory
) {
    if (arguments.empty() || directory.size() < 2 ||
        !file_name(arguments.front()).starts_with("qemu-system-"))
        return false;
    const std::string below = std::string(directory) + "/";
    return std::any_of(
        arguments.begin() + 1,
        arguments.end(),
        [&below](const std::string& argument) { return argument.find(below) != std::string::npos; }
    );
}

std::vector<int> find_processes(const ProcessTest& test) {
    std::vector<int> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string text = entry.path().filename().string();
        int pid = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), pid);
        if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
            continue;
        if (test(command_line_of(pid)))
            found.push_back(pid);
    }
    return found;
}

void kill_processes(const ProcessTest& test, Milliseconds patience) {
    // Again until there is none: a process that becomes a daemon forks, perhaps just behind the
    // search.
    constexpr int kSearchesMax = 10;
    for (int searches = 0; searches < kSearchesMax; ++searches) {
        const auto found = find_processes(test);
        if (found.empty())
            return;
        for (const int pid : found) {
            const ProcessHandle process = ProcessHandle::open(pid);
            // Between the search and the opening the number may have passed to another process;
            // from here on it cannot.
            if (process && test(command_line_of(pid)) && process.signal(SIGKILL))
                process.wait(patience);
        }
    }
}

ProcessHandle ProcessHandle::open(int pid) {
    return ProcessHandle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

ProcessHandle& ProcessHandle::operator=(ProcessHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

ProcessHandle::~ProcessHandle() {
    if (fd_ >= 0)
        ::close(fd_);
}

bool ProcessHandle::signal(int number) const {
    return ::syscall(SYS_pidfd_send_signal, fd_, number, nullptr, 0) == 0;
}

bool ProcessHandle::wait(Milliseconds patience) const {
    const TimePoint until = Clock::now() + patience;
    for (;;) {
        pollfd watched = {fd_, POLLIN, 0};
        const auto left = std::chrono::duration_cast<Milliseconds>(until - Clock::now()).count();
        const int ready = ::poll(&watched, 1, static_cast<int>(std::max<long long>(left, 0)));
        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

}  // namespace rundown::guest
