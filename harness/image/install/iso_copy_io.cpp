// SPDX-License-Identifier: MIT
#include "image/install/iso_copy_io.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file_io.hpp"

namespace rundown::image {

namespace fs = std::filesystem;

namespace {

/// A file, open as long as this lives.
class OpenFile {
  public:
    OpenFile(const std::string& path, int how) : fd_(::open(path.c_str(), how | O_CLOEXEC)) {}
    ~OpenFile() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    explicit operator bool() const { return fd_ >= 0; }
    bool read(std::uint64_t offset, std::string& bytes) const {
        const auto got = ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        return got == static_cast<ssize_t>(bytes.size());
    }
    bool write(std::uint64_t offset, const std::string& bytes) const {
        const auto put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        return put == static_cast<ssize_t>(bytes.size());
    }

  private:
    int fd_;
};

}  // namespace

result<void> copy_iso(
    const std::string& from, const std::string& to, const std::vector<IsoWrite>& writes
) {
    std::error_code error;
    fs::copy_file(from, to, error);
    if (error) {
        return cannot_write(to, error.value());
    }
    // The person's medium may be write-protected; its copy is ours.
    fs::permissions(to, fs::perms::owner_write, fs::perm_options::add, error);
    const OpenFile file(to, O_RDWR);
    for (const auto& write : writes) {
        if (!file || !file.write(write.offset, write.bytes)) {
            return cannot_write(to, errno);
        }
    }
    return {};
}

result<void> copy_iso_with(
    const std::string& from, const std::string& to, const std::vector<ReplacedFile>& files
) {
    std::error_code error;
    const auto bytes = fs::file_size(from, error);
    const OpenFile file(from, O_RDONLY);
    const Error unreadable = fail(ErrorKind::environment, "cannot read " + from);
    if (error || !file) {
        return unreadable;
    }
    const IsoReader read = [&](std::uint64_t offset, std::size_t count) -> result<std::string> {
        std::string piece(count, '\0');
        if (!file.read(offset, piece)) {
            return unreadable;
        }
        return piece;
    };
    const auto writes = plan_iso_patch(read, bytes, from, files);
    if (!writes) {
        return writes.error();
    }
    return copy_iso(from, to, *writes);
}

}  // namespace rundown::image
