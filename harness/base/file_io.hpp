// SPDX-License-Identifier: MIT
// base/file_io.hpp
//
// Files of evidence: written whole or line by line, and never lost in silence. What cannot be
// written is an error of kind environment whose one sentence names the file, the reason and, when
// it is full, the disk. Blocking; no buffers of our own, so what append() took has left the
// process.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown {

/// "cannot write <path>: ..." for an errno. A full disk is named by where it is mounted.
Error cannot_write(const std::string& path, int error_number);

/// "cannot read <path>: ..." for an errno.
Error cannot_read(const std::string& path, int error_number);

/// Where the file system that holds `path` is mounted; `path` need not exist, a parent must.
std::string mount_point_of(const std::string& path);

/// True when the file system that holds `path` has no room left for an ordinary user's byte.
bool disk_is_full(const std::string& path);

/// Writes a whole file, in place of what was there.
result<void> write_whole_file(const std::string& path, std::string_view contents);

/// A file that grows line by line. The first error is kept, and ends the writing: a log with a hole
/// in its middle would mislead.
class LogFile {
  public:
    LogFile() = default;
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    ~LogFile() { close(); }

    /// Makes the file, empty.
    result<void> open(const std::string& path);
    bool is_open() const { return fd_ >= 0; }
    void append(std::string_view text);
    void close();
    /// Why something is missing in it; nothing when it is whole. Survives close().
    const std::optional<Error>& error() const { return error_; }

  private:
    int fd_ = -1;
    std::string path_;
    std::optional<Error> error_;
};

}  // namespace rundown
