// SPDX-License-Identifier: MIT
// guest/process_io.hpp
//
// Processes, told apart safely: a number alone may be somebody else's by the time it is used, so a
// process is its number with its start time, and it is signalled through a pidfd that was checked
// after it was opened. Reads /proc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.hpp"

namespace rundown::guest {

/// One process for all time (until the next boot).
struct ProcessIdentity {
    int pid = 0;
    std::uint64_t start_ticks = 0;  // Since boot; field 22 of /proc/PID/stat.
    bool operator==(const ProcessIdentity&) const = default;
};

/// The fields of /proc/PID/stat this project uses.
struct ProcessStat {
    ProcessIdentity identity;
    char state = '?';  // 'Z': a zombie.
    int parent = 0;
    int session = 0;
};

/// Parses the text of /proc/PID/stat. The name in it may hold spaces and parentheses.
std::optional<ProcessStat> parse_process_stat(std::string_view text);

std::optional<ProcessStat> process_stat(int pid);
ProcessIdentity this_process();
/// True while exactly this process exists and is not a zombie.
bool is_alive(const ProcessIdentity& process);
/// /proc/sys/kernel/random/boot_id: tells registries of an earlier boot.
std::string boot_id();

/// Arguments of a process; empty when it is gone, a zombie, or not ours to see.
std::vector<std::string> command_line_of(int pid);

/// True for a QEMU that libvirt started for the domain `name` with this UUID: the program is a QEMU
/// system emulator, and -name and -uuid agree. The check that must hold before anything is
/// signalled.
bool is_domain_process(
    const std::vector<std::string>& arguments, std::string_view name, std::string_view uuid
);

/// True for a QEMU one of whose arguments names a file below `directory`: everything libvirt starts
/// in embedded mode, the QEMUs it only asks for their capabilities included.
bool is_process_of_directory(const std::vector<std::string>& arguments, std::string_view directory);

using ProcessTest = std::function<bool(const std::vector<std::string>& arguments)>;

/// The processes whose command line passes `test`, found by walking /proc.
std::vector<int> find_processes(const ProcessTest& test);

/// Kills (SIGKILL) those processes and waits until they are gone, `patience` each.
void kill_processes(const ProcessTest& test, Milliseconds patience);

/// A pidfd, closed with its owner. Readable once the process has ended.
class ProcessHandle {
  public:
    /// Empty handle when there is no such process.
    static ProcessHandle open(int pid);
    ProcessHandle() = default;
    ProcessHandle(ProcessHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ProcessHandle& operator=(ProcessHandle&& other) noexcept;
    ~ProcessHandle();

    explicit operator bool() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    /// False when the process has ended already.
    bool signal(int number) const;
    /// Waits (blocking) until it has ended; false when it still runs after `patience`.
    bool wait(Milliseconds patience) const;

  private:
    explicit ProcessHandle(int fd) : fd_(fd) {}
    int fd_ = -1;
};

}  // namespace rundown::guest
