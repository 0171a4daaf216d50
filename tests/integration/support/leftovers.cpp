// SPDX-License-Identifier: MIT
#include "integration/support/leftovers.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "guest/places.hpp"
#include "guest/process_io.hpp"
#include "guest/run_registry.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

/// Programs of this test. Tests of two programs at once have two threads.
class Programs {
  public:
    void started(pid_t pid) {
        const std::lock_guard lock(mutex_);
        running_.insert(pid);
    }
    void ended(pid_t pid) {
        const std::lock_guard lock(mutex_);
        running_.erase(pid);
        ended_.insert(pid);
    }
    bool is_running(pid_t pid) const {
        const std::lock_guard lock(mutex_);
        return running_.contains(pid);
    }
    bool has_ended(pid_t pid) const {
        const std::lock_guard lock(mutex_);
        return ended_.contains(pid);
    }
    static Programs& all() {
        static Programs programs;
        return programs;
    }

  private:
    mutable std::mutex mutex_;
    std::set<pid_t> running_;
    std::set<pid_t> ended_;
};

/// The process id that follows `prefix` in `text`; 0: none.
pid_t owner_in(const std::string& text, const std::string& prefix) {
    const std::size_t at = text.find(prefix);
    return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + prefix.size());
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) {
        text += word + " ";
    }
    return text;
}

/// What an iterator of a directory finds; entries may vanish while it looks.
template <class Iterator>
std::vector<fs::path> found_by(const fs::path& directory) {
    std::vector<fs::path> paths;
    std::error_code none;
    for (Iterator at(directory, none); !none && at != Iterator(); at.increment(none)) {
        paths.push_back(at->path());
    }
    return paths;
}

std::vector<fs::path> entries_of(const fs::path& directory) {
    return found_by<fs::directory_iterator>(directory);
}

/// The process whose guest this command line is, or whose runtime directory it names; 0: none.
pid_t owner_of_command(const std::string& command, const std::string& runtime) {
    const pid_t owner = owner_in(command, "guest=rd-");
    return owner != 0 ? owner : owner_in(command, runtime + "/");
}

void look_at_processes(const std::string& runtime, Lines& found) {
    for (const int pid : guest::find_processes([](const auto& words) { return !words.empty(); })) {
        const std::string command = joined(guest::command_line_of(pid));
        if (Programs::all().has_ended(owner_of_command(command, runtime))) {
            found.push_back("process " + std::to_string(pid) + ": " + command.substr(0, 120));
        }
    }
}

/// Children of this process that are no program of the test: orphans of programs that ended.
void look_at_orphans(Lines& found) {
    for (const auto& thread : entries_of("/proc/self/task")) {
        std::ifstream children(thread / "children");
        for (pid_t pid = 0; children >> pid;) {
            if (Programs::all().is_running(pid)) {
                continue;
            }
            const auto stat = guest::process_stat(pid);
            if (stat && stat->state == 'Z') {
                ::waitpid(pid, nullptr, WNOHANG);
            } else if (stat) {
                found.push_back(
                    "orphan " + std::to_string(pid) + ": " + joined(guest::command_line_of(pid))
                );
            }
        }
    }
}

void look_at_shared_memory(Lines& found) {
    const std::string prefix = "/" + std::string(guest::kWindowPrefix);
    for (const auto& entry : entries_of("/dev/shm")) {
        if (Programs::all().has_ended(owner_in("/" + entry.filename().string(), prefix))) {
            found.push_back("shared memory " + entry.string());
        }
    }
}

/// Every file below the directory of a program that ended: registry, libvirt's domains, sockets.
void look_at_runtime_directory(const std::string& runtime, Lines& found) {
    for (const auto& entry : entries_of(runtime)) {
        const auto owner = guest::parse_process_directory_name(entry.filename().string());
        if (!owner || !Programs::all().has_ended(owner->pid)) {
            continue;
        }
        found.push_back("runtime directory " + entry.string());
        for (const auto& below : found_by<fs::recursive_directory_iterator>(entry)) {
            found.push_back("  in it " + below.string());
        }
    }
}

/// Sockets whose file is gone while a process still listens, too.
void look_at_sockets(const std::string& runtime, Lines& found) {
    std::ifstream table("/proc/net/unix");
    for (std::string line; std::getline(table, line);) {
        if (Programs::all().has_ended(owner_in(line, runtime + "/"))) {
            found.push_back("socket " + line);
        }
    }
}

/// Temporary files that carry the number of a program; those of the tests do not.
void look_at_temporary_files(Lines& found) {
    for (const char* directory : {"/tmp", "/var/tmp"}) {
        for (const auto& entry : entries_of(directory)) {
            const std::string name = entry.filename().string();
            const auto number = name.find_first_of("0123456789");
            const bool ours = name.starts_with("rundown") || name.starts_with("libvirt") ||
                              name.starts_with("qemu");
            if (ours && number != std::string::npos &&
                Programs::all().has_ended(std::atoi(name.c_str() + number))) {
                found.push_back("temporary file " + entry.string());
            }
        }
    }
}

Lines look() {
    const std::string runtime = guest::Places::of_this_process().runtime;
    Lines found;
    look_at_processes(runtime, found);
    look_at_orphans(found);
    look_at_shared_memory(found);
    look_at_runtime_directory(runtime, found);
    look_at_sockets(runtime, found);
    look_at_temporary_files(found);
    return found;
}

}  // namespace

std::vector<std::string> leftovers(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        auto found = look();
        if (found.empty() || std::chrono::steady_clock::now() >= until) {
            return found;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void program_started(pid_t pid) {
    Programs::all().started(pid);
}

void program_ended(pid_t pid) {
    Programs::all().ended(pid);
}

void adopt_orphans() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

std::vector<pid_t> qemu_processes_of(pid_t program) {
    std::vector<pid_t> pids;
    for (const int pid : guest::find_processes([program](const auto& words) {
             return !words.empty() && words[0].find("qemu-system") != std::string::npos &&
                    owner_in(joined(words), "guest=rd-") == program;
         })) {
        pids.push_back(pid);
    }
    return pids;
}

bool await_process_with(const std::string& name, const std::string& word) {
    for (int looks = 0; looks < 3000; ++looks) {
        const auto found = guest::find_processes([&](const auto& words) {
            return !words.empty() && words[0] == name &&
                   joined(words).find(word) != std::string::npos;
        });
        if (!found.empty()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

std::vector<pid_t> await_qemu(pid_t program) {
    for (int looks = 0; looks < 3000; ++looks) {
        if (auto pids = qemu_processes_of(program); !pids.empty()) {
            return pids;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "no QEMU process appeared";
    return {};
}

}  // namespace rundown::integration
