// SPDX-License-Identifier: MIT
#include "image/store_lock_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace rundown::image {
namespace {

constexpr Milliseconds kBetweenTries{5};
constexpr Milliseconds kStorePatience{10000};  // Held for a few renames only.

result<FileLock> lock_opened(
    int fd, const std::string& path, LockMode mode, Milliseconds patience
) {
    if (fd < 0) {
        return fail(
            ErrorKind::environment, fmt::format("cannot open {}: {}", path, std::strerror(errno))
        );
    }
    FileLock lock(fd);
    const int how = (mode == LockMode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
    const auto until = Clock::now() + patience;
    while (::flock(fd, how) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return fail(
                ErrorKind::environment,
                fmt::format("cannot lock {}: {}", path, std::strerror(errno))
            );
        }
        if (Clock::now() >= until) {
            return FileLock();
        }
        std::this_thread::sleep_for(kBetweenTries);
    }
    return lock;
}

}  // namespace

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

FileLock::~FileLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

bool FileLock::is_of(const std::string& path) const {
    struct stat locked = {}, named = {};
    return ::fstat(fd_, &locked) == 0 && ::stat(path.c_str(), &named) == 0 &&
           locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

result<FileLock> lock_file(const std::string& path, LockMode mode, Milliseconds patience) {
    return lock_opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path, mode, patience);
}

result<FileLock> lock_new_file(const std::string& path, LockMode mode, Milliseconds patience) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    return lock_opened(fd, path, mode, patience);
}

result<FileLock> lock_idle_image(
    const std::string& path, const std::string& name, const char* done
) {
    auto lock = lock_new_file(path, LockMode::alone, kLookPatience);
    if (lock && !*lock) {
        return fail(
            ErrorKind::environment,
            fmt::format("the image '{}' is in use by a run; it was not {}", name, done)
        );
    }
    return lock;
}

result<FileLock> lock_store(const std::string& directory) {
    auto lock = lock_new_file(directory + "/.lock", LockMode::alone, kStorePatience);
    if (lock && !*lock) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "the image store {} has been locked by another process for {} s",
                directory,
                kStorePatience.count() / 1000
            )
        );
    }
    return lock;
}

}  // namespace rundown::image
