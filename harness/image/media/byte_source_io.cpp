// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_io.hpp"
#include "image/media/byte_source.hpp"
#include "image/room_io.hpp"

namespace rundown::image {
namespace {

class FileSource : public ByteSource {
  public:
    FileSource(int fd, std::uint64_t bytes, std::string path)
        : fd_(fd), bytes_(bytes), path_(std::move(path)) {}
    ~FileSource() override { ::close(fd_); }

    std::uint64_t bytes() const override { return bytes_; }
    const std::string& name() const override { return path_; }
    result<void> read(std::uint64_t offset, std::span<char> buffer) const override {
        if (!holds(offset, buffer.size())) {
            return fail(
                ErrorKind::environment,
                fmt::format(
                    "{} is damaged or cut short: it has {} and needs more", path_, size_text(bytes_)
                )
            );
        }
        while (!buffer.empty()) {
            const ssize_t got =
                ::pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got <= 0) {
                return cannot_read(path_, got < 0 ? errno : EIO);
            }
            offset += static_cast<std::uint64_t>(got);
            buffer = buffer.subspan(static_cast<std::size_t>(got));
        }
        return {};
    }

  private:
    int fd_;
    std::uint64_t bytes_;
    std::string path_;
};

}  // namespace

result<std::unique_ptr<ByteSource>> open_byte_source(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cannot_read(path, errno);
    }
    struct stat status = {};
    if (::fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        const int error_number = S_ISDIR(status.st_mode) ? EISDIR : errno;
        ::close(fd);
        return cannot_read(path, error_number);
    }
    const off_t end = ::lseek(fd, 0, SEEK_END);  // A drive, too, has one.
    return std::unique_ptr<ByteSource>(
        new FileSource(fd, end > 0 ? static_cast<std::uint64_t>(end) : 0, path)
    );
}

std::string utf8_from_utf16(std::string_view bytes, bool big_endian) {
    const auto unit = [&](std::size_t at) {
        const auto high = static_cast<unsigned char>(bytes[at + (big_endian ? 0 : 1)]);
        const auto low = static_cast<unsigned char>(bytes[at + (big_endian ? 1 : 0)]);
        return static_cast<char32_t>(high << 8 | low);
    };
    std::string text;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        char32_t point = unit(at);
        if (point >= 0xD800 && point < 0xE000) {
            const char32_t next = at + 3 < bytes.size() ? unit(at + 2) : 0;
            const bool pair = point < 0xDC00 && next >= 0xDC00 && next < 0xE000;
            point = pair ? 0x10000 + ((point - 0xD800) << 10) + (next - 0xDC00) : 0xFFFD;
            at += pair ? 2 : 0;
        }
        if (point < 0x80) {
            text += static_cast<char>(point);
        } else if (point < 0x800) {
            text += static_cast<char>(0xC0 | point >> 6);
            text += static_cast<char>(0x80 | (point & 0x3F));
        } else if (point < 0x10000) {
            text += static_cast<char>(0xE0 | point >> 12);
            text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
            text += static_cast<char>(0x80 | (point & 0x3F));
        } else {
            text += static_cast<char>(0xF0 | point >> 18);
            text += static_cast<char>(0x80 | (point >> 12 & 0x3F));
            text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
            text += static_cast<char>(0x80 | (point & 0x3F));
        }
    }
    return text;
}

}  // namespace rundown::image
