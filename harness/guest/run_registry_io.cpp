// SPDX-License-Identifier: MIT
#include "guest/run_registry_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "guest/text_file_io.hpp"

namespace rundown::guest {

namespace {

namespace fs = std::filesystem;

constexpr Milliseconds kKillPatience{
    3000};  // SIGKILL takes effect at once; a busy machine needs a little.

void kill_domain(const Resource& domain) {
    kill_processes(
        [&domain](const std::vector<std::string>& arguments) {
            return is_domain_process(arguments, domain.name, domain.uuid);
        },
        kKillPatience
    );
}

/// QEMUs that are in no registry because libvirt started them for itself, to ask for their
/// capabilities.
void kill_processes_of(const std::string& directory) {
    kill_processes(
        [&directory](const std::vector<std::string>& arguments) {
            return is_process_of_directory(arguments, directory);
        },
        kKillPatience
    );
}

/// A closed file descriptor is a released lock.
class LockedFile {
  public:
    explicit LockedFile(const std::string& path)
        : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)) {
        if (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) == 0)
            return;
        absent_ = fd_ < 0 && errno == ENOENT;
        close();
    }
    LockedFile(const LockedFile&) = delete;
    LockedFile& operator=(const LockedFile&) = delete;
    ~LockedFile() { close(); }
    bool locked() const { return fd_ >= 0; }
    bool absent() const { return absent_; }

  private:
    void close() {
        if (fd_ >= 0)
            ::close(fd_);
        fd_ = -1;
    }
    int fd_;
    bool absent_ = false;
};

/// Removes one dead run; false when it is alive or being cleaned by another.
bool clean_run(const fs::path& directory, Leftovers& leftovers) {
    const auto owner = parse_process_directory_name(directory.filename().string());
    if (!owner || is_alive(*owner))
        return false;
    const std::string path = (directory / "registry").string();
    const LockedFile lock(path);
    if (!lock.locked() && !lock.absent())
        return false;
    const auto contents = parse_registry(read_text_file(path));
    if (contents) {
        // After a reboot the numbers mean nothing, and nothing but files on disks has survived.
        const bool same_boot = contents->boot_id == boot_id();
        if (same_boot)
            kill_processes_of(directory.string());
        for (auto resource = contents->held.rbegin(); resource != contents->held.rend();
             ++resource) {
            if (!same_boot && resource->kind != ResourceKind::file)
                continue;
            remove_resource(*resource, directory.string());
            ++leftovers.resources;
        }
    }
    std::error_code error;
    fs::remove_all(directory, error);
    ++leftovers.runs;
    return true;
}

/// libvirt's threads may still be at their books about a guest that just ended, and put a file
/// where one was removed a moment ago.
void remove_for_good(const std::string& directory) {
    constexpr int kTries = 100;
    constexpr std::chrono::milliseconds kBetween{10};
    std::error_code error;
    for (int tries = 0; tries < kTries; ++tries) {
        fs::remove_all(directory, error);
        if (!fs::exists(directory, error))
            return;
        std::this_thread::sleep_for(kBetween);
    }
}

}  // namespace

result<std::unique_ptr<RunRegistry>> RunRegistry::create(const Places& places) {
    RUNDOWN_TRY(make_private_directory(places.runtime));
    const ProcessIdentity process = this_process();
    const std::string directory = places.runtime + "/" + process_directory_name(process);
    RUNDOWN_TRY(make_private_directory(directory));
    const std::string path = directory + "/registry";
    const int fd =
        ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || ::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const std::string why = std::strerror(errno);
        if (fd >= 0)
            ::close(fd);
        return fail(
            ErrorKind::environment, fmt::format("cannot make this run's registry {}: {}", path, why)
        );
    }
    std::unique_ptr<RunRegistry> registry(new RunRegistry(directory, fd));
    RUNDOWN_TRY(registry->append(registry_opening(process, boot_id())));
    return registry;
}

RunRegistry::~RunRegistry() {
    while (!held_.empty())
        release(Resource(held_.back()));
    kill_processes_of(directory_);
    remove_for_good(directory_);
    ::close(fd_);
}

result<void> RunRegistry::append(const std::string& text) {
    if (::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()))
        return {};
    return fail(
        ErrorKind::environment,
        fmt::format("cannot write this run's registry in {}: {}", directory_, std::strerror(errno))
    );
}

result<void> RunRegistry::hold(const Resource& resource) {
    if (!is_well_formed(resource))
        return fail(ErrorKind::internal, fmt::format("\"{}\" cannot be registered", resource.name));
    RUNDOWN_TRY(append(registry_line('+', resource)));
    held_.push_back(resource);
    return {};
}

void RunRegistry::release(const Resource& resource) {
    remove_resource(resource, directory_);
    forget(resource);
}

void RunRegistry::forget(const Resource& resource) {
    std::erase(held_, resource);
    // A line that cannot be written costs the next run a look at something that is gone already.
    static_cast<void>(append(registry_line('-', resource)));
}

void remove_resource(const Resource& resource, const std::string& directory) {
    if (!is_well_formed(resource))
        return;
    switch (resource.kind) {
        case ResourceKind::invalid:
            return;
        case ResourceKind::domain:
            return kill_domain(resource);
        case ResourceKind::window:
            ::unlink(("/dev/shm/" + resource.name).c_str());
            return;
        case ResourceKind::socket:
            ::unlink((directory + "/" + resource.name).c_str());
            return;
        case ResourceKind::file:
            ::unlink(resource.name.c_str());
            return;
    }
}

bool clean_leftovers_of(const Places& places, const ProcessIdentity& process) {
    const std::string directory = places.runtime + "/" + process_directory_name(process);
    std::error_code error;
    Leftovers leftovers;
    return !fs::exists(directory, error) ||
           (clean_run(directory, leftovers) && !fs::exists(directory, error));
}

Leftovers clean_leftovers(const Places& places) {
    Leftovers leftovers;
    std::error_code error;
    if (!fs::is_directory(places.runtime, error) || !make_private_directory(places.runtime))
        return leftovers;
    std::vector<fs::path> directories;
    for (const auto& entry : fs::directory_iterator(places.runtime, error)) {
        if (entry.is_directory(error) && !entry.is_symlink(error))
            directories.push_back(entry.path());
    }
    for (const fs::path& directory : directories)
        clean_run(directory, leftovers);
    return leftovers;
}

}  // namespace rundown::guest
