// SPDX-License-Identifier: MIT
// guest/run_registry_io.hpp
//
// Keeps this process's registry file, and removes what registries of dead processes name. A process
// lives in <runtime>/<pid>-<start ticks>/ and holds a lock on the file `registry` there for as long
// as it exists: whoever can take the lock knows that the owner is dead. Blocking, short. Not
// thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "guest/places.hpp"
#include "guest/run_registry.hpp"

namespace rundown::guest {

class RunRegistry {
  public:
    /// Makes this process's directory and registry below places.runtime. Error: environment.
    static result<std::unique_ptr<RunRegistry>> create(const Places& places);
    RunRegistry(const RunRegistry&) = delete;
    RunRegistry& operator=(const RunRegistry&) = delete;
    /// Removes everything still held, last made first, then the directory.
    ~RunRegistry();

    /// <runtime>/<pid>-<start ticks>, private to this user.
    const std::string& directory() const { return directory_; }

    /// Writes the resource down. To be called before it is made. Errors: internal (malformed),
    /// environment (disk).
    result<void> hold(const Resource& resource);
    /// Removes the resource from the machine (a domain's process is killed), then from the
    /// registry.
    void release(const Resource& resource);
    /// Notes that the resource is no longer ours, and leaves it where it is.
    void forget(const Resource& resource);
    const std::vector<Resource>& held() const { return held_; }

  private:
    RunRegistry(std::string directory, int fd) : directory_(std::move(directory)), fd_(fd) {}
    result<void> append(const std::string& text);

    std::string directory_;
    int fd_;
    std::vector<Resource> held_;
};

/// Removes one resource from the machine. `directory`: of the process that held it.
void remove_resource(const Resource& resource, const std::string& directory);

/// What clean_leftovers() found and removed.
struct Leftovers {
    int runs = 0;       // Dead processes that had left something.
    int resources = 0;  // Domains, windows and sockets of theirs.
};

/// Removes what dead runs left below places.runtime: kills their QEMUs (each checked by its command
/// line, through a pidfd), unlinks their windows and sockets, removes their directories. Never
/// touches a live run. Blocking.
Leftovers clean_leftovers(const Places& places);

/// The same for one process. True when nothing of it is left; false while it lives, or when another
/// is cleaning: ask again.
bool clean_leftovers_of(const Places& places, const ProcessIdentity& process);

}  // namespace rundown::guest
