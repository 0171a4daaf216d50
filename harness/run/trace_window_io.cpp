// SPDX-License-Identifier: MIT
#include "run/trace_window_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace rundown::run {

namespace {

Error cannot_map(const std::string& path, int error) {
    return fail(
        ErrorKind::environment,
        fmt::format("cannot map the trace window {}: {}", path, std::strerror(error))
    );
}

}  // namespace

result<TraceWindow> TraceWindow::open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status = {};
    void* memory = MAP_FAILED;
    if (fd >= 0 && ::fstat(fd, &status) == 0) {
        const auto bytes = static_cast<std::size_t>(status.st_size);
        memory = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
    }
    const int error = errno;
    if (memory == MAP_FAILED) {
        if (fd >= 0) {
            ::close(fd);
        }
        return cannot_map(path, error);
    }
    TraceWindow window;
    window.fd_ = fd;
    window.bytes_ = {
        static_cast<const std::byte*>(memory), static_cast<std::size_t>(status.st_size)};
    return window;
}

TraceWindow::TraceWindow(TraceWindow&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), fd_(std::exchange(other.fd_, -1)) {}

TraceWindow& TraceWindow::operator=(TraceWindow&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(fd_, other.fd_);
    return *this;
}

TraceWindow::~TraceWindow() {
    if (!bytes_.empty()) {
        ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    }
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

void TraceWindow::fill_holes() {
    const auto size = static_cast<off_t>(bytes_.size());
    for (off_t at = 0; at < size;) {
        const off_t hole = ::lseek(fd_, at, SEEK_HOLE);
        if (hole < 0 || hole >= size) {
            return;
        }
        const off_t data = ::lseek(fd_, hole, SEEK_DATA);
        at = data < 0 ? size : data;
        void* begin = const_cast<std::byte*>(bytes_.data()) + hole;
        static_cast<void>(::mmap(
            begin,
            static_cast<std::size_t>(at - hole),
            PROT_READ,
            MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
            -1,
            0
        ));
    }
}

void TraceWindow::forget_pages(std::span<const std::byte> part) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(part.data()) / page * page;
    const auto end = reinterpret_cast<std::uintptr_t>(part.data() + part.size());
    if (begin < end) {
        // Of a shared mapping: the pages stay with the file.
        ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
}

result<std::shared_ptr<rd_line>> open_line(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    struct stat status = {};
    int error = fd >= 0 && ::fstat(fd, &status) == 0 ? 0 : errno;
    const auto offset =
        static_cast<off_t>(rd_line_offset(static_cast<std::uint64_t>(status.st_size)));
    void* memory = MAP_FAILED;
    if (error == 0 && offset != 0) {
        // Pages that could not be had later would end this process, and QEMU, with a signal.
        error = ::posix_fallocate(fd, offset, RD_LINE_AREA_BYTES);
    }
    if (error == 0 && offset != 0) {
        memory =
            ::mmap(nullptr, RD_LINE_AREA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
        error = memory == MAP_FAILED ? errno : 0;
    }
    if (fd >= 0) {
        ::close(fd);
    }
    if (error != 0) {
        return cannot_map(path, error);
    }
    if (offset == 0) {
        return std::shared_ptr<rd_line>();
    }
    return std::shared_ptr<rd_line>(static_cast<rd_line*>(memory), [](rd_line* line) {
        ::munmap(line, RD_LINE_AREA_BYTES);
    });
}

}  // namespace rundown::run
