// SPDX-License-Identifier: MIT
#include "base/file_io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace rundown {

namespace fs = std::filesystem;

namespace {

/// 0 or the errno of the write that failed.
int write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? errno : EIO;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

int open_empty(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
}

std::string advice_for(const std::string& path, int error_number) {
    switch (error_number) {
        case ENOSPC:
            return "the disk mounted at " + mount_point_of(path) +
                   " is full; free some of it, or choose another with --out";
        case EDQUOT:
            return "your quota on the disk mounted at " + mount_point_of(path) +
                   " is used up; free some of it, or choose another with --out";
        case EFBIG:
            return "the limit on the size of files is reached; raise it (ulimit -f)";
        case EROFS:
            return "the disk mounted at " + mount_point_of(path) +
                   " is read-only; choose another with --out";
        case ENOENT:
            return "its directory is gone, or was never there";
        default:
            return std::strerror(error_number);
    }
}

}  // namespace

Error cannot_write(const std::string& path, int error_number) {
    return fail(
        ErrorKind::environment, "cannot write " + path + ": " + advice_for(path, error_number)
    );
}

Error cannot_read(const std::string& path, int error_number) {
    return fail(ErrorKind::environment, "cannot read " + path + ": " + std::strerror(error_number));
}

std::string mount_point_of(const std::string& path) {
    std::error_code error;
    fs::path at = fs::absolute(path, error).lexically_normal();
    struct stat here = {};
    while (::stat(at.c_str(), &here) != 0 && at.has_relative_path()) {
        at = at.parent_path();
    }
    while (at.has_relative_path()) {
        struct stat above = {};
        if (::stat(at.parent_path().c_str(), &above) != 0 || above.st_dev != here.st_dev) {
            break;
        }
        at = at.parent_path();
    }
    return at.string();
}

bool disk_is_full(const std::string& path) {
    struct statvfs room = {};
    return ::statvfs(path.c_str(), &room) == 0 && room.f_blocks != 0 && room.f_bavail == 0;
}

result<void> write_whole_file(const std::string& path, std::string_view contents) {
    const int fd = open_empty(path);
    if (fd < 0) {
        return cannot_write(path, errno);
    }
    int error_number = write_all(fd, contents);
    // Some file systems tell of a full disk or a quota only here.
    if (::close(fd) != 0 && error_number == 0) {
        error_number = errno;
    }
    if (error_number != 0) {
        return cannot_write(path, error_number);
    }
    return {};
}

result<void> LogFile::open(const std::string& path) {
    close();
    error_.reset();
    path_ = path;
    fd_ = open_empty(path);
    if (fd_ < 0) {
        error_ = cannot_write(path, errno);
        return *error_;
    }
    return {};
}

void LogFile::append(std::string_view text) {
    if (fd_ < 0 || error_) {
        return;
    }
    if (const int error_number = write_all(fd_, text); error_number != 0) {
        error_ = cannot_write(path_, error_number);
    }
}

void LogFile::close() {
    if (fd_ < 0) {
        return;
    }
    if (::close(std::exchange(fd_, -1)) != 0 && !error_) {
        error_ = cannot_write(path_, errno);
    }
}

}  // namespace rundown
